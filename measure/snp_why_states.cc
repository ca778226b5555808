#include "measure/snp_why_states.h"

#include <bit>

#include "common/hash.h"
#include "common/text.h"
#include "measure/guest_features.h"

namespace tally {
namespace {

// The newest features: with them only sets that differ in few bits are tried.
constexpr uint64_t kRareFeatures = uint64_t{1} << 16 | uint64_t{1} << 21;
constexpr int kMaxChangesOfRare = 4;

bool IsTooRare(uint64_t given, uint64_t set) {
  return (set & kRareFeatures) != 0 &&
         std::popcount(given ^ set) > kMaxChangesOfRare;
}

std::string Key(const SnpStates& states) {
  const auto raw = [](const Sha384Digest& digest) {
    return std::string(digest.span().begin(), digest.span().end());
  };
  return raw(states.first.contents) + raw(states.other.contents) +
         HexNumber(states.first.gpa) + "+" +
         std::to_string(states.prefixes.first);
}

}  // namespace

VmsaFacts GivenFacts(const SnpLaunch& launch) {
  return {.vmm = launch.vmm,
          .era = launch.era,
          .vcpu_signature = launch.vcpu_signature,
          .guest_features = launch.guest_features};
}

std::vector<uint64_t> FeatureSets(uint64_t given,
                                  const std::vector<unsigned>& bits) {
  std::vector<uint64_t> sets = {given};
  for (uint64_t choice = 0; choice < uint64_t{1} << bits.size(); ++choice) {
    uint64_t set = kSnpActive;
    for (size_t i = 0; i < bits.size(); ++i) {
      if ((choice >> i & 1) != 0) set |= uint64_t{1} << bits[i];
    }
    if (set != given && !IsTooRare(given, set)) sets.push_back(set);
  }
  return sets;
}

std::vector<uint64_t> UsualFeatureSets(uint64_t given) {
  return FeatureSets(given, {3, 4, 5, 8, 9});
}

void SnpStateList::Add(const VmsaPair& vmsas, uint64_t gpa,
                       PrefixRange prefixes) {
  SnpStates states{.differences = vmsas.differences, .prefixes = prefixes};
  states.first = {.contents = Sha384(EncodeVmsa(vmsas.first)),
                  .type = SnpPageType::kVmsa,
                  .gpa = gpa};
  states.other = states.first;
  states.other.contents = Sha384(EncodeVmsa(vmsas.other));
  const auto [known, is_new] = seen_.emplace(Key(states), states_.size());
  if (is_new) {
    states_.push_back(std::move(states));
    return;
  }
  SnpStates& earlier = states_[known->second];
  if (states.differences.size() < earlier.differences.size()) {
    earlier.differences = std::move(states.differences);
  }
}

void SnpStateList::AddOdd(const VmsaPair& given, uint64_t gpa,
                          PrefixRange prefixes) {
  for (const VmsaPair& pair : OddVmsas(given.first, given.other)) {
    Add(pair, gpa, prefixes);
  }
  for (const uint64_t address : {kKvmVmsaGpa, kGceGenoaVmsaGpa}) {
    VmsaPair moved = given;
    moved.differences = {{"vmsa_gpa", HexNumber(gpa), HexNumber(address)}};
    Add(moved, address, prefixes);
  }
}

}  // namespace tally
