// Recomputes everything in a release that can be recomputed from its own files.
#pragma once

#include <vector>

#include "cli/inputs.h"
#include "cli/measure_targets.h"
#include "release/release.h"

namespace tally {

// CheckSources: what a release has in sources/ is what its lock names, all of
// it and nothing else. The first difference is a MismatchError.
Status CheckSources(const fs::path& directory, const Release& release,
                    const Lock& lock);

// CheckRelease recomputes every digest, every measurement, the SBOMs and the
// verity trees of root and volumes, and holds them against what the release
// says; and it compares the images with each other: the disk, the enclave image
// and files.json must show one root and one initrd; and the sources with the
// lock. It believes no file because it is signed. The first difference is a
// MismatchError. Returns the recomputed measurements.
//
// Nobody else may write to the directory meanwhile. Which package a file came
// from is not checked: `tally rebuild` shows that.
Result<std::vector<MeasuredTarget>> CheckRelease(const fs::path& directory,
                                                 const LoadedRelease& release,
                                                 const Inputs& inputs);

}  // namespace tally
