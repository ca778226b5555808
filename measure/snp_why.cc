#include "measure/snp_why.h"

#include <algorithm>
#include <bit>
#include <map>

#include "common/hash.h"
#include "common/text.h"
#include "measure/guest_features.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

constexpr std::string_view kVmmInput = "vmm";

std::string ShowFeatures(uint64_t features) {
  return HexNumber(features) + " (" + FormatGuestFeatures(features) + ")";
}

std::string ShowSignature(uint32_t signature) {
  const std::vector<std::string> names = VcpuTypesOf(signature);
  return HexNumber(signature) + (names.empty() ? "" : " (" + names[0] + ")");
}

// Prefixes: firmware, sections, kernel hashes.

SnpPrefix FoldPrefix(const SnpSearch& search, const SnpLaunch& launch,
                     std::vector<LaunchDifference> differences) {
  return {.digest = FoldSnp(search.after_firmware,
                            PlanSnpSections(launch, search.layout)),
          .differences = std::move(differences)};
}

// HashVariant is one idea of what the kernel-hashes page holds.
struct HashVariant {
  std::optional<SevHashes> hashes;
  std::vector<LaunchDifference> differences;
};

void AddCmdline(const SevHashes& given, const std::string& name,
                const Sha256Digest& cmdline,
                std::vector<HashVariant>* variants) {
  if (cmdline == given.cmdline) return;
  SevHashes hashes = given;
  hashes.cmdline = cmdline;
  variants->push_back({hashes, {{"cmdline", "as given", name}}});
}

std::vector<HashVariant> HashVariants(const SnpSearch& search) {
  std::vector<HashVariant> variants = {{search.launch.kernel_hashes, {}}};
  if (!search.launch.kernel_hashes) return variants;
  const SevHashes& given = *search.launch.kernel_hashes;
  variants.push_back(
      {std::nullopt, {{"kernel_hashes", "on", "off (no kernel measured)"}}});
  AddCmdline(given, "without its final NUL", Sha256(AsBytes(search.cmdline)),
             &variants);
  AddCmdline(given, "with a final new line", HashCmdline(search.cmdline + "\n"),
             &variants);
  AddCmdline(given, "with a final space", HashCmdline(search.cmdline + " "),
             &variants);
  AddCmdline(given, "without white space at its ends",
             HashCmdline(Trim(search.cmdline)), &variants);
  AddCmdline(given, "empty", HashCmdline(""), &variants);
  if (given.initrd != Sha256({})) {
    SevHashes hashes = given;
    hashes.initrd = Sha256({});
    variants.push_back({hashes, {{"initrd", "as given", "none"}}});
  }
  return variants;
}

void AddPageOrders(const SnpSearch& search, std::vector<SnpPrefix>* prefixes) {
  const std::vector<SnpStep> planned =
      PlanSnpSections(search.launch, search.layout);
  const auto add = [&](const char* name, SnpLaunchDigest digest) {
    prefixes->push_back(
        {digest, {{"page_order", "firmware, then sections in order", name}}});
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
  const std::vector<HashVariant> variants = HashVariants(search);
  // The launch's own monitor first.
  std::vector<SnpVmm> vmms = {search.launch.vmm};
  for (const VmmProfile& profile : VmmProfiles()) {
    if (profile.vmm != search.launch.vmm) vmms.push_back(profile.vmm);
  }
  for (const SnpVmm vmm : vmms) {
    SnpLaunch launch = search.launch;
    launch.vmm = vmm;
    for (const HashVariant& variant : variants) {
      launch.kernel_hashes = variant.hashes;
      std::vector<LaunchDifference> differences = variant.differences;
      if (vmm != search.launch.vmm) {
        differences.push_back({std::string(kVmmInput),
                               std::string(SnpVmmName(search.launch.vmm)),
                               std::string(SnpVmmName(vmm))});
      }
      prefixes.push_back(FoldPrefix(search, launch, std::move(differences)));
    }
  }
  AddPageOrders(search, &prefixes);
  return prefixes;
}

// States: what processors start with.

// StateList collects states; one that starts processors as an earlier one does
// is left out.
class StateList {
 public:
  explicit StateList(const SnpSearch& search) : search_(search) {}

  void Add(const VmsaFacts& facts, bool first_prefix_only) {
    const uint32_t reset_eip =
        search_.layout.sev_es_reset_eip.value_or(kBootEip);
    const SnpLaunch& launch = search_.launch;
    AddPages(InitialVmsa(facts, kBootEip), InitialVmsa(facts, reset_eip),
             launch.vmsa_gpa.value_or(
                 InitialVmsaGpa(facts.vmm, facts.vcpu_signature)),
             Differences(facts), first_prefix_only);
  }

  void AddPages(const Vmsa& first, const Vmsa& other, uint64_t gpa,
                std::vector<LaunchDifference> differences,
                bool first_prefix_only) {
    SnpStates states{.differences = std::move(differences),
                     .first_prefix_only = first_prefix_only};
    states.first = {.contents = Sha384(EncodeVmsa(first)),
                    .type = SnpPageType::kVmsa,
                    .gpa = gpa};
    states.other = states.first;
    states.other.contents = Sha384(EncodeVmsa(other));
    const std::string key = states.first.contents.hex() +
                            states.other.contents.hex() + HexNumber(gpa);
    const auto known = seen_.find(key);
    if (known == seen_.end()) {
      seen_.emplace(key, states_.size());
      states_.push_back(std::move(states));
    } else if (states.differences.size() <
               states_[known->second].differences.size()) {
      states_[known->second].differences = std::move(states.differences);
    }
  }

  std::vector<SnpStates> Take() { return std::move(states_); }

 private:
  std::vector<LaunchDifference> Differences(const VmsaFacts& facts) const {
    const SnpLaunch& given = search_.launch;
    std::vector<LaunchDifference> differences;
    if (facts.vmm != given.vmm) {
      differences.push_back({std::string(kVmmInput),
                             std::string(SnpVmmName(given.vmm)),
                             std::string(SnpVmmName(facts.vmm))});
    }
    if (facts.era != given.era) {
      differences.push_back({"vmsa_era", std::string(SnpVmsaEraName(given.era)),
                             std::string(SnpVmsaEraName(facts.era))});
    }
    if (facts.vcpu_signature != given.vcpu_signature) {
      differences.push_back({"vcpu_type", ShowSignature(given.vcpu_signature),
                             ShowSignature(facts.vcpu_signature)});
    }
    if (facts.guest_features != given.guest_features) {
      differences.push_back({"guest_features",
                             ShowFeatures(given.guest_features),
                             ShowFeatures(facts.guest_features)});
    }
    return differences;
  }

  const SnpSearch& search_;
  std::map<std::string, size_t> seen_;
  std::vector<SnpStates> states_;
};

// The newest features: with them only sets that differ in few bits are tried.
constexpr uint64_t kRareFeatures = uint64_t{1} << 16 | uint64_t{1} << 21;
constexpr int kMaxChangesOfRare = 4;

bool IsTooRare(uint64_t given, uint64_t set) {
  return (set & kRareFeatures) != 0 &&
         std::popcount(given ^ set) > kMaxChangesOfRare;
}

// FeatureSets returns the given set and then every set of `bits` with bit 0.
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

std::vector<uint32_t> Signatures(uint32_t given) {
  std::vector<uint32_t> signatures = {given};
  for (const VcpuType& type : VcpuTypes()) {
    if (std::ranges::find(signatures, type.signature()) == signatures.end()) {
      signatures.push_back(type.signature());
    }
  }
  return signatures;
}

// AddOddStates adds what older tools and hosts are known to have done.
void AddOddStates(const SnpSearch& search, const VmsaFacts& given,
                  StateList* list) {
  const SnpLaunch& launch = search.launch;
  const uint64_t gpa = launch.vmsa_gpa.value_or(
      InitialVmsaGpa(launch.vmm, launch.vcpu_signature));
  const uint32_t reset_eip = search.layout.sev_es_reset_eip.value_or(kBootEip);
  const Vmsa first = InitialVmsa(given, kBootEip);
  const Vmsa other = InitialVmsa(given, reset_eip);
  list->AddPages(first, first, gpa,
                 {{"start_of_other_vcpus", "the firmware's reset address",
                   "the reset vector"}},
                 false);
  for (const uint64_t address :
       {uint64_t{0xfffffffff000}, uint64_t{0xffffffffff000}}) {
    if (address == gpa) continue;
    list->AddPages(first, other, address,
                   {{"vmsa_gpa", HexNumber(gpa), HexNumber(address)}}, false);
  }
  const auto change = [&](const char* field, const std::string& from,
                          const std::string& to, auto edit) {
    Vmsa changed_first = first;
    Vmsa changed_other = other;
    edit(changed_first);
    edit(changed_other);
    list->AddPages(changed_first, changed_other, gpa,
                   {{std::string("vmsa ") + field, from, to}}, false);
  };
  change("rdx", HexNumber(first.rdx), "0x0", [](Vmsa& v) { v.rdx = 0; });
  change("rdx", HexNumber(first.rdx), "0x600", [](Vmsa& v) { v.rdx = 0x600; });
  change("x87_fcw", HexNumber(first.x87_fcw), "0x0",
         [](Vmsa& v) { v.x87_fcw = 0; });
  change("mxcsr", HexNumber(first.mxcsr), "0x0", [](Vmsa& v) { v.mxcsr = 0; });
  change("cr0", HexNumber(first.cr0), "0x30", [](Vmsa& v) { v.cr0 = 0x30; });
}

std::vector<SnpStates> PlanStates(const SnpSearch& search) {
  const SnpLaunch& launch = search.launch;
  const VmsaFacts given{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  StateList list(search);
  list.Add(given, false);
  // The features that hosts switch on, with everything else.
  const std::vector<uint64_t> usual =
      FeatureSets(launch.guest_features, {3, 4, 5, 8, 9});
  for (const VmmProfile& profile : VmmProfiles()) {
    for (const SnpVmsaEra era :
         {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
      for (const uint32_t signature : Signatures(launch.vcpu_signature)) {
        for (const uint64_t features : usual) {
          list.Add({profile.vmm, era, signature, features}, false);
        }
      }
    }
  }
  AddOddStates(search, given, &list);
  // Every set of features, with nothing else but the number of processors.
  std::vector<unsigned> bits;
  for (const GuestFeature& feature : GuestFeatures()) {
    if (feature.bit != 0) bits.push_back(feature.bit);
  }
  for (const uint64_t features : FeatureSets(launch.guest_features, bits)) {
    VmsaFacts facts = given;
    facts.guest_features = features;
    list.Add(facts, true);
  }
  return list.Take();
}

// Combine joins the differences of prefix and states; a monitor that explains
// both is one.
std::vector<LaunchDifference> Combine(
    const std::vector<LaunchDifference>& prefix,
    const std::vector<LaunchDifference>& states) {
  const auto is_vmm = [](const LaunchDifference& difference) {
    return difference.input == kVmmInput;
  };
  const auto of_prefix = std::ranges::find_if(prefix, is_vmm);
  const auto of_states = std::ranges::find_if(states, is_vmm);
  const bool same = of_prefix != prefix.end() && of_states != states.end() &&
                    *of_prefix == *of_states;
  std::vector<LaunchDifference> all;
  for (const LaunchDifference& difference : prefix) {
    if (same && is_vmm(difference)) continue;
    all.push_back(difference);
    if (is_vmm(difference)) all.back().input = "vmm (pages)";
  }
  for (const LaunchDifference& difference : states) {
    all.push_back(difference);
    if (!same && is_vmm(difference)) all.back().input = "vmm (VMSA)";
  }
  return all;
}

}  // namespace

uint64_t SnpSearchPlan::NumCandidates(uint32_t max_vcpus) const {
  uint64_t num_chains = 0;
  for (const SnpStates& state : states) {
    num_chains += state.first_prefix_only ? 1 : prefixes.size();
  }
  return num_chains * max_vcpus;
}

SnpSearchPlan PlanSnpSearch(const SnpSearch& search) {
  return {.prefixes = PlanPrefixes(search), .states = PlanStates(search)};
}

std::optional<LaunchFound> TrySnpStates(const SnpSearch& search,
                                        const SnpSearchPlan& plan,
                                        size_t index) {
  const SnpStates& states = plan.states[index];
  const size_t num_prefixes =
      states.first_prefix_only ? 1 : plan.prefixes.size();
  std::optional<LaunchFound> best;
  for (size_t i = 0; i < num_prefixes; ++i) {
    const SnpPrefix& prefix = plan.prefixes[i];
    SnpLaunchDigest digest = ExtendSnp(prefix.digest, states.first);
    uint32_t num_vcpus = 1;
    while (digest != search.expected && num_vcpus < search.max_vcpus) {
      digest = ExtendSnp(digest, states.other);
      ++num_vcpus;
    }
    if (digest != search.expected) continue;
    LaunchFound found{
        .num_vcpus = num_vcpus,
        .differences = Combine(prefix.differences, states.differences)};
    if (num_vcpus != search.num_vcpus) {
      found.differences.push_back({"vcpus", std::to_string(search.num_vcpus),
                                   std::to_string(num_vcpus)});
    }
    if (!best || found.differences.size() < best->differences.size()) {
      best = std::move(found);
    }
  }
  return best;
}

}  // namespace tally
