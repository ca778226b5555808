// IGVM files for one platform, and what is in them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

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

// Where KVM says that every VMSA is.
inline constexpr uint64_t kVmsaAddress = 0xfffffffff000;

inline IgvmVpContext Context(uint64_t gpa, ByteSpan page,
                             uint16_t vp_index = 0) {
  return {.gpa = gpa,
          .compatibility_mask = kIgvmMask,
          .vp_index = vp_index,
          .contents = {page}};
}

// IgvmOf returns a file's model, which the parser would accept.
inline Igvm IgvmOf(IgvmPlatformType type,
                   std::vector<IgvmDirective> directives) {
  Igvm igvm;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = kIgvmMask, .type = type}};
  igvm.directives = std::move(directives);
  const Status status = CheckIgvm(igvm);
  EXPECT_TRUE(status) << status.error().ToString();
  return igvm;
}

inline Igvm Snp(std::vector<IgvmDirective> directives) {
  return IgvmOf(IgvmPlatformType::kSevSnp, std::move(directives));
}

}  // namespace tally::test
