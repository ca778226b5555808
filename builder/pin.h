// What a lock pins beyond the files themselves: what became of maintainer
// scripts, what packages unpack to, the ids of accounts.
#pragma once

#include <string>
#include <vector>

#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// PinFacts fills these in for a lock whose packages are in the store and whose
// local files are beside the manifest. What `previous` (or null) says of the
// same package is kept: a build would find out if it were wrong. A script that
// nobody knows is an InputError that names all such scripts at once.
Status PinFacts(const Manifest& manifest, const Store& store,
                const Lock* previous, Lock& lock);

// DifferentActions returns a sentence for each script of the root whose
// disposition or actions in the lock are not what this version finds in the
// script. A lock that somebody edited has such; so may one that another version
// wrote.
Result<std::vector<std::string>> DifferentActions(const Manifest& manifest,
                                                  const Store& store,
                                                  const Lock& lock);

}  // namespace tally
