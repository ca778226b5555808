#include "measure/tdx_kernel.h"

#include <gtest/gtest.h>

#include <optional>

#include "tests/support/sizes.h"

namespace tally {
namespace {

using test::kGib;

// BootProtocolKernel is a setup header of the boot protocol 2.15 with nothing
// behind it.
Bytes BootProtocolKernel() {
  Bytes kernel(0x2000);
  kernel[0x1f1] = 4;
  const std::string_view magic = "HdrS";
  for (size_t i = 0; i < 4; ++i) {
    kernel[0x202 + i] = static_cast<uint8_t>(magic[i]);
  }
  kernel[0x206] = 0x0f;
  kernel[0x207] = 0x02;
  kernel[0x211] = 0x01;
  kernel[0x236] = 0x02;
  return kernel;
}

uint64_t AddressWith(uint64_t memory_bytes) {
  const Bytes kernel = BootProtocolKernel();
  return TdxInitrdAddress({.kernel = kernel,
                           .initrd_bytes = 0x100000,
                           .cmdline = "",
                           .memory_bytes = memory_bytes})
      .value();
}

std::string PatchError(const Bytes& kernel,
                       std::optional<uint64_t> initrd_bytes,
                       std::string_view cmdline) {
  const auto patched = PatchTdxKernel({.kernel = kernel,
                                       .initrd_bytes = initrd_bytes,
                                       .cmdline = cmdline,
                                       .memory_bytes = kGib});
  return patched ? "" : patched.error().ToString();
}

TEST(TdxKernel, FillsInWhatQemuDoes) {
  const Bytes kernel = BootProtocolKernel();
  Bytes expected = kernel;
  expected[0x210] = 0xb0;
  expected[0x211] = 0x81;
  expected[0x225] = 0xfe;
  expected[0x22a] = 0x02;
  EXPECT_EQ(PatchTdxKernel({.kernel = kernel, .memory_bytes = kGib}).value(),
            expected);
  // 1 GiB - 0x28000 - 1 - 0x1234, rounded down to a page.
  expected[0x219] = 0x60;
  expected[0x21a] = 0xfd;
  expected[0x21b] = 0x3f;
  expected[0x21c] = 0x34;
  expected[0x21d] = 0x12;
  EXPECT_EQ(
      PatchTdxKernel(
          {.kernel = kernel, .initrd_bytes = 0x1234, .memory_bytes = kGib})
          .value(),
      expected);
}

TEST(TdxKernel, DependsOnMemoryBelow2816Mib) {
  EXPECT_EQ(AddressWith(2 * kGib), AddressWith(64 * kGib));
  EXPECT_EQ(AddressWith(0xb0000000), AddressWith(64 * kGib));
  EXPECT_NE(AddressWith(0xb0000000 - 0x100000), AddressWith(64 * kGib));
  EXPECT_NE(AddressWith(kGib), AddressWith(64 * kGib));
}

TEST(TdxKernel, RejectsWhatQemuRefuses) {
  EXPECT_EQ(PatchError(BootProtocolKernel(), 2 * kGib, ""),
            "initrd: has 0x80000000 bytes, QEMU refuses 0x3ffd7fff and more "
            "in 0x40000000 bytes of memory");
}

TEST(TdxKernel, RejectsWhatIsNotModelled) {
  Bytes low = BootProtocolKernel();
  low[0x211] = 0;
  EXPECT_EQ(PatchError(low, std::nullopt, ""),
            "kernel: loadflags at 0x211: not loaded high");
  EXPECT_EQ(PatchError(BootProtocolKernel(), std::nullopt, "quiet vga=ask"),
            "kernel: QEMU puts the command line's 'vga=' into the kernel's "
            "header, which is not computed here");
}

}  // namespace
}  // namespace tally
