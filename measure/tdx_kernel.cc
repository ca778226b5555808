#include "measure/tdx_kernel.h"

#include <algorithm>
#include <string>

#include "common/text.h"
#include "formats/bzimage.h"
#include "formats/td_hob.h"

namespace tally {
namespace {

// Documentation/arch/x86/boot.rst of Linux, "The Real-Mode Kernel Header".
constexpr size_t kTypeOfLoader = 0x210;
constexpr size_t kLoadFlags = 0x211;
constexpr size_t kRamdiskImage = 0x218;
constexpr size_t kRamdiskSize = 0x21c;
constexpr size_t kHeapEndPtr = 0x224;
constexpr size_t kCmdLinePtr = 0x228;
constexpr size_t kXLoadFlags = 0x236;
constexpr size_t kHeaderEnd = 0x268;

constexpr uint8_t kLoadedHigh = 0x01;
constexpr uint8_t kCanUseHeap = 0x80;
constexpr uint16_t kCanBeLoadedAbove4G = 0x2;
constexpr uint16_t kProtocolXLoadFlags = 0x20c;
constexpr uint8_t kLoaderQemu = 0xb0;
constexpr uint32_t kRealModeAddress = 0x10000;
constexpr uint32_t kCmdlineAddress = 0x20000;
// pc_machine_class_init, acpi_data_size
constexpr uint64_t kAcpiDataBytes = 0x28000;

void Put(uint64_t value, size_t offset, size_t size_bytes, Bytes* bytes) {
  for (size_t i = 0; i < size_bytes; ++i) {
    (*bytes)[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

Result<BzImage> CheckKernel(const TdxKernelLaunch& launch) {
  TALLY_ASSIGN(BzImage image, ParseBzImage(launch.kernel));
  if (launch.kernel.size() < kHeaderEnd) {
    return InputError("kernel: the setup header is not whole");
  }
  if ((launch.kernel[kLoadFlags] & kLoadedHigh) == 0) {
    return InputError("kernel: loadflags at 0x211: not loaded high");
  }
  if (launch.cmdline.find("vga=") != std::string_view::npos) {
    return InputError(
        "kernel: QEMU puts the command line's 'vga=' into the kernel's header, "
        "which is not computed here");
  }
  return image;
}

uint64_t HighestInitrdAddress(const TdxKernelLaunch& launch,
                              const BzImage& image) {
  const uint16_t flags = static_cast<uint16_t>(
      launch.kernel[kXLoadFlags] | launch.kernel[kXLoadFlags + 1] << 8);
  const bool anywhere = image.protocol >= kProtocolXLoadFlags &&
                        (flags & kCanBeLoadedAbove4G) != 0;
  const uint64_t highest = anywhere ? UINT32_MAX : image.initrd_addr_max;
  const uint64_t low = Q35LowMemory(launch.memory_bytes);
  const uint64_t top = low > kAcpiDataBytes ? low - kAcpiDataBytes : 0;
  return highest >= top ? top - std::min<uint64_t>(top, 1) : highest;
}

}  // namespace

Result<uint64_t> TdxInitrdAddress(const TdxKernelLaunch& launch) {
  TALLY_ASSIGN(const BzImage image, CheckKernel(launch));
  if (!launch.initrd_bytes) return uint64_t{0};
  const uint64_t highest = HighestInitrdAddress(launch, image);
  if (*launch.initrd_bytes >= highest) {
    return InputError("initrd: has " + HexNumber(*launch.initrd_bytes) +
                      " bytes, QEMU refuses " + HexNumber(highest) +
                      " and more in " + HexNumber(launch.memory_bytes) +
                      " bytes of memory");
  }
  return (highest - *launch.initrd_bytes) & ~uint64_t{0xfff};
}

Result<Bytes> PatchTdxKernel(const TdxKernelLaunch& launch) {
  TALLY_ASSIGN(const uint64_t initrd_address, TdxInitrdAddress(launch));
  Bytes kernel = ToBytes(launch.kernel);
  Put(kLoaderQemu, kTypeOfLoader, 1, &kernel);
  Put(kernel[kLoadFlags] | kCanUseHeap, kLoadFlags, 1, &kernel);
  Put(kCmdlineAddress - kRealModeAddress - 0x200, kHeapEndPtr, 2, &kernel);
  Put(kCmdlineAddress, kCmdLinePtr, 4, &kernel);
  if (launch.initrd_bytes) {
    Put(initrd_address, kRamdiskImage, 4, &kernel);
    Put(*launch.initrd_bytes, kRamdiskSize, 4, &kernel);
  }
  return kernel;
}

}  // namespace tally
