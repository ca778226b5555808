// Recomputes everything in a release that can be recomputed from its own files.
#pragma once

#include <vector>

#include "cli/inputs.h"
#include "cli/measure_targets.h"
#include "release/release.h"

namespace tally {

// CheckRelease recomputes every digest, every measurement, the SBOMs and the
// verity tree of the root, and holds them against what the release says. It
// believes no file because it is signed. The first difference is a
// MismatchError. Returns the recomputed measurements.
Result<std::vector<MeasuredTarget>> CheckRelease(const fs::path& directory,
                                                 const LoadedRelease& release,
                                                 const Inputs& inputs);

}  // namespace tally
