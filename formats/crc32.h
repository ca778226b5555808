// CRC-32 of ISO 3309 and IEEE 802.3 (polynomial 0x04c11db7, reflected, initial
// value and final exclusive-or all ones): the one of zlib, GPT and EIF.
#pragma once

#include <cstdint>

#include "common/bytes.h"

namespace tally {

// Crc32Hasher computes the checksum of a stream.
class Crc32Hasher {
 public:
  Crc32Hasher& Update(ByteSpan bytes);
  // value returns the checksum of everything so far; more may follow.
  uint32_t value() const { return ~state_; }

 private:
  uint32_t state_ = 0xffffffff;
};

// Crc32 is the one-shot form.
uint32_t Crc32(ByteSpan bytes);

}  // namespace tally
