// The launch digest of an IGVM file on AMD SEV-SNP.
//
// Follows the comments of igvm_defs/src/lib.rs (microsoft/igvm, e6c3ff1c) for
// what is loaded, AMD 56860 for how it is hashed. See docs/measurements/igvm.md
// for where other programs differ.
#pragma once

#include <optional>

#include "formats/igvm.h"
#include "measure/igvm_plan.h"
#include "measure/snp_page.h"

namespace tally {

// IgvmZeroPages is how a loader adds page data without contents.
enum class IgvmZeroPages {
  kNormal,  // as the format says: a normal page of zeros
  kNative,  // as the platform's own type of zero page
};

struct IgvmSnpMeasurement {
  SnpLaunchDigest launch_digest;
  // What the file's ID block expects, if it has one.
  std::optional<SnpLaunchDigest> id_block_digest;
};

// MeasureIgvmSnp measures the directives of SEV-SNP in file order, each VMSA
// where it stands. A directive of several pages is one event.
Result<IgvmSnpMeasurement> MeasureIgvmSnp(const Igvm& igvm,
                                          IgvmZeroPages zero_pages,
                                          const IgvmFolding& folding = {});

// CheckIgvmIdBlock is a mismatch if there is an ID block with another digest:
// the firmware would refuse to start the guest.
Status CheckIgvmIdBlock(const IgvmSnpMeasurement& measurement);

}  // namespace tally
