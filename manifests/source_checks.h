// Checks of downloads, directories, OCI images and volumes.
#pragma once

#include "common/result.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// CheckSources refuses downloads and images with one name.
Status CheckSources(const Manifest& manifest);

// CheckSourceNames refuses, in one tree, a download or image that the manifest
// does not define, and two trees with one source and one path.
Status CheckSourceNames(const Manifest& manifest, const TreeSpec& tree);

// CheckVolumes refuses volumes that share a name or a place, or that no command
// line could bind.
Status CheckVolumes(const Manifest& manifest);

// CheckLockedSources is the part of CheckLockBelongs for these.
Status CheckLockedSources(const Manifest& manifest, const Lock& lock);

}  // namespace tally
