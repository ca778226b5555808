// One byte of a file that a test makes wrong.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tally::test {

struct ByteChange {
  size_t at = 0;
  uint8_t value = 0;
};

}  // namespace tally::test
