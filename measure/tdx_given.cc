#include "measure/tdx_given.h"

#include <algorithm>

namespace tally {

void TakeGivenRtmrs(std::span<const BootEvent> log, TdxPrediction* prediction) {
  constexpr uint32_t kRtmrsOfTheBoot = 3;
  for (uint32_t rtmr = 0; rtmr < kRtmrsOfTheBoot; ++rtmr) {
    const auto of_rtmr = [&](const BootEvent& event) {
      return RtmrOfPcr(event.pcr) == rtmr;
    };
    if (!prediction->not_predictable.contains(rtmr)) continue;
    if (std::ranges::none_of(log, of_rtmr)) continue;
    std::erase_if(prediction->events, of_rtmr);
    for (const BootEvent& event : log) {
      if (!of_rtmr(event)) continue;
      prediction->events.push_back(event);
      prediction->events.back().source = BootSource::kGiven;
    }
    prediction->not_predictable.erase(rtmr);
  }
}

}  // namespace tally
