// The options that say what is launched, named as those of sev-snp-measure.
#pragma once

#include "cli/measure_flags.h"

namespace CLI {
class App;
}

namespace tally {

// AddLaunchOptions adds the options of a kind of launch. Those of the other
// kinds are taken as well, and in no help: sev-snp-measure takes the same ones
// in each mode, and scripts rely on it.
void AddLaunchOptions(LaunchKind kind, CLI::App* app, LaunchFlags* flags);

// AddOvmfHashOptions adds all options, of which --ovmf counts.
void AddOvmfHashOptions(CLI::App* app, MeasureLaunchFlags* flags);

// Parts of AddLaunchOptions.
void AddVcpuOptions(CLI::App* app, LaunchFlags* flags);
void AddVmsaEra(CLI::App* app, LaunchFlags* flags);

// AddForm adds --output-format.
void AddForm(CLI::App* app, DigestForm* form);

}  // namespace tally
