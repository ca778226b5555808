// The command line: from arguments to one command.
#pragma once

#include <span>
#include <string>

#include "cli/console.h"

namespace tally {

// RunTally parses `args` (without the program's name), runs the command and
// returns the exit status: 0 yes, 1 no, 2 usage, 3 bad input, 4 system or tool
// failure.
int RunTally(std::span<const std::string> args, Console& console);

}  // namespace tally
