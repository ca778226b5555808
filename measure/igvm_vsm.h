// The boot measurement of an IGVM file on Hyper-V's VSM isolation (VBS).
//
// Follows igvm/src/measurement/vbs.rs (microsoft/igvm, e6c3ff1c); there is no
// other public description. See docs/measurements/igvm.md.
#pragma once

#include <vector>

#include "common/digest.h"
#include "formats/igvm.h"
#include "measure/event.h"

namespace tally {

using VbsBootDigest = Digest<struct VbsBootDigestTag, 32>;

struct IgvmVsmMeasurement {
  VbsBootDigest boot_digest;
  std::vector<Event> events;
};

// MeasureIgvmVsm measures pages in file order, then the registers.
Result<IgvmVsmMeasurement> MeasureIgvmVsm(const Igvm& igvm);

}  // namespace tally
