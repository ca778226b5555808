// Why a launch digest is not the expected one: a search of the neighbourhood
// of an SEV or SEV-ES launch for the inputs that give the expected digest.
//
// See docs/measurements/why-sev.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/hash.h"
#include "measure/launch_why.h"
#include "measure/sev.h"

namespace tally {

// SevSearch is what was expected and what was thought to be launched.
struct SevSearch {
  SevLaunchDigest expected;
  SevLaunch launch;
  // 0 if it was not given (SEV, where it does not count).
  uint32_t num_vcpus = 0;
  // The command line of the kernel, to vary; empty if there is none.
  std::string cmdline;
  // The largest number of processors to try.
  uint32_t max_vcpus = 512;
};

// SevPrefix is one way to come to the VMSAs.
struct SevPrefix {
  Sha256Hasher hasher;
  SevLaunchDigest digest;
  LaunchDifferences differences;
};

// SevStates is one way in which processors start.
struct SevStates {
  Bytes first;
  Bytes other;
  LaunchDifferences differences;
};

// SevSearchPlan is what the search tries: every prefix alone, as SEV, and
// with every state with every number of processors, as SEV-ES.
struct SevSearchPlan {
  std::vector<SevPrefix> prefixes;
  std::vector<SevStates> states;

  size_t NumParts() const { return prefixes.size() * (1 + states.size()); }
  uint64_t NumCandidates(uint32_t max_vcpus) const;
};

// PlanSevSearch lists them. The launch must be one that MeasureSev measures.
SevSearchPlan PlanSevSearch(const SevSearch& search);

// TrySevPart tries one of plan.NumParts() parts. Calls for different parts may
// run at the same time.
std::optional<LaunchFound> TrySevPart(const SevSearch& search,
                                      const SevSearchPlan& plan, size_t part);

}  // namespace tally
