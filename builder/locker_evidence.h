// Who vouched for the packages of a lock.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "builder/locker.h"
#include "manifests/lock.h"

namespace tally {

struct EvidenceInputs {
  std::vector<LockedSuite> today;  // of all suites, in the manifest's order
  const Lock* previous = nullptr;  // may be null
  SignatureDate wanted = SignatureDate::kKeep;
  // Names of packages that today's indexes do not have.
  std::set<std::string> unlisted;
};

// PickEvidence names for every package of `lock` the evidence that vouched for
// it, and fills lock.suites with that and no other. A package that was in the
// previous lock keeps its evidence: an archive signs its Release anew every
// day, and a lock must not change by that. SignatureDate::kRefresh takes
// today's for all that today's indexes have. A suite without packages has one
// entry.
Status PickEvidence(const EvidenceInputs& inputs, Lock& lock);

}  // namespace tally
