#include "measure/guest_features.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

constexpr GuestFeature kFeatures[] = {
    {0, "snp-active"},
    {1, "vtom"},
    {2, "reflect-vc"},
    {3, "restricted-injection"},
    {4, "alternate-injection"},
    {5, "debug-swap"},
    {6, "prevent-host-ibs"},
    {7, "btb-isolation"},
    {8, "vmpl-sss"},
    {9, "secure-tsc"},
    {10, "vmgexit-parameter"},
    {12, "ibs-virtualization"},
    {14, "vmsa-reg-prot"},
    {15, "smt-protection"},
};

Result<uint64_t> FeatureBit(std::string_view name) {
  std::vector<std::string> known;
  for (const GuestFeature& feature : kFeatures) {
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

std::span<const GuestFeature> GuestFeatures() { return kFeatures; }

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
    const auto* feature = std::ranges::find(kFeatures, bit, &GuestFeature::bit);
    names.push_back(feature == std::end(kFeatures)
                        ? "bit-" + std::to_string(bit)
                        : std::string(feature->name));
  }
  return names.empty() ? "none" : Join(names, ",");
}

}  // namespace tally
