// The state in which a virtual processor of an SEV-ES or SEV-SNP guest starts.
// See docs/measurements/sev-snp.md.
#pragma once

#include <cstdint>

#include "formats/vmsa.h"
#include "measure/vmm.h"

namespace tally {

// VmsaFacts are the inputs of a virtual processor's initial state.
struct VmsaFacts {
  SnpVmm vmm = SnpVmm::kQemu;
  SnpVmsaEra era = SnpVmsaEra::kFpuSynced;
  uint32_t vcpu_signature = 0;
  // SEV_FEATURES; 0 for SEV-ES.
  uint64_t guest_features = 1;

  bool operator==(const VmsaFacts&) const = default;
};

// kBootEip is where the first processor begins: the x86 reset vector.
inline constexpr uint32_t kBootEip = 0xfffffff0;

// InitialVmsa returns the state of a processor that begins at `eip`: kBootEip
// for the first, the firmware's SEV-ES reset address for the others.
Vmsa InitialVmsa(const VmsaFacts& facts, uint32_t eip);

// InitialSvsmVmsa returns the state in which all processors of a guest with
// an SVSM begin, at `entry` in 32-bit protected mode.
Vmsa InitialSvsmVmsa(const VmsaFacts& facts, uint32_t entry);

}  // namespace tally
