// tally igvm: files that describe a guest to its loader.
#pragma once

#include <string>

#include "cli/console.h"
#include "cli/measure_flags.h"
#include "common/file.h"

namespace tally {

struct IgvmBuildFlags {
  LaunchFlags launch;
  std::string policy = "0x30000";  // a number or names
  fs::path output;
};
// RunIgvmBuild writes the file, or nothing, and prints the launch digest for
// each number of vCPUs.
Status RunIgvmBuild(const IgvmBuildFlags& flags, Console& console);

}  // namespace tally
