// Why a launch digest is not the expected one: a search of the neighbourhood
// of an SNP launch for the inputs that give the expected digest.
//
// See docs/measurements/why-snp.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "formats/ovmf.h"
#include "measure/launch_why.h"
#include "measure/snp.h"

namespace tally {

// SnpSearch is what was expected and what was thought to be launched.
struct SnpSearch {
  SnpLaunchDigest expected;
  SnpLaunch launch;
  uint32_t num_vcpus = 1;
  // The firmware's layout, and its pages; or, if there are none, the launch
  // digest after them. With an SVSM, firmware may have no layout.
  Ovmf layout;
  std::vector<SnpStep> firmware_pages;
  SnpLaunchDigest after_firmware;
  // The command line of the kernel, to vary; empty if there is none.
  std::string cmdline;
  // The largest number of processors to try.
  uint32_t max_vcpus = 512;
};

// SnpPrefix is one way to come to the VMSAs.
struct SnpPrefix {
  SnpLaunchDigest digest;
  LaunchDifferences differences;
};

// PrefixRange says with which prefixes a state is tried.
struct PrefixRange {
  size_t first = 0;
  size_t count = 1;
};

// SnpStates is one way in which processors start: the differences, and the
// digests of the pages.
struct SnpStates {
  SnpPage first;
  SnpPage other;
  LaunchDifferences differences;
  PrefixRange prefixes;
};

// SnpSearchPlan is what the search tries: every state with its prefixes with
// every number of processors. The first prefix and the first state are those of
// the launch itself.
struct SnpSearchPlan {
  std::vector<SnpPrefix> prefixes;
  std::vector<SnpStates> states;

  uint64_t NumCandidates(uint32_t max_vcpus) const;
};

// PlanSnpSearch lists them. The launch must be one that MeasureSnp measures.
SnpSearchPlan PlanSnpSearch(const SnpSearch& search);

// TrySnpStates tries plan.states[index] with its prefixes and returns the
// launch with the fewest differences that has the expected digest. Calls for
// different indices may run at the same time.
std::optional<LaunchFound> TrySnpStates(const SnpSearch& search,
                                        const SnpSearchPlan& plan,
                                        size_t index);

}  // namespace tally
