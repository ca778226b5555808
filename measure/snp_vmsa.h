// The VM save area: the register state in which a virtual processor starts, as
// the page that SNP_LAUNCH_UPDATE measures.
//
// Layout: AMD 24593 (APM volume 2), appendix B, table "VMSA Layout, State Save
// Area for SEV-ES"; the same in Linux arch/x86/include/asm/svm.h, struct
// sev_es_save_area.
#pragma once

#include <cstdint>

#include "common/bytes.h"
#include "measure/platforms.h"

namespace tally {

inline constexpr uint64_t kVmsaBytes = 4096;

struct VmsaSegment {
  uint16_t selector = 0;
  uint16_t attributes = 0;
  uint32_t limit = 0;
  uint64_t base = 0;
};

// Vmsa has the fields that any virtual machine monitor sets; all others are
// zero when a guest is launched.
struct Vmsa {
  VmsaSegment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
  uint64_t efer = 0;
  uint64_t cr4 = 0;
  uint64_t cr3 = 0;
  uint64_t cr0 = 0;
  uint64_t dr7 = 0;
  uint64_t dr6 = 0;
  uint64_t rflags = 0;
  uint64_t rip = 0;
  uint64_t rsp = 0;
  uint64_t rax = 0;
  uint64_t g_pat = 0;
  uint64_t rcx = 0;
  uint64_t rdx = 0;
  uint64_t rbx = 0;
  uint64_t sev_features = 0;
  uint64_t xcr0 = 0;
  uint32_t mxcsr = 0;
  uint16_t x87_fcw = 0;
};

// EncodeVmsa returns the page of kVmsaBytes.
Bytes EncodeVmsa(const Vmsa& vmsa);

// VmsaFacts are the inputs of a virtual processor's initial state.
struct VmsaFacts {
  SnpVmm vmm = SnpVmm::kQemu;
  SnpVmsaEra era = SnpVmsaEra::kFpuSynced;
  uint32_t vcpu_signature = 0;
  uint64_t guest_features = 1;
};

// kBootEip is where the first processor begins: the x86 reset vector.
inline constexpr uint32_t kBootEip = 0xfffffff0;

// InitialVmsa returns the state of a processor that begins at `eip`: kBootEip
// for the first, the firmware's SEV-ES reset address for the others.
Vmsa InitialVmsa(const VmsaFacts& facts, uint32_t eip);

}  // namespace tally
