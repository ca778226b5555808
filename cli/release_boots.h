// The boots that a release predicts by itself: those of its manifest's targets.
#pragma once

#include <string>
#include <vector>

#include "common/file.h"
#include "measure/boot_comparison.h"

namespace tally {

// ReleaseBoot is a cell of a target.
struct ReleaseBoot {
  std::string what;  // "target tdx (memory_bytes 4294967296, vcpus 2, …)"
  ExpectedBoot boot;
};

// PredictReleaseBoots returns the cells of all targets that have such
// registers: tdx for RTMRs, tpm for PCRs. Empty if the manifest has no such
// target.
Result<std::vector<ReleaseBoot>> PredictReleaseBoots(const fs::path& release,
                                                     LogRegisters registers);

}  // namespace tally
