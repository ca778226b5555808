// bzImage: a Linux kernel for x86 as a boot loader sees it.
//
// Follows Documentation/arch/x86/boot.rst of Linux 6.12, "The Real-Mode Kernel
// Header". See docs/formats/bzimage.md.
#pragma once

#include <cstdint>
#include <string>

#include "common/bytes.h"

namespace tally {

struct BzImage {
  uint16_t protocol = 0;  // "version" at 0x206: 0x020f is 2.15
  // Bytes of boot sector and setup code: where the protected-mode kernel
  // begins.
  uint64_t setup_bytes = 0;
  // The highest address that the initrd's last byte may have (2.03 and up).
  uint32_t initrd_addr_max = 0;
  // What `uname -r` will say: "6.12.95+deb12-cloud-amd64"; empty if the kernel
  // has no version text.
  std::string release;

  bool operator==(const BzImage&) const = default;
};

// ParseBzImage reads the setup header. Kernels of the protocol 2.03 (Linux
// 2.4.18) and up are known; anything else is an input error.
Result<BzImage> ParseBzImage(ByteSpan kernel);

}  // namespace tally
