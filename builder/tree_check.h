// The lock's digests of unpacked packages, checked against the packages.
#pragma once

#include <vector>

#include "builder/store.h"
#include "common/result.h"
#include "manifests/lock.h"

namespace tally {

// CheckTreeDigests unpacks all packages anew, past the cache, and refuses a
// lock that gives one another tree_sha256 or number of entries: a lock and a
// cache from one hand agree with each other, whatever the package says.
Status CheckTreeDigests(const Store& store,
                        const std::vector<LockedPackage>& packages,
                        unsigned num_threads);

}  // namespace tally
