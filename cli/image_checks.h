// Compares the images of a release with each other.
#pragma once

#include "cli/inputs.h"

namespace tally {

// No JSON document of a release is larger.
inline constexpr uint64_t kMaxDocumentBytes = 256 << 20;

// CheckImages: the disk, the enclave image and files.json all show one root and
// one initrd; the command line names that root. Each volume is the one that the
// command line names, with the files that files.json lists. The first
// difference is a MismatchError.
Status CheckImages(const fs::path& directory, const Inputs& inputs);

}  // namespace tally
