// TD HOB: the list in which QEMU tells an Intel TDX guest's firmware what
// memory there is.
//
// Follows QEMU 10.1 hw/i386/tdvf-hob.c and target/i386/kvm/tdx.c, and the PI
// specification 1.8, volume 3, section 5 (HOBs). See docs/measurements/tdx.md.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "formats/tdvf.h"

namespace tally {

// From this size on QEMU's q35 machine leaves only 2 GiB below 4 GiB
// (hw/i386/pc_q35.c).
inline constexpr uint64_t kQ35SplitBytes = 0xb0000000;

// Q35LowMemory returns how much of the memory is below 4 GiB.
constexpr uint64_t Q35LowMemory(uint64_t memory_bytes) {
  return memory_bytes >= kQ35SplitBytes ? 0x80000000 : memory_bytes;
}

struct TdMemory {
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  // Whether it is there from the start; the guest accepts the rest itself.
  bool is_added = false;

  bool operator==(const TdMemory&) const = default;
};

// TdMemoryMap is the memory of a guest, by address, with the TD_HOB and
// TEMP_MEM sections cut out. Sizes that QEMU refuses or rounds, and memory that
// does not hold the sections, are input errors.
Result<std::vector<TdMemory>> TdMemoryMap(const Tdvf& tdvf,
                                          uint64_t memory_bytes);

// MeasuredTdHob is the list up to its end entry, which firmware leaves out
// (edk2 OvmfPkg/IntelTdx/TdxHelperLib/SecTdxHelper.c, TdxHelperMeasureTdHob).
Result<Bytes> MeasuredTdHob(const Tdvf& tdvf, uint64_t memory_bytes);

}  // namespace tally
