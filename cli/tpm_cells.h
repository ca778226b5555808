// The cells of a target for tpm: one for each bank of one boot.
#pragma once

#include <vector>

#include "cli/boot_cells.h"
#include "measure/tpm.h"

namespace tally {

// TpmCells is what a target boots, with the files that it views.
struct TpmCells {
  BootArtifacts files;
  TpmBoot boot;
};
Result<TpmCells> OpenTpmCells(const Manifest& manifest, const TpmTarget& spec,
                              const fs::path& artifacts);

// MeasureTpmTarget measures the artifacts.
Result<std::vector<MeasuredTarget>> MeasureTpmTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts);

}  // namespace tally
