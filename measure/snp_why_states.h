// The states in which the search of measure/snp_why lets processors start.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "measure/snp_why.h"

namespace tally {

// GivenFacts are those of the launch itself.
VmsaFacts GivenFacts(const SnpLaunch& launch);

// FeatureSets returns the given set and then every set of `bits` with bit 0.
std::vector<uint64_t> FeatureSets(uint64_t given,
                                  const std::vector<unsigned>& bits);

// UsualFeatureSets are those of the features that hosts switch on.
std::vector<uint64_t> UsualFeatureSets(uint64_t given);

// SnpStateList collects states; one that starts processors as an earlier one
// with the same prefixes does is left out.
class SnpStateList {
 public:
  void Add(const VmsaPair& vmsas, uint64_t gpa, PrefixRange prefixes);

  // AddOdd adds what older tools and hosts are known to have made of the given
  // states, and the other addresses at which hosts say that VMSA pages are.
  void AddOdd(const VmsaPair& given, uint64_t gpa, PrefixRange prefixes);

  std::vector<SnpStates> Take() { return std::move(states_); }

 private:
  std::map<std::string, size_t> seen_;
  std::vector<SnpStates> states_;
};

}  // namespace tally
