#include "measure/snp_why.h"

#include <algorithm>
#include <span>

#include "common/text.h"
#include "measure/guest_features.h"
#include "measure/snp_why_states.h"
#include "measure/snp_why_svsm.h"

namespace tally {
namespace {

// Prefixes: firmware, sections, kernel hashes.

SnpPrefix FoldPrefix(const SnpSearch& search, const SnpLaunch& launch,
                     LaunchDifferences differences) {
  return {.digest = FoldSnp(search.after_firmware,
                            PlanSnpSections(launch, search.layout)),
          .differences = std::move(differences)};
}

void AddPageOrders(const SnpSearch& search, std::vector<SnpPrefix>* prefixes) {
  const std::vector<SnpStep> planned =
      PlanSnpSections(search.launch, search.layout);
  const auto add = [&](const char* name, SnpLaunchDigest digest) {
    AddPrefix<SnpPrefix>(
        {digest, {{"page_order", "firmware, then sections in order", name}}},
        prefixes);
  };
  const auto by_gpa = [](const SnpStep& a, const SnpStep& b) {
    return a.page.gpa < b.page.gpa;
  };
  std::vector<SnpStep> steps = planned;
  std::stable_sort(steps.begin(), steps.end(), by_gpa);
  add("sections by address", FoldSnp(search.after_firmware, steps));
  std::reverse(steps.begin(), steps.end());
  add("sections by address, highest first",
      FoldSnp(search.after_firmware, steps));
  if (search.firmware_pages.empty()) return;
  add("sections before the firmware",
      FoldSnp(FoldSnp({}, planned), search.firmware_pages));
  add("no sections", search.after_firmware);
}

std::vector<SnpPrefix> PlanPrefixes(const SnpSearch& search) {
  std::vector<SnpPrefix> prefixes;
  const std::vector<HashVariant> variants =
      HashVariants(search.launch.kernel_hashes, search.cmdline);
  for (const SnpVmm vmm : VmmsToTry(search.launch.vmm)) {
    SnpLaunch launch = search.launch;
    launch.vmm = vmm;
    for (const HashVariant& variant : variants) {
      if (variant.hashes && !ProfileOf(vmm).measures_kernel) continue;
      launch.kernel_hashes = variant.hashes;
      LaunchDifferences differences = variant.differences;
      if (vmm != search.launch.vmm) {
        differences.push_back(VmmDifference(search.launch.vmm, vmm));
      }
      AddPrefix(FoldPrefix(search, launch, std::move(differences)), &prefixes);
    }
  }
  AddPageOrders(search, &prefixes);
  return prefixes;
}

// States: what processors start with.

// StatePlanner adds states to a list.
class StatePlanner {
 public:
  StatePlanner(const SnpSearch& search, size_t num_prefixes)
      : search_(search),
        given_(GivenFacts(search.launch)),
        all_prefixes_{.first = 0, .count = num_prefixes} {}

  std::vector<SnpStates> Plan() {
    Add(given_, all_prefixes_);
    AddUsualFacts();
    list_.AddOdd(Vmsas(given_), Gpa(given_), all_prefixes_);
    AddAllFeatures();
    return list_.Take();
  }

 private:
  void AddUsualFacts() {
    for (const VmmProfile& profile : VmmProfiles()) {
      for (const SnpVmsaEra era :
           {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
        for (const uint32_t signature :
             SignaturesToTry(given_.vcpu_signature)) {
          for (const uint64_t features :
               UsualFeatureSets(given_.guest_features)) {
            Add({profile.vmm, era, signature, features}, all_prefixes_);
          }
        }
      }
    }
  }

  // Every set of features, with nothing else but the number of processors:
  // there are too many of them.
  void AddAllFeatures() {
    std::vector<unsigned> bits;
    for (const GuestFeature& feature : GuestFeatures()) {
      if (feature.bit != 0) bits.push_back(feature.bit);
    }
    for (const uint64_t features : FeatureSets(given_.guest_features, bits)) {
      VmsaFacts facts = given_;
      facts.guest_features = features;
      Add(facts, {.first = 0, .count = 1});
    }
  }

  void Add(const VmsaFacts& facts, PrefixRange prefixes) {
    list_.Add(Vmsas(facts), Gpa(facts), prefixes);
  }

  VmsaPair Vmsas(const VmsaFacts& facts) const {
    const uint32_t reset_eip =
        search_.layout.sev_es_reset_eip.value_or(kBootEip);
    return {.first = InitialVmsa(facts, kBootEip),
            .other = InitialVmsa(facts, reset_eip),
            .differences = FactsDifferences(given_, facts)};
  }

  uint64_t Gpa(const VmsaFacts& facts) const {
    return search_.launch.vmsa_gpa.value_or(
        InitialVmsaGpa(facts.vmm, facts.vcpu_signature));
  }

  const SnpSearch& search_;
  VmsaFacts given_;
  PrefixRange all_prefixes_;
  SnpStateList list_;
};

}  // namespace

uint64_t SnpSearchPlan::NumCandidates(uint32_t max_vcpus) const {
  uint64_t num_chains = 0;
  for (const SnpStates& state : states) num_chains += state.prefixes.count;
  return num_chains * max_vcpus;
}

SnpSearchPlan PlanSnpSearch(const SnpSearch& search) {
  if (search.launch.svsm) return PlanSvsmSearch(search);
  SnpSearchPlan plan{.prefixes = PlanPrefixes(search)};
  plan.states = StatePlanner(search, plan.prefixes.size()).Plan();
  return plan;
}

std::optional<LaunchFound> TrySnpStates(const SnpSearch& search,
                                        const SnpSearchPlan& plan,
                                        size_t index) {
  const SnpStates& states = plan.states[index];
  std::optional<LaunchFound> best;
  for (const SnpPrefix& prefix :
       std::span(plan.prefixes)
           .subspan(states.prefixes.first, states.prefixes.count)) {
    SnpLaunchDigest digest = ExtendSnp(prefix.digest, states.first);
    uint32_t num_vcpus = 1;
    while (digest != search.expected && num_vcpus < search.max_vcpus) {
      digest = ExtendSnp(digest, states.other);
      ++num_vcpus;
    }
    if (digest != search.expected) continue;
    LaunchFound found{.num_vcpus = num_vcpus,
                      .differences = CombineDifferences(prefix.differences,
                                                        states.differences)};
    if (num_vcpus != search.num_vcpus) {
      found.differences.push_back({"vcpus", std::to_string(search.num_vcpus),
                                   std::to_string(num_vcpus)});
    }
    KeepBetter(std::move(found), &best);
  }
  return best;
}

}  // namespace tally
