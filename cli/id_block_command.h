// tally id-block: the owner's signed statement about an SEV-SNP guest.
#pragma once

#include <optional>
#include <string>

#include "cli/console.h"
#include "common/file.h"

namespace tally {

// An option that is given but empty (a script's variable that was never set) is
// refused: taken for absent, it would sign or verify less than was asked for.

struct IdBlockCreateFlags {
  std::string measurement;               // hexadecimal or base64
  std::optional<std::string> family_id;  // 32 hexadecimal digits, or zeros
  std::optional<std::string> image_id;
  std::string policy = "0x30000";  // a number or names
  std::string guest_svn = "0";
  fs::path id_key;
  std::optional<std::string> author_key;  // a path
  fs::path output;                        // a directory that is absent or empty
};
// RunIdBlockCreate writes id-block.bin, id-auth.bin and both as base64 text,
// all of them or nothing. The keys are only read.
Status RunIdBlockCreate(const IdBlockCreateFlags& flags, Console& console);

struct IdBlockVerifyFlags {
  fs::path directory;  // of `create`; or both files:
  fs::path id_block;
  fs::path id_auth;
  // What the caller expects, hexadecimal or base64; absent: anything.
  std::optional<std::string> measurement;
  std::optional<std::string> id_key_digest;
  std::optional<std::string> author_key_digest;
};
// RunIdBlockVerify checks the form, the signatures and the expectations, and
// prints every field.
Status RunIdBlockVerify(const IdBlockVerifyFlags& flags, Console& console);

}  // namespace tally
