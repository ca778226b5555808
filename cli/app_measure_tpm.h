// The options of `tally measure tpm`.
#pragma once

#include "cli/app_measure.h"

namespace tally {

// AddMeasureTpm adds the command to `measure`.
void AddMeasureTpm(CLI::App* measure, Console& console,
                   const ChooseCommand& choose);

}  // namespace tally
