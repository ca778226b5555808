// A small firmware with everything that an Intel TDX launch looks for.
#pragma once

#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "formats/tdvf.h"
#include "formats/uuid.h"

namespace tally::test {

inline constexpr uint64_t kTdvfBytes = 0x4000;
inline constexpr uint64_t kTdvfMetadataOffset = 0x3100;

// TdvfSections are those of OVMF, with two small firmware volumes.
inline std::vector<TdvfSection> TdvfSections() {
  using enum TdvfSectionKind;
  return {{0x1000, 0x2c00, 0xfffff000 - 0x2000, 0x3000, kBfv, kTdvfMrExtend},
          {0, 0x1000, 0xffffc000, 0x1000, kCfv, 0},
          {0, 0, 0x810000, 0x10000, kTempMem, 0},
          {0, 0, 0x80b000, 0x2000, kTempMem, 0},
          {0, 0, 0x809000, 0x2000, kTdHob, 0},
          {0, 0, 0x800000, 0x6000, kTempMem, 0}};
}

// MakeTdvf returns an image of four pages with these sections.
inline Bytes MakeTdvf(const std::vector<TdvfSection>& sections) {
  ByteWriter metadata;
  metadata.Text("TDVF");
  metadata.U32Le(static_cast<uint32_t>(16 + 32 * sections.size()));
  metadata.U32Le(1).U32Le(static_cast<uint32_t>(sections.size()));
  for (const TdvfSection& section : sections) {
    metadata.U32Le(static_cast<uint32_t>(section.data_offset));
    metadata.U32Le(static_cast<uint32_t>(section.raw_bytes));
    metadata.U64Le(section.gpa).U64Le(section.size_bytes);
    metadata.U32Le(static_cast<uint32_t>(section.kind));
    metadata.U32Le(section.attributes);
  }
  ByteWriter table;
  table.U32Le(static_cast<uint32_t>(kTdvfBytes - kTdvfMetadataOffset));
  table.U16Le(4 + 18);
  table.Raw(
      GuidBytes(ParseUuid("e47a6535-984a-4798-865e-4685a7bf8ec2").value()));
  table.U16Le(static_cast<uint16_t>(table.size() + 18));
  table.Raw(
      GuidBytes(ParseUuid("96b582de-1fb2-45f7-baea-a366c55a082d").value()));
  ByteWriter w;
  w.Text("variables").ZerosUntil(0x1000).Text("firmware");
  w.ZerosUntil(kTdvfMetadataOffset).Raw(metadata.bytes());
  w.ZerosUntil(kTdvfBytes - 32 - table.size()).Raw(table.bytes()).Zeros(32);
  return std::move(w).Take();
}

}  // namespace tally::test
