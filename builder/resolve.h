// Resolution: from the names in a manifest to exact packages, with their
// dependencies. A pure function of the manifest and the Packages files. Rules:
// docs/lock.md.
#pragma once

#include <vector>

#include "builder/catalog.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

struct ResolvedPackage {
  Candidate candidate;
  Reasons why;
};

// Resolve returns the packages of all trees, sorted by name; each in one
// version. Failures are InputErrors that name the request in the manifest and
// the chain of dependencies that leads to the package at fault.
Result<std::vector<ResolvedPackage>> Resolve(const Manifest& manifest,
                                             const Catalog& catalog);

}  // namespace tally
