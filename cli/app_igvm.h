// The options of `tally igvm`.
#pragma once

#include <functional>

#include "cli/console.h"
#include "cli/igvm_command.h"

namespace CLI {
class App;
}

namespace tally {

// IgvmCommands adds `igvm` to a parser and holds what it fills; it must outlive
// the parser's run. `choose` is called with the command that the line names.
class IgvmCommands {
 public:
  IgvmCommands(Console& console,
               std::function<void(std::function<Status()>)> choose)
      : console_(console), choose_(std::move(choose)) {}

  void AddTo(CLI::App& app);

 private:
  Console& console_;
  std::function<void(std::function<Status()>)> choose_;
  IgvmBuildFlags build_;
};

}  // namespace tally
