// The options of `tally id-block`.
#pragma once

#include "cli/app_measure.h"
#include "cli/id_block_command.h"
#include "cli/igvm_id_block_command.h"

namespace tally {

// IdBlockCommands adds `id-block` to a parser and holds what it fills; it must
// outlive the parser's run.
class IdBlockCommands {
 public:
  IdBlockCommands(Console& console, ChooseCommand choose)
      : console_(console), choose_(std::move(choose)) {}

  void AddTo(CLI::App& app);

 private:
  void AddCreate(CLI::App* id_block);
  void AddVerify(CLI::App* id_block);
  void AddAttach(CLI::App* id_block);
  void AddDetach(CLI::App* id_block);

  Console& console_;
  ChooseCommand choose_;
  IdBlockCreateFlags create_;
  IdBlockVerifyFlags verify_;
  IdBlockAttachFlags attach_;
  IdBlockDetachFlags detach_;
};

}  // namespace tally
