// What enters an image besides packages, as components.
#pragma once

#include "sbom/components.h"

namespace tally {

// AddSources adds the local files, directories and downloads of a lock to
// `files`, unsorted, and its OCI images, sorted.
void AddSources(const Lock& lock, SbomDocument* document);

}  // namespace tally
