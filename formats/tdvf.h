// TDVF: what an Intel TDX launch takes from a firmware image.
//
// The image's table of GUIDed entries locates a descriptor, which lists ranges
// of guest memory. Follows Intel's TDVF Design Guide (344991), section 11,
// "TDVF Metadata". See docs/measurements/tdx.md.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// TdvfSectionKind is the type field. Other values are refused: they would be
// measured in a way this program does not know.
enum class TdvfSectionKind : uint32_t {
  kBfv = 0,
  kCfv = 1,
  kTdHob = 2,
  kTempMem = 3,
  kPermMem = 4,
};

// TdvfSectionKindName returns the official name, "TD_HOB".
std::string_view TdvfSectionKindName(TdvfSectionKind kind);

inline constexpr uint32_t kTdvfMrExtend = 1;
inline constexpr uint32_t kTdvfPageAug = 2;

// TdvfSection is a range of guest memory.
struct TdvfSection {
  uint64_t data_offset = 0;  // in the image
  uint64_t raw_bytes = 0;    // what the image has of it; the rest is zero
  uint64_t gpa = 0;
  uint64_t size_bytes = 0;
  TdvfSectionKind kind = TdvfSectionKind::kBfv;
  uint32_t attributes = 0;

  // Whether TDH.MR.EXTEND measures the contents.
  bool is_extended() const { return (attributes & kTdvfMrExtend) != 0; }
  // Whether the pages are added after the guest has begun: not in MRTD at all.
  bool is_augmented() const { return (attributes & kTdvfPageAug) != 0; }

  bool operator==(const TdvfSection&) const = default;
};

struct Tdvf {
  uint64_t size_bytes = 0;
  std::vector<TdvfSection> sections;  // in file order, which is measured order

  // Find returns the first section of `kind`, or null.
  const TdvfSection* Find(TdvfSectionKind kind) const;

  bool operator==(const Tdvf&) const = default;
};

// ParseTdvf accepts an image with a descriptor of version 1 whose sections have
// data inside of the image, are aligned, do not overlap or wrap, and of which
// one is TD_HOB.
Result<Tdvf> ParseTdvf(ByteSpan image);

}  // namespace tally
