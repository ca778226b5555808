// A small PE32+ file for tests.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally::test {

struct PeTestSection {
  std::string name;
  uint32_t virtual_size;
  uint32_t virtual_address;
  uint32_t raw_size;
  uint32_t raw_offset;
};

// Offsets in what MakePe returns.
inline constexpr size_t kPeTestHeader = 0x40;
inline constexpr size_t kPeTestOptional = kPeTestHeader + 24;
inline constexpr size_t kPeTestChecksum = kPeTestOptional + 64;
inline constexpr size_t kPeTestSecurity = kPeTestOptional + 112 + 4 * 8;
inline constexpr size_t kPeTestSections = kPeTestOptional + 240;
inline constexpr uint32_t kPeTestHeadersSize = 0x400;

// MakePe returns a file with headers of 0x400 bytes, alignments of 512 and
// 4096, an image of 0x10000 bytes and 16 data directories. Raw data is the
// section's first letter.
inline Bytes MakePe(const std::vector<PeTestSection>& sections) {
  ByteWriter writer;
  writer.Text("MZ").ZerosUntil(0x3c).U32Le(kPeTestHeader);
  writer.Text(std::string_view("PE\0\0", 4)).U16Le(0x8664);
  writer.U16Le(static_cast<uint16_t>(sections.size()));
  writer.U32Le(0x5f000000).Zeros(8).U16Le(240).U16Le(0x22);
  writer.U16Le(0x20b).Zeros(30).U32Le(4096).U32Le(512).Zeros(16);
  writer.U32Le(0x10000).U32Le(kPeTestHeadersSize).U32Le(0xdeadbeef);
  writer.ZerosUntil(kPeTestOptional + 108).U32Le(16).Zeros(16 * 8);
  for (const PeTestSection& section : sections) {
    const uint64_t begin = writer.size();
    writer.Text(section.name).ZerosUntil(begin + 8);
    writer.U32Le(section.virtual_size).U32Le(section.virtual_address);
    writer.U32Le(section.raw_size).U32Le(section.raw_offset);
    writer.Zeros(12).U32Le(0x60000020);
  }
  writer.ZerosUntil(kPeTestHeadersSize);
  Bytes file = std::move(writer).Take();
  for (const PeTestSection& section : sections) {
    const size_t end = size_t{section.raw_offset} + section.raw_size;
    if (file.size() < end) file.resize(end);
    for (size_t i = section.raw_offset; i < end; ++i) {
      file[i] = static_cast<uint8_t>(section.name[1]);
    }
  }
  return file;
}

// StubPe is a file with .text and .sbat.
inline Bytes StubPe() {
  return MakePe({{".text", 0x180, 0x1000, 0x200, 0x400},
                 {".sbat", 0x20, 0x2000, 0x200, 0x600}});
}

// PutU32 overwrites a field.
inline void PutU32(Bytes* file, size_t offset, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) {
    (*file)[offset + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

}  // namespace tally::test
