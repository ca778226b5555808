#include "measure/sev_why.h"

#include <algorithm>

#include "common/text.h"
#include "formats/ovmf.h"

namespace tally {
namespace {

// The variable stores of OVMF, with which an image begins that has one:
// OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc, VARS_SIZE for images of 1 and
// 2 MiB and for those of 4 MiB. QEMU loads it as a second flash, unmeasured, if
// the image was split.
constexpr uint64_t kVarsBytes[] = {0x20000, 0x84000};

// SEV_FEATURES of SEV-ES guests beside those given: none; debug-swap, which
// hosts before Linux 6.9 set unasked ("KVM: SEV: disable SEV-ES DebugSwap by
// default"); and those with the bit that only SNP guests have.
constexpr uint64_t kSevFeaturesToTry[] = {0, 0x20, 0x1, 0x21};

// AddPrefixes adds all variants of the kernel hashes behind a firmware.
void AddPrefixes(const SevSearch& search, ByteSpan firmware,
                 const LaunchDifferences& differences,
                 std::vector<SevPrefix>* prefixes) {
  Sha256Hasher after_firmware;
  after_firmware.Update(firmware);
  for (const HashVariant& variant :
       HashVariants(search.launch.kernel_hashes, search.cmdline)) {
    SevPrefix prefix{.hasher = after_firmware.Clone(),
                     .differences = differences};
    if (variant.hashes) {
      prefix.hasher.Update(EncodeSevHashTable(*variant.hashes));
    }
    prefix.digest = SevLaunchDigest(prefix.hasher.Clone().Finish().array());
    prefix.differences.insert(prefix.differences.end(),
                              variant.differences.begin(),
                              variant.differences.end());
    AddPrefix(std::move(prefix), prefixes);
  }
}

std::vector<SevPrefix> PlanPrefixes(const SevSearch& search) {
  const ByteSpan firmware = search.launch.firmware;
  std::vector<SevPrefix> prefixes;
  AddPrefixes(search, firmware, {}, &prefixes);
  for (const uint64_t vars_bytes : kVarsBytes) {
    if (firmware.size() <= vars_bytes) continue;
    AddPrefixes(search, firmware.subspan(vars_bytes),
                {{"firmware", "the whole image",
                  "without the variable store, its first " +
                      HexNumber(vars_bytes) + " bytes"}},
                &prefixes);
  }
  return prefixes;
}

void AddStates(const VmsaPair& pair, std::vector<SevStates>* states) {
  SevStates added{.first = EncodeVmsa(pair.first),
                  .other = EncodeVmsa(pair.other),
                  .differences = pair.differences};
  const auto known =
      std::ranges::find_if(*states, [&](const SevStates& earlier) {
        return earlier.first == added.first && earlier.other == added.other;
      });
  if (known == states->end()) {
    states->push_back(std::move(added));
  } else if (added.differences.size() < known->differences.size()) {
    known->differences = std::move(added.differences);
  }
}

std::vector<SevStates> PlanStates(const SevLaunch& launch, uint32_t reset_eip) {
  const VmsaFacts given{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  std::vector<SevStates> states;
  const auto vmsas = [&](const VmsaFacts& facts) {
    return VmsaPair{.first = InitialVmsa(facts, kBootEip),
                    .other = InitialVmsa(facts, reset_eip),
                    .differences = FactsDifferences(given, facts)};
  };
  AddStates(vmsas(given), &states);
  for (const SnpVmm vmm : VmmsToTry(launch.vmm)) {
    for (const SnpVmsaEra era :
         {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
      for (const uint32_t signature : SignaturesToTry(launch.vcpu_signature)) {
        for (const uint64_t features : kSevFeaturesToTry) {
          AddStates(vmsas({vmm, era, signature, features}), &states);
        }
      }
    }
  }
  const VmsaPair pair = vmsas(given);
  for (const VmsaPair& odd : OddVmsas(pair.first, pair.other)) {
    AddStates(odd, &states);
  }
  return states;
}

std::string ShowMode(SevMode mode) {
  return mode == SevMode::kSev ? "sev" : "sev-es";
}

std::string ShowVcpus(uint32_t num_vcpus) {
  return num_vcpus == 0 ? "none" : std::to_string(num_vcpus);
}

// Found names the differences of a launch in `mode`.
LaunchFound Found(const SevSearch& search, SevMode mode, uint32_t num_vcpus,
                  LaunchDifferences differences) {
  if (mode != search.launch.mode) {
    differences.push_back(
        {"mode", ShowMode(search.launch.mode), ShowMode(mode)});
  }
  if (mode == SevMode::kSevEs && num_vcpus != search.num_vcpus) {
    differences.push_back(
        {"vcpus", ShowVcpus(search.num_vcpus), ShowVcpus(num_vcpus)});
  }
  return {.num_vcpus = num_vcpus, .differences = std::move(differences)};
}

std::optional<LaunchFound> TryProcessors(const SevSearch& search,
                                         const SevPrefix& prefix,
                                         const SevStates& states) {
  Sha256Hasher hasher = prefix.hasher.Clone();
  for (uint32_t num_vcpus = 1; num_vcpus <= search.max_vcpus; ++num_vcpus) {
    hasher.Update(num_vcpus == 1 ? states.first : states.other);
    if (hasher.Clone().Finish().array() != search.expected.array()) continue;
    return Found(search, SevMode::kSevEs, num_vcpus,
                 CombineDifferences(prefix.differences, states.differences));
  }
  return std::nullopt;
}

}  // namespace

uint64_t SevSearchPlan::NumCandidates(uint32_t max_vcpus) const {
  return prefixes.size() * (1 + uint64_t{states.size()} * max_vcpus);
}

SevSearchPlan PlanSevSearch(const SevSearch& search) {
  SevSearchPlan plan{.prefixes = PlanPrefixes(search)};
  // SEV starts any firmware, SEV-ES one that says where processors begin.
  const Result<Ovmf> layout = ParseOvmf(search.launch.firmware);
  if (layout) {
    plan.states =
        PlanStates(search.launch, layout->sev_es_reset_eip.value_or(kBootEip));
  }
  return plan;
}

std::optional<LaunchFound> TrySevPart(const SevSearch& search,
                                      const SevSearchPlan& plan, size_t part) {
  const SevPrefix& prefix = plan.prefixes[part % plan.prefixes.size()];
  const size_t state = part / plan.prefixes.size();
  if (state > 0) return TryProcessors(search, prefix, plan.states[state - 1]);
  if (prefix.digest != search.expected) return std::nullopt;
  return Found(search, SevMode::kSev, 0, prefix.differences);
}

}  // namespace tally
