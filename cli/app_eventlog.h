// The command line of `tally eventlog`.
#pragma once

#include "cli/app_measure.h"
#include "cli/console.h"

namespace CLI {
class App;
}

namespace tally {

// AddEventLog adds the command; `console` must outlive the parser.
void AddEventLog(CLI::App& app, Console& console, const ChooseCommand& choose);

}  // namespace tally
