// The numbers of P-384 in SNP's signatures and keys.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

#include "common/bytes.h"

namespace tally {

// SnpNumber is big-endian; in the structures of AMD 56860 it is little-endian
// in a field of 72 bytes, of which P-384 needs 48.
using SnpNumber = std::array<uint8_t, 48>;
inline constexpr uint64_t kSnpNumberPadding = 72 - 48;

inline void WriteSnpNumber(ByteWriter& w, SnpNumber number) {
  std::ranges::reverse(number);
  w.Raw(number).Zeros(kSnpNumberPadding);
}

// ReadSnpNumber fails the reader if the number has more than 384 bits.
inline SnpNumber ReadSnpNumber(ByteReader& r, const std::string& field) {
  SnpNumber number = r.Array<48>(field);
  std::ranges::reverse(number);
  r.Zeros(field + " above 384 bits", kSnpNumberPadding);
  return number;
}

}  // namespace tally
