#include "measure/launch_why.h"

#include <algorithm>

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
  if (signature == 0) return "none";
  const std::vector<std::string> names = VcpuTypesOf(signature);
  return HexNumber(signature) + (names.empty() ? "" : " (" + names[0] + ")");
}

void AddCmdline(const SevHashes& given, const std::string& name,
                const Sha256Digest& cmdline,
                std::vector<HashVariant>* variants) {
  if (cmdline == given.cmdline) return;
  SevHashes hashes = given;
  hashes.cmdline = cmdline;
  variants->push_back({hashes, {{"cmdline", "as given", name}}});
}

}  // namespace

void KeepBetter(std::optional<LaunchFound> candidate,
                std::optional<LaunchFound>* best) {
  if (!candidate) return;
  if (!*best || candidate->differences.size() < (*best)->differences.size()) {
    *best = std::move(candidate);
  }
}

LaunchDifferences CombineDifferences(const LaunchDifferences& loaded,
                                     const LaunchDifferences& processors) {
  const auto is_vmm = [](const LaunchDifference& difference) {
    return difference.input == kVmmInput;
  };
  const auto of_loaded = std::ranges::find_if(loaded, is_vmm);
  const auto of_processors = std::ranges::find_if(processors, is_vmm);
  const bool same = of_loaded != loaded.end() &&
                    of_processors != processors.end() &&
                    *of_loaded == *of_processors;
  LaunchDifferences all;
  for (const LaunchDifference& difference : loaded) {
    if (same && is_vmm(difference)) continue;
    all.push_back(difference);
    if (is_vmm(difference)) all.back().input = "vmm (pages)";
  }
  for (const LaunchDifference& difference : processors) {
    all.push_back(difference);
    if (is_vmm(difference) && !same) all.back().input = "vmm (vcpus)";
  }
  return all;
}

LaunchDifference VmmDifference(SnpVmm given, SnpVmm found) {
  return {std::string(kVmmInput), std::string(SnpVmmName(given)),
          std::string(SnpVmmName(found))};
}

std::vector<HashVariant> HashVariants(const std::optional<SevHashes>& given,
                                      std::string_view cmdline) {
  std::vector<HashVariant> variants = {{given, {}}};
  if (!given) return variants;
  const std::string text(cmdline);
  variants.push_back(
      {std::nullopt, {{"kernel_hashes", "on", "off (no kernel measured)"}}});
  AddCmdline(*given, "without its final NUL", Sha256(AsBytes(text)), &variants);
  AddCmdline(*given, "with a final new line", HashCmdline(text + "\n"),
             &variants);
  AddCmdline(*given, "with a final space", HashCmdline(text + " "), &variants);
  AddCmdline(*given, "without white space at its ends", HashCmdline(Trim(text)),
             &variants);
  AddCmdline(*given, "empty", HashCmdline(""), &variants);
  if (given->initrd != Sha256({})) {
    SevHashes hashes = *given;
    hashes.initrd = Sha256({});
    variants.push_back({hashes, {{"initrd", "as given", "none"}}});
  }
  return variants;
}

std::vector<SnpVmm> VmmsToTry(SnpVmm given) {
  std::vector<SnpVmm> vmms = {given};
  for (const VmmProfile& profile : VmmProfiles()) {
    if (profile.vmm != given) vmms.push_back(profile.vmm);
  }
  return vmms;
}

std::vector<uint32_t> SignaturesToTry(uint32_t given) {
  std::vector<uint32_t> signatures = {given};
  for (const VcpuType& type : VcpuTypes()) {
    if (std::ranges::find(signatures, type.signature()) == signatures.end()) {
      signatures.push_back(type.signature());
    }
  }
  return signatures;
}

LaunchDifferences FactsDifferences(const VmsaFacts& given,
                                   const VmsaFacts& facts) {
  LaunchDifferences differences;
  if (facts.vmm != given.vmm) {
    differences.push_back(VmmDifference(given.vmm, facts.vmm));
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
    differences.push_back({"guest_features", ShowFeatures(given.guest_features),
                           ShowFeatures(facts.guest_features)});
  }
  return differences;
}

std::vector<VmsaPair> OddVmsas(const Vmsa& first, const Vmsa& other) {
  std::vector<VmsaPair> pairs = {
      {first,
       first,
       {{"start_of_other_vcpus", "the firmware's reset address",
         "the reset vector"}}}};
  const auto change = [&](const char* field, uint64_t from, uint64_t to,
                          auto edit) {
    VmsaPair pair{.first = first, .other = other};
    edit(pair.first);
    edit(pair.other);
    pair.differences = {
        {std::string("vmsa ") + field, HexNumber(from), HexNumber(to)}};
    pairs.push_back(std::move(pair));
  };
  change("rdx", first.rdx, 0, [](Vmsa& v) { v.rdx = 0; });
  change("rdx", first.rdx, 0x600, [](Vmsa& v) { v.rdx = 0x600; });
  change("x87_fcw", first.x87_fcw, 0, [](Vmsa& v) { v.x87_fcw = 0; });
  change("x87_fcw", first.x87_fcw, 0x37f, [](Vmsa& v) { v.x87_fcw = 0x37f; });
  change("mxcsr", first.mxcsr, 0, [](Vmsa& v) { v.mxcsr = 0; });
  change("cr0", first.cr0, 0x30, [](Vmsa& v) { v.cr0 = 0x30; });
  return pairs;
}

}  // namespace tally
