// RTMRs that cannot be predicted, taken from a log that the user trusts.
#pragma once

#include "measure/tdx_rtmr.h"

namespace tally {

// TakeGivenRtmrs replaces all events of each RTMR that is not predictable with
// those of `log` (LogBootEvents of a CCEL), as given, if it has any for it.
void TakeGivenRtmrs(std::span<const BootEvent> log, TdxPrediction* prediction);

}  // namespace tally
