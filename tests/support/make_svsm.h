// A small SVSM image: what a launch looks for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "common/bytes.h"
#include "formats/uuid.h"

namespace tally::test {

inline constexpr uint32_t kSvsmEntryOffset = 0x1234;

// SvsmSample says what MakeSvsm writes.
struct SvsmSample {
  bool has_info = true;
  uint32_t entry_offset = kSvsmEntryOffset;
};

// MakeSvsm returns an image of two pages: SEC memory of two pages, secrets and
// CPUID from 0x2000 on.
inline Bytes MakeSvsm(const SvsmSample& sample = {}) {
  constexpr uint64_t kImageBytes = 0x2000;
  constexpr uint64_t kMetadataOffset = 0x100;
  const auto u32s = [](std::initializer_list<uint32_t> values) {
    ByteWriter w;
    for (const uint32_t value : values) w.U32Le(value);
    return std::move(w).Take();
  };
  const auto write_guid = [](ByteWriter& w, std::string_view guid) {
    w.Raw(GuidBytes(ParseUuid(guid).value()));
  };
  ByteWriter table;
  if (sample.has_info) {
    table.U32Le(sample.entry_offset).U16Le(4 + 18);
    write_guid(table, "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd");
  }
  table.U32Le(kImageBytes - kMetadataOffset).U16Le(4 + 18);
  write_guid(table, "dc886566-984a-4798-a75e-5585a7bf67cc");
  table.U16Le(static_cast<uint16_t>(table.size() + 18));
  write_guid(table, "96b582de-1fb2-45f7-baea-a366c55a082d");

  ByteWriter w;
  w.Text("svsm").ZerosUntil(kMetadataOffset);
  w.Text("ASEV").U32Le(16 + 12 * 3).U32Le(1).U32Le(3);
  w.Raw(u32s({0x2000, 0x2000, 1, 0x4000, 0x1000, 2, 0x5000, 0x1000, 3}));
  w.ZerosUntil(kImageBytes - 32 - table.size()).Raw(table.bytes()).Zeros(32);
  return std::move(w).Take();
}

}  // namespace tally::test
