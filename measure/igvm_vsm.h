// The boot measurement of an IGVM file on Hyper-V's VSM isolation (VBS).
//
// Follows igvm/src/measurement/vbs.rs (microsoft/igvm, e6c3ff1c); there is no
// other public description. See docs/measurements/igvm.md.
#pragma once

#include <optional>

#include "common/digest.h"
#include "formats/igvm.h"
#include "measure/igvm_plan.h"

namespace tally {

using VbsBootDigest = Digest<struct VbsBootDigestTag, 32>;

struct IgvmVsmMeasurement {
  VbsBootDigest boot_digest;
  // What the file's VBS measurement says, if it has one.
  std::optional<VbsBootDigest> stated_digest;
};

// MeasureIgvmVsm measures pages in file order, then the registers.
Result<IgvmVsmMeasurement> MeasureIgvmVsm(const Igvm& igvm,
                                          const IgvmFolding& folding = {});

// CheckIgvmVbsMeasurement is a mismatch if the file states another digest.
Status CheckIgvmVbsMeasurement(const IgvmVsmMeasurement& measurement);

}  // namespace tally
