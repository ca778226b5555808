// CRC-32C (Castagnoli), as EROFS uses it for its superblock.
#pragma once

#include "common/bytes.h"

namespace tally {

// Crc32c continues the reflected CRC with polynomial 0x82f63b78 from `crc`,
// with no inversion before or after, like the Linux kernel's crc32c(). The
// common CRC-32C of a message is ~Crc32c(~0u, message).
uint32_t Crc32c(uint32_t crc, ByteSpan bytes);

}  // namespace tally
