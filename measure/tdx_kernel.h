// The kernel that QEMU hands to an Intel TDX guest's firmware: its setup header
// as QEMU fills it in.
//
// Follows QEMU hw/i386/x86-common.c, x86_load_linux. See
// docs/measurements/tdx.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"

namespace tally {

enum class TdxKernelHeader {
  // QEMU up to 10.1 fills in the setup header, which firmware then measures.
  kPatched,
  // QEMU from 10.2 on leaves it as it is (commit a7542a38f399).
  kAsIs,
};

// TdxKernelLaunch is what the header depends on.
struct TdxKernelLaunch {
  ByteSpan kernel;
  std::optional<uint64_t> initrd_bytes;  // nothing: no initrd
  std::string_view cmdline;
  uint64_t memory_bytes = 0;
};

// PatchTdxKernel returns the whole kernel with the header that QEMU makes.
// Kernels that are loaded below 1 MiB, initrds that QEMU refuses, and command
// lines with "vga=" are input errors.
Result<Bytes> PatchTdxKernel(const TdxKernelLaunch& launch);

// TdxInitrdAddress is the only thing in the header that changes with memory.
Result<uint64_t> TdxInitrdAddress(const TdxKernelLaunch& launch);

}  // namespace tally
