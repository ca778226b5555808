// The launch digests of an IGVM file on AMD SEV and SEV-ES.
//
// Follows AMD 55766 (SEV API): the SHA-256 of everything that
// LAUNCH_UPDATE_DATA and LAUNCH_UPDATE_VMSA load. See
// docs/measurements/igvm.md.
#pragma once

#include "formats/igvm.h"
#include "measure/igvm_plan.h"
#include "measure/sev.h"

namespace tally {

struct IgvmSevMeasurement {
  SevLaunchDigest launch_digest;
};

// MeasureIgvmSev measures the directives of SEV or SEV-ES in file order.
// Unmeasured pages and parameters are not loaded through the firmware, so they
// do not count; pages that only SEV-SNP has are an input error.
Result<IgvmSevMeasurement> MeasureIgvmSev(const Igvm& igvm, SevMode mode,
                                          const IgvmFolding& folding = {});

}  // namespace tally
