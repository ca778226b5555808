// Sizes of memory, in bytes.
#pragma once

#include <cstdint>

namespace tally::test {

inline constexpr uint64_t kGib = uint64_t{1} << 30;

}  // namespace tally::test
