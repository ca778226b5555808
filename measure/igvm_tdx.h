// The MRTD of an IGVM file on Intel TDX.
//
// Follows the comments of igvm_defs/src/lib.rs (microsoft/igvm, e6c3ff1c) for
// what is loaded, measure/mrtd.h for how it is hashed; compared with
// igvm/src/measurement/tdx.rs. See docs/measurements/igvm.md.
#pragma once

#include "formats/igvm.h"
#include "measure/igvm_plan.h"
#include "measure/mrtd.h"

namespace tally {

struct IgvmTdxMeasurement {
  Mrtd mrtd;
};

// MeasureIgvmTdx measures the directives of TDX in file order, each page as it
// is added. Unmeasured pages and parameters count by their address alone; pages
// that only SEV-SNP has are an input error.
Result<IgvmTdxMeasurement> MeasureIgvmTdx(const Igvm& igvm,
                                          const IgvmFolding& folding = {});

}  // namespace tally
