// The strict reader of newc archives.
#include <algorithm>
#include <optional>

#include "common/text.h"
#include "formats/cpio.h"

namespace tally {
namespace {

// HexField reads 8 digits, upper or lower case: GNU cpio writes upper case,
// others lower.
uint32_t HexField(ByteReader& reader, std::string_view field) {
  const ByteSpan digits = reader.Take(field, 8);
  uint32_t value = 0;
  for (const uint8_t digit : digits) {
    uint32_t nibble = 0;
    if (digit >= '0' && digit <= '9') {
      nibble = uint32_t{digit} - '0';
    } else if (digit >= 'a' && digit <= 'f') {
      nibble = uint32_t{digit} - 'a' + 10;
    } else if (digit >= 'A' && digit <= 'F') {
      nibble = uint32_t{digit} - 'A' + 10;
    } else {
      reader.Fail(field, "found " + Quote(AsText(digits)) +
                             ", expected 8 hexadecimal digits");
      return 0;
    }
    value = value << 4 | nibble;
  }
  return value;
}

void TakePadding(ByteReader& reader, std::string_view field) {
  reader.Zeros(field, AlignUp(reader.offset(), 4) - reader.offset());
}

std::string TakeEntryName(ByteReader& reader, uint64_t name_size) {
  const uint64_t size_bytes =
      reader.Count("c_namesize", name_size, kMaxCpioNameSize);
  const std::string_view name = AsText(reader.Take("name", size_bytes));
  if (!reader.ok()) return {};
  if (name.size() < 2 || name.find('\0') != name.size() - 1) {
    reader.Fail("name", "found " + Quote(name) +
                            ", expected a name and one NUL at its end");
    return {};
  }
  return std::string(name.substr(0, name.size() - 1));
}

CpioEntry ParseEntry(ByteReader& reader) {
  CpioEntry entry;
  entry.offset = reader.offset();
  const std::string_view magic = AsText(reader.Take("c_magic", 6));
  if (reader.ok() && magic != "070701") {
    reader.Fail("c_magic", "found " + Quote(magic) + ", expected '070701'");
  }
  entry.ino = HexField(reader, "c_ino");
  entry.mode = HexField(reader, "c_mode");
  entry.uid = HexField(reader, "c_uid");
  entry.gid = HexField(reader, "c_gid");
  entry.nlink = HexField(reader, "c_nlink");
  entry.mtime = HexField(reader, "c_mtime");
  const uint32_t file_size = HexField(reader, "c_filesize");
  entry.dev_major = HexField(reader, "c_devmajor");
  entry.dev_minor = HexField(reader, "c_devminor");
  entry.rdev_major = HexField(reader, "c_rdevmajor");
  entry.rdev_minor = HexField(reader, "c_rdevminor");
  const uint32_t name_size = HexField(reader, "c_namesize");
  const uint32_t check = HexField(reader, "c_check");
  if (check != 0)
    reader.Fail("c_check", "found " + HexNumber(check) + ", expected 0");
  entry.name = TakeEntryName(reader, name_size);
  TakePadding(reader, "padding after name");
  entry.content = reader.Take("data", file_size);
  TakePadding(reader, "padding after data");
  return entry;
}

}  // namespace

Result<std::vector<CpioEntry>> ParseCpio(ByteSpan archive) {
  ByteReader reader("cpio", archive);
  std::vector<CpioEntry> entries;
  while (true) {
    CpioEntry entry = ParseEntry(reader);
    TALLY_TRY(reader.status());
    if (entry.name == "TRAILER!!!") {
      if (!entry.content.empty()) {
        return InputError("cpio: trailer at " + HexNumber(entry.offset) +
                          " has data");
      }
      break;
    }
    entries.push_back(std::move(entry));
  }
  reader.Zeros("padding after trailer", reader.remaining());
  TALLY_TRY(reader.Finish());
  return entries;
}

}  // namespace tally
