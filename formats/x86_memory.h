// Sizes of x86 guest memory that several formats speak of.
#pragma once

#include <cstdint>

namespace tally {

inline constexpr uint64_t kX86PageBytes = 4096;
// Firmware ends there, and devices lie below.
inline constexpr uint64_t kFourGib = uint64_t{1} << 32;

}  // namespace tally
