// What a lock names: the one list of files that must be in the store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/digest.h"
#include "manifests/lock.h"

namespace tally {

// StoredInput is a file of the store that a build reads.
struct StoredInput {
  std::string name;  // for people: "curl 7.88.1-10 amd64"
  Sha256Digest sha256;
  uint64_t size_bytes = 0;
};

// InputsOf returns every file that a build from `lock` reads from the store, in
// the order of the lock. Two may be the same file. Fetching, looking whether
// all is at hand, bundles and the removal of what nobody needs go by this list.
std::vector<StoredInput> InputsOf(const Lock& lock);

// StoredEvidence is a file of the store that shows who vouched for packages. No
// build reads it; the lock has its digest and not its size.
struct StoredEvidence {
  std::string name;  // "debian dists/bookworm/InRelease"
  Sha256Digest sha256;
};

// EvidenceOf returns the signed InRelease of every locked suite and the
// Packages files that it lists: together they lead from a signature to the
// digest of each package.
std::vector<StoredEvidence> EvidenceOf(const Lock& lock);

}  // namespace tally
