// IGVM files of SEV-SNP launches by QEMU with KVM: the VMSA comes from measure,
// the file from builder, and what the loader makes of it from measure again.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "measure/igvm_snp.h"
#include "measure/snp.h"

namespace tally {

// BuildSnpIgvm returns the file for a launch by QEMU, which fits any number of
// processors: QEMU brings the state of all but the first one itself.
Result<Bytes> BuildSnpIgvm(const SnpLaunch& launch, uint64_t policy);

// MeasureSnpIgvm predicts the launch digest of such a file for each number of
// processors. KVM measures the processors that the file does not name behind
// it, as they are after a reset.
Result<SnpMeasurement> MeasureSnpIgvm(ByteSpan file, const SnpLaunch& launch,
                                      std::span<const uint32_t> vcpu_counts);

}  // namespace tally
