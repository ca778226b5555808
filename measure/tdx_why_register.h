// The parts of the search that its registers share. See measure/tdx_why.h.
#pragma once

#include <utility>

#include "common/any_hash.h"
#include "measure/tdx_why.h"

namespace tally::tdx_why {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr uint64_t kGiB = uint64_t{1} << 30;

// Candidate is a launch and what one register would be.
struct Candidate {
  LaunchDifferences differences;
  Bytes value;
};

// Variant is a launch that differs from the one given.
struct Variant {
  TdxBoot boot;
  LaunchDifferences differences;
};

// SizeName returns "2816M" or "4G".
std::string SizeName(uint64_t size_bytes);

Bytes FoldEvents(std::span<const BootEvent> events);
std::vector<BootEvent> EventsOfRtmr(std::span<const BootEvent> events,
                                    uint32_t rtmr);

Result<TdxPrediction> PredictOne(const TdxBoot& boot, uint64_t memory_bytes);

// AddChoice adds to each variant one with the change.
template <typename Change>
void AddChoice(std::vector<Variant>* variants,
               const LaunchDifference& difference, Change change) {
  const size_t count = variants->size();
  for (size_t i = 0; i < count; ++i) {
    Variant variant = (*variants)[i];
    change(&variant.boot);
    variant.differences.push_back(difference);
    variants->push_back(std::move(variant));
  }
}

// AddProfiles crosses the variants with the firmware profiles.
void AddProfiles(const TdxSearch& search, std::vector<Variant>* variants);

// KeepFewest counts a candidate, and keeps its differences if it has the
// expected value and fewer than what was kept.
void KeepFewest(Candidate candidate, TdxRegisterWhy* why);

// Conclude says what is left if nothing was kept: the reason that is there
// already, or after which of the given events the value appears, or `left`.
void Conclude(std::span<const BootEvent> given_events, std::string left,
              TdxRegisterWhy* why);

TdxRegisterWhy ExplainRtmr1(const TdxSearch& search);
TdxRegisterWhy ExplainRtmr2(const TdxSearch& search);

}  // namespace tally::tdx_why
