// The VM save area: the register state in which a virtual processor starts, as
// the page that a launch measures.
//
// Layout: AMD 24593 (APM volume 2), appendix B, table "VMSA Layout, State Save
// Area for SEV-ES"; the same in Linux arch/x86/include/asm/svm.h, struct
// sev_es_save_area, whose names the fields have here. See docs/formats/vmsa.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

inline constexpr uint64_t kVmsaBytes = 4096;

struct VmsaSegment {
  uint16_t selector = 0;
  uint16_t attributes = 0;
  uint32_t limit = 0;
  uint64_t base = 0;

  bool operator==(const VmsaSegment&) const = default;
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
  uint64_t rbp = 0;
  uint64_t rsi = 0;
  uint64_t sev_features = 0;
  uint64_t xcr0 = 0;
  uint32_t mxcsr = 0;
  uint16_t x87_fcw = 0;

  bool operator==(const Vmsa&) const = default;
};

// EncodeVmsa returns the page of kVmsaBytes.
Bytes EncodeVmsa(const Vmsa& vmsa);

// VmsaField is one field of a page and what it holds.
struct VmsaField {
  std::string name;  // "cs.base", "reserved_0x1c0"
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
  std::string value;  // a number: "0xfffffff0"; above 8 bytes: hex, in order

  bool operator==(const VmsaField&) const = default;
};

// DescribeVmsa returns the fields that are not zero, in layout order. `page`
// has kVmsaBytes.
std::vector<VmsaField> DescribeVmsa(ByteSpan page);

}  // namespace tally
