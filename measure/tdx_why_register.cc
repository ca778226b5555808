#include "measure/tdx_why_register.h"

#include <algorithm>

#include "common/text.h"

namespace tally::tdx_why {
namespace {

// Where the expected value appears on the way: "…"; empty if it does not.
std::string AppearsAfter(const Bytes& expected,
                         std::span<const BootEvent> events) {
  Bytes value(HashSizeBytes(kTdxBank));
  if (value == expected) return "nothing was measured into it";
  for (const BootEvent& event : events) {
    value = ExtendRegister(kTdxBank, value, event.digests.at(kTdxBank));
    if (value == expected) {
      return "it is the value after '" + event.what +
             "': what follows was not measured";
    }
  }
  return "";
}

}  // namespace

std::string SizeName(uint64_t bytes) {
  if (bytes % kGiB == 0) return std::to_string(bytes / kGiB) + "G";
  if (bytes % kMiB == 0) return std::to_string(bytes / kMiB) + "M";
  return std::to_string(bytes);
}

Bytes FoldEvents(std::span<const BootEvent> events) {
  Bytes value(HashSizeBytes(kTdxBank));
  for (const BootEvent& event : events) {
    value = ExtendRegister(kTdxBank, value, event.digests.at(kTdxBank));
  }
  return value;
}

std::vector<BootEvent> EventsOfRtmr(std::span<const BootEvent> events,
                                    uint32_t rtmr) {
  std::vector<BootEvent> found;
  for (const BootEvent& event : events) {
    if (RtmrOfPcr(event.pcr) == rtmr) found.push_back(event);
  }
  return found;
}

Result<TdxPrediction> PredictOne(const TdxBoot& boot, uint64_t memory_bytes) {
  TALLY_ASSIGN(std::vector<TdxPrediction> predictions,
               PredictTdx(boot, {&memory_bytes, 1}));
  return std::move(predictions.front());
}

void AddProfiles(const TdxSearch& search, std::vector<Variant>* variants) {
  const std::vector<Variant> before = *variants;
  for (const TdxProfile& profile : TdxProfiles()) {
    if (profile.name == search.boot.profile->name) continue;
    for (Variant variant : before) {
      variant.boot.profile = &profile;
      variant.differences.push_back({"platform",
                                     std::string(search.boot.profile->name),
                                     std::string(profile.name)});
      variants->push_back(std::move(variant));
    }
  }
}

void KeepFewest(Candidate candidate, TdxRegisterWhy* why) {
  ++why->num_candidates;
  if (candidate.value != why->expected) return;
  if (why->differences &&
      why->differences->size() <= candidate.differences.size()) {
    return;
  }
  why->differences = std::move(candidate.differences);
}

void Conclude(std::span<const BootEvent> given_events, std::string left,
              TdxRegisterWhy* why) {
  if (why->differences) {
    why->left.clear();
    return;
  }
  if (!why->left.empty()) return;
  why->left = AppearsAfter(why->expected, given_events);
  if (why->left.empty()) why->left = std::move(left);
}

}  // namespace tally::tdx_why
