// The IGVM file of an SEV-SNP guest: firmware, and what else QEMU would have
// placed into memory for it. See docs/formats/igvm.md.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "common/bytes.h"
#include "formats/igvm.h"
#include "formats/sev_hash_table.h"

namespace tally {

// Where KVM says that every VMSA is: Linux arch/x86/kvm/svm/sev.c,
// INITIAL_VMSA_GPA. QEMU refuses another address.
inline constexpr uint64_t kIgvmVmsaGpa = 0xfffffffff000;

// IgvmVmsa is the initial state of one virtual processor.
struct IgvmVmsa {
  uint16_t vp_index = 0;
  // One page; must outlive the call.
  ByteSpan page;
};

// IgvmLaunch is what a file is made of.
struct IgvmLaunch {
  // With SEV metadata; must outlive the call.
  ByteSpan firmware;
  // Given if the launch loads a kernel: the firmware then needs a table for
  // its hashes.
  std::optional<SevHashes> kernel_hashes;
  // In the order of their processors, the first one's first.
  std::vector<IgvmVmsa> vmsas;
  // Of SEV-SNP.
  uint64_t policy = 0;
  // Its compatibility mask is set by BuildIgvm.
  std::optional<IgvmSnpIdBlock> id_block;
};

// BuildIgvm returns the canonical file for SEV-SNP. Firmware that cannot be
// launched so is an input error.
Result<Bytes> BuildIgvm(const IgvmLaunch& launch);

}  // namespace tally
