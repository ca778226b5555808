// The options of `tally measure tdx`.
#pragma once

#include "cli/app_measure.h"

namespace tally {

// AddMeasureTdx adds the command to `measure`.
void AddMeasureTdx(CLI::App* measure, Console& console,
                   const ChooseCommand& choose);

// AddWhyTdx adds `tally why tdx` to `why`.
void AddWhyTdx(CLI::App* why, Console& console, const ChooseCommand& choose);

}  // namespace tally
