// What the searches for an unexpected launch digest have in common: their
// answers, and what they vary.
//
// See docs/measurements/why-snp.md.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/sev_hash_table.h"
#include "measure/initial_vmsa.h"
#include "measure/launch_difference.h"

namespace tally {

// LaunchFound is a launch with the expected digest.
struct LaunchFound {
  uint32_t num_vcpus = 0;  // 0: they do not count (SEV)
  // Empty: the launch is the one given.
  LaunchDifferences differences;
};

// KeepBetter replaces `best` by a candidate that has fewer differences.
void KeepBetter(std::optional<LaunchFound> candidate,
                std::optional<LaunchFound>* best);

// AddPrefix adds what is loaded before the processors' states (SnpPrefix,
// SevPrefix); of two with one digest that with the fewer differences stays.
template <typename Prefix>
void AddPrefix(Prefix prefix, std::vector<Prefix>* prefixes) {
  const auto known =
      std::ranges::find(*prefixes, prefix.digest, &Prefix::digest);
  if (known == prefixes->end()) {
    prefixes->push_back(std::move(prefix));
  } else if (prefix.differences.size() < known->differences.size()) {
    *known = std::move(prefix);
  }
}

// CombineDifferences joins those of what is loaded first and those of the
// processors; a monitor that explains both is one difference.
LaunchDifferences CombineDifferences(const LaunchDifferences& loaded,
                                     const LaunchDifferences& processors);

// The difference of a launch by another monitor.
LaunchDifference VmmDifference(SnpVmm given, SnpVmm found);

// HashVariant is one idea of what the kernel-hashes page holds.
struct HashVariant {
  std::optional<SevHashes> hashes;
  LaunchDifferences differences;
};

// HashVariants begins with `given`. `cmdline` is the text of which it has the
// digest.
std::vector<HashVariant> HashVariants(const std::optional<SevHashes>& given,
                                      std::string_view cmdline);

// VmmsToTry and SignaturesToTry begin with the given one.
std::vector<SnpVmm> VmmsToTry(SnpVmm given);
std::vector<uint32_t> SignaturesToTry(uint32_t given);

// FactsDifferences says in what `facts` differ.
LaunchDifferences FactsDifferences(const VmsaFacts& given,
                                   const VmsaFacts& facts);

// VmsaPair is how the first processor starts, and all others.
struct VmsaPair {
  Vmsa first;
  Vmsa other;
  LaunchDifferences differences;
};

// OddVmsas varies the given state by what older tools and hosts are known to
// have done.
std::vector<VmsaPair> OddVmsas(const Vmsa& first, const Vmsa& other);

}  // namespace tally
