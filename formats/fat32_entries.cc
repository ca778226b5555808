// Directory entries of FAT32: short ones and the parts of long names.
#include <array>

#include "common/check.h"
#include "common/text.h"
#include "formats/fat32_format.h"

namespace tally::fat32 {
namespace {

constexpr uint8_t kLastLongEntry = 0x40;
constexpr unsigned kMaxParts = 20;  // 255 characters
constexpr uint16_t kAfterEnd = 0xffff;
// How many of the 13 characters stand in LDIR_Name1, 2 and 3.
constexpr size_t kNamePieces[] = {5, 6, 2};

// LongNameUnits returns the 13 units of one part: the text, a zero if there is
// room, then 0xffff.
std::array<uint16_t, kLongNamePart> LongNameUnits(std::string_view text) {
  std::array<uint16_t, kLongNamePart> units;
  units.fill(kAfterEnd);
  for (size_t i = 0; i < text.size(); ++i) {
    units[i] = static_cast<uint8_t>(text[i]);
  }
  if (text.size() < units.size()) units[text.size()] = 0;
  return units;
}

void AppendLongNamePart(const LongNamePart& part, ByteWriter& writer) {
  const auto units = LongNameUnits(part.text);
  const unsigned ordinal = part.ordinal | (part.is_last ? kLastLongEntry : 0);
  size_t unit = 0;
  const auto append_units = [&](size_t count) {
    for (size_t i = 0; i < count; ++i) writer.U16Le(units[unit++]);
  };
  writer.U8(static_cast<uint8_t>(ordinal));  // 0x00 LDIR_Ord
  append_units(kNamePieces[0]);              // 0x01 LDIR_Name1
  writer.U8(kLongName);                      // 0x0b LDIR_Attr
  writer.U8(0);                              // 0x0c LDIR_Type
  writer.U8(part.checksum);                  // 0x0d LDIR_Chksum
  append_units(kNamePieces[1]);              // 0x0e LDIR_Name2
  writer.U16Le(0);                           // 0x1a LDIR_FstClusLO
  append_units(kNamePieces[2]);              // 0x1c LDIR_Name3
}

}  // namespace

void AppendEntry(const Entry& entry, ByteWriter& writer) {
  TALLY_CHECK(entry.name.size() == 11);
  writer.Text(entry.name);           // 0x00 DIR_Name
  writer.U8(entry.attributes);       // 0x0b DIR_Attr
  writer.U8(entry.lower_case);       // 0x0c DIR_NTRes
  writer.U8(entry.created.tenths);   // 0x0d CrtTimeTenth
  writer.U16Le(entry.created.time);  // 0x0e CrtTime
  writer.U16Le(entry.created.date);  // 0x10 CrtDate
  writer.U16Le(entry.created.date);  // 0x12 LstAccDate
  writer.U16Le(static_cast<uint16_t>(entry.cluster >> 16));  // 0x14 FstClusHI
  writer.U16Le(entry.written_time);                          // 0x16 WrtTime
  writer.U16Le(entry.written_date);                          // 0x18 WrtDate
  writer.U16Le(static_cast<uint16_t>(entry.cluster));        // 0x1a FstClusLO
  writer.U32Le(entry.size_bytes);                            // 0x1c FileSize
}

Result<Entry> ParseEntry(ByteSpan bytes, uint64_t offset) {
  ByteReader reader("fat32 entry", bytes, offset);
  Entry entry;
  entry.name = AsText(reader.Take("DIR_Name", 11));
  entry.attributes = reader.U8("DIR_Attr");
  entry.lower_case = reader.U8("DIR_NTRes");
  if ((entry.lower_case & ~0x18) != 0) {
    reader.Fail("DIR_NTRes", "found " + HexNumber(entry.lower_case) +
                                 ", expected no bits but 0x18");
  }
  entry.created.tenths = reader.U8("DIR_CrtTimeTenth");
  entry.created.time = reader.U16Le("DIR_CrtTime");
  entry.created.date = reader.U16Le("DIR_CrtDate");
  reader.Skip("DIR_LstAccDate", 2);
  const uint32_t high = reader.U16Le("DIR_FstClusHI");
  entry.written_time = reader.U16Le("DIR_WrtTime");
  entry.written_date = reader.U16Le("DIR_WrtDate");
  entry.cluster = high << 16 | reader.U16Le("DIR_FstClusLO");
  entry.size_bytes = reader.U32Le("DIR_FileSize");
  TALLY_TRY(reader.Finish());
  return entry;
}

size_t NumLongNameEntries(std::string_view name) {
  return AlignUp(name.size(), kLongNamePart) / kLongNamePart;
}

void AppendLongName(std::string_view name, uint8_t checksum,
                    ByteWriter& writer) {
  const size_t num_parts = NumLongNameEntries(name);
  TALLY_CHECK(num_parts >= 1 && num_parts <= kMaxParts);
  for (size_t i = num_parts; i > 0; --i) {
    AppendLongNamePart({.ordinal = static_cast<unsigned>(i),
                        .is_last = i == num_parts,
                        .checksum = checksum,
                        .text = std::string(name.substr((i - 1) * kLongNamePart,
                                                        kLongNamePart))},
                       writer);
  }
}

Result<LongNamePart> ParseLongNamePart(ByteSpan bytes, uint64_t offset) {
  ByteReader reader("fat32 long name", bytes, offset);
  LongNamePart part;
  std::array<uint16_t, kLongNamePart> units = {};
  size_t unit = 0;
  const auto read_units = [&](std::string_view field, size_t count) {
    for (size_t i = 0; i < count; ++i) units[unit++] = reader.U16Le(field);
  };
  const unsigned ordinal = reader.U8("LDIR_Ord");
  part.is_last = (ordinal & kLastLongEntry) != 0;
  part.ordinal = ordinal & ~unsigned{kLastLongEntry};
  if (part.ordinal == 0 || part.ordinal > kMaxParts) {
    reader.Fail("LDIR_Ord",
                "found " + HexNumber(ordinal) + ", expected part 1 to 20");
  }
  read_units("LDIR_Name1", kNamePieces[0]);
  reader.Skip("LDIR_Attr", 1);
  reader.Zeros("LDIR_Type", 1);
  part.checksum = reader.U8("LDIR_Chksum");
  read_units("LDIR_Name2", kNamePieces[1]);
  reader.Zeros("LDIR_FstClusLO", 2);
  read_units("LDIR_Name3", kNamePieces[2]);
  TALLY_TRY(reader.Finish());

  for (size_t i = 0; i < units.size() && units[i] != 0; ++i) {
    if (units[i] > 0x7e) {
      return InputError("fat32: long name at " + HexNumber(offset) +
                        " has the character " + HexNumber(units[i]) +
                        ", expected ASCII");
    }
    part.text += static_cast<char>(units[i]);
  }
  // Only the last part may be shorter, and the rest of it has one form.
  const bool may_be_short = part.is_last && !part.text.empty();
  if (LongNameUnits(part.text) != units ||
      (part.text.size() < kLongNamePart && !may_be_short)) {
    return InputError("fat32: long name at " + HexNumber(offset) +
                      " does not end as the specification says");
  }
  return part;
}

}  // namespace tally::fat32
