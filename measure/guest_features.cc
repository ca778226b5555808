#include "measure/guest_features.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

// SEV_STATUS shows the guest the same bits, two places higher.
constexpr std::string_view kHost =
    "Linux arch/x86/include/asm/svm.h, SVM_SEV_FEAT_…; virtee/sev 9cf2adbf "
    "src/measurement/vmsa.rs, GuestFeatures";
constexpr std::string_view kGuest =
    "Linux arch/x86/include/asm/msr-index.h, MSR_AMD64_SNP_… (two places "
    "higher); virtee/sev 9cf2adbf src/measurement/vmsa.rs, GuestFeatures";
constexpr std::string_view kNewer =
    "Linux arch/x86/include/asm/msr-index.h, MSR_AMD64_SNP_SECURE_AVIC_BIT 18 "
    "and MSR_AMD64_SNP_IBPB_ON_ENTRY_BIT 23 (two places higher)";

constexpr GuestFeature kGuestFeatures[] = {
    {0, "snp-active", kHost},          {1, "vtom", kGuest},
    {2, "reflect-vc", kGuest},         {3, "restricted-injection", kHost},
    {4, "alternate-injection", kHost}, {5, "debug-swap", kHost},
    {6, "prevent-host-ibs", kGuest},   {7, "btb-isolation", kGuest},
    {8, "vmpl-sss", kGuest},           {9, "secure-tsc", kHost},
    {10, "vmgexit-parameter", kGuest}, {12, "ibs-virtualization", kGuest},
    {14, "vmsa-reg-prot", kGuest},     {15, "smt-protection", kGuest},
    {16, "secure-avic", kNewer},       {21, "ibpb-on-entry", kNewer},
};

Result<uint64_t> FeatureBit(std::string_view name) {
  std::vector<std::string> known;
  for (const GuestFeature& feature : kGuestFeatures) {
    if (feature.name == name) return uint64_t{1} << feature.bit;
    known.emplace_back(feature.name);
  }
  Error error =
      InputError("unknown guest feature " + Quote(name) +
                 ", expected a number or names of " + Join(known, ", "));
  const std::optional<std::string> nearest = NearestName(name, known);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean '" + *nearest + "'?");
}

}  // namespace

std::span<const GuestFeature> GuestFeatures() { return kGuestFeatures; }

Result<uint64_t> ParseGuestFeatures(std::string_view text) {
  if (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    return ParseUnsigned(text);
  }
  uint64_t features = kSnpActive;
  for (const std::string& name : Split(text, ',')) {
    TALLY_ASSIGN(const uint64_t bit, FeatureBit(name));
    features |= bit;
  }
  return features;
}

std::string FormatGuestFeatures(uint64_t features) {
  std::vector<std::string> names;
  for (unsigned bit = 0; bit < 64; ++bit) {
    if ((features >> bit & 1) == 0) continue;
    const auto* feature =
        std::ranges::find(kGuestFeatures, bit, &GuestFeature::bit);
    names.push_back(feature == std::end(kGuestFeatures)
                        ? "bit-" + std::to_string(bit)
                        : std::string(feature->name));
  }
  return names.empty() ? "none" : Join(names, ",");
}

}  // namespace tally
