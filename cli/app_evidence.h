// The options of `match`, `evidence` and `index`.
#pragma once

#include "cli/app_measure.h"

namespace tally {

void AddEvidenceCommands(CLI::App& app, Console& console,
                         const ChooseCommand& choose);

}  // namespace tally
