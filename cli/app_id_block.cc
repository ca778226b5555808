#include "cli/app_id_block.h"

#include <CLI/CLI.hpp>

namespace tally {

void IdBlockCommands::AddTo(CLI::App& app) {
  CLI::App* id_block = app.add_subcommand(
      "id-block", "the owner's signed statement about an SEV-SNP guest");
  id_block->require_subcommand(1);
  AddCreate(id_block);
  AddVerify(id_block);
  AddAttach(id_block);
  AddDetach(id_block);
}

void IdBlockCommands::AddCreate(CLI::App* id_block) {
  CLI::App* create = id_block->add_subcommand("create", "make and sign one");
  create->callback([this] {
    choose_([this] { return RunIdBlockCreate(create_, console_); });
  });
  create
      ->add_option("--measurement", create_.measurement,
                   "launch digest, hexadecimal or base64")
      ->required();
  create->add_option("--family-id", create_.family_id,
                     "32 hexadecimal digits (default zeros)");
  create->add_option("--image-id", create_.image_id,
                     "32 hexadecimal digits (default zeros)");
  create->add_option("--policy", create_.policy,
                     "guest policy: a number or names (default 0x30000)");
  create->add_option("--svn", create_.guest_svn,
                     "security version of the guest (default 0)");
  create
      ->add_option("--id-key,--idkey", create_.id_key,
                   "private key, ECDSA P-384")
      ->required();
  create->add_option("--author-key,--authorkey", create_.author_key,
                     "private key that vouches for the id key");
  create->add_option("-o,--output", create_.output, "directory to make")
      ->required();
}

void IdBlockCommands::AddVerify(CLI::App* id_block) {
  CLI::App* verify =
      id_block->add_subcommand("verify", "check one and print its fields");
  verify->callback([this] {
    choose_([this] { return RunIdBlockVerify(verify_, console_); });
  });
  verify->add_option("DIR", verify_.directory, "as `create` wrote it");
  verify->add_option("--id-block", verify_.id_block, "or: the block");
  verify->add_option("--id-auth", verify_.id_auth, "and its signatures");
  verify->add_option("--measurement", verify_.measurement,
                     "launch digest to expect");
  verify->add_option("--id-key-digest", verify_.id_key_digest,
                     "ID_KEY_DIGEST to expect");
  verify->add_option("--author-key-digest", verify_.author_key_digest,
                     "AUTHOR_KEY_DIGEST to expect");
}

void IdBlockCommands::AddAttach(CLI::App* id_block) {
  CLI::App* attach =
      id_block->add_subcommand("attach", "put one into an IGVM file");
  attach->callback([this] {
    choose_([this] { return RunIdBlockAttach(attach_, console_); });
  });
  attach->add_option("FILE", attach_.igvm, "IGVM file without an ID block")
      ->required();
  attach->add_option("DIR", attach_.directory, "as `create` wrote it")
      ->required();
  attach->add_option("-o,--output", attach_.output, "file to make")->required();
  attach->add_flag("--allow-different-digest", attach_.allow_different_digest,
                   "do not compare the launch digests");
}

void IdBlockCommands::AddDetach(CLI::App* id_block) {
  CLI::App* detach =
      id_block->add_subcommand("detach", "take it out of an IGVM file again");
  detach->callback([this] {
    choose_([this] { return RunIdBlockDetach(detach_, console_); });
  });
  detach->add_option("FILE", detach_.igvm, "IGVM file with an ID block")
      ->required();
  detach->add_option("-o,--output", detach_.output, "file to make")->required();
  detach->add_option("--id-block", detach_.directory,
                     "directory to make, with the ID block");
}

}  // namespace tally
