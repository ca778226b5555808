// Pages of IGVM files for one platform.
#pragma once

#include <cstdint>

#include "formats/igvm.h"

namespace tally::test {

// The compatibility mask of the only platform.
inline constexpr uint32_t kIgvmMask = 1;

// MeasuredPage refers to `contents`, which must outlive it.
inline IgvmPageData MeasuredPage(uint64_t gpa, ByteSpan contents) {
  return {.gpa = gpa, .compatibility_mask = kIgvmMask, .contents = {contents}};
}

inline IgvmPageData UnmeasuredPage(uint64_t gpa) {
  return {.gpa = gpa, .compatibility_mask = kIgvmMask, .unmeasured = true};
}

}  // namespace tally::test
