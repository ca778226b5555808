// The cells of targets for tdx and tpm: what boots, as plain structs for the
// measurers.
#pragma once

#include <vector>

#include "cli/measure_targets.h"
#include "common/file.h"
#include "manifests/manifest.h"

namespace tally {

// MeasureTdxTarget measures the artifacts, with ACPI tables that are below
// `sources`: a cell for each memory size and number of vCPUs.
Result<std::vector<MeasuredTarget>> MeasureTdxTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts,
                                                     const fs::path& sources);

// MeasureTpmTarget has a cell for each bank.
Result<std::vector<MeasuredTarget>> MeasureTpmTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts);

// CheckBootTarget refuses profiles and versions that no measurer knows.
Status CheckBootTarget(const TargetSpec& spec);

}  // namespace tally
