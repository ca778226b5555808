// Directories of FAT32, strictly: every long name is complete and belongs to
// the entry after it, and nothing follows the end.
#include "formats/fat32_directory.h"

#include <algorithm>
#include <utility>

#include "common/text.h"
#include "formats/fat32_names.h"

namespace tally::fat32 {
namespace {

// LongName collects the parts of one long name, which stand last part first.
class LongName {
 public:
  bool empty() const { return num_missing_ == 0 && text_.empty(); }

  Status Add(const LongNamePart& part, uint64_t offset) {
    const bool is_next = part.is_last
                             ? empty()
                             : num_missing_ == part.ordinal && !empty() &&
                                   checksum_ == part.checksum;
    if (!is_next) {
      return InputError("fat32: long name at " + HexNumber(offset) +
                        " is not the part that has to follow");
    }
    checksum_ = part.checksum;
    num_missing_ = part.ordinal - 1;
    text_ = part.text + text_;
    return Ok();
  }

  // Take returns the name, for the entry that follows it.
  Result<std::string> Take(const Entry& entry, uint64_t offset) {
    if (num_missing_ != 0 || checksum_ != ShortNameChecksum(entry.name)) {
      return InputError("fat32: the long name before " + HexNumber(offset) +
                        " is not complete or of another entry");
    }
    return std::exchange(text_, "");
  }

 private:
  std::string text_;
  unsigned num_missing_ = 0;
  uint8_t checksum_ = 0;
};

Result<std::string> NameOf(const Entry& entry, LongName& long_name,
                           uint64_t offset) {
  const std::string short_name = ShortNameText(entry.name);
  if (short_name.empty()) {
    return InputError("fat32 entry: DIR_Name at " + HexNumber(offset) + ": " +
                      Quote(entry.name) + " is no 8.3 name");
  }
  if (!long_name.empty()) {
    TALLY_ASSIGN(std::string name, long_name.Take(entry, offset));
    TALLY_TRY(CheckName(name));
    return name;
  }
  std::string name = short_name;
  const size_t dot = std::min(name.find('.'), name.size());
  for (size_t i = 0; i < name.size(); ++i) {
    const bool lower = (entry.lower_case & (i < dot ? 0x08 : 0x10)) != 0;
    if (lower && name[i] >= 'A' && name[i] <= 'Z') {
      name[i] = static_cast<char>(name[i] - 'A' + 'a');
    }
  }
  return name;
}

}  // namespace

Result<std::vector<Named>> ParseDirectory(ByteSpan bytes) {
  std::vector<Named> entries;
  LongName long_name;
  for (uint64_t at = 0; at < bytes.size(); at += kEntrySize) {
    const ByteSpan raw = bytes.subspan(at, kEntrySize);
    if (raw[0] == 0) {
      const auto rest = bytes.subspan(at);
      if (!std::ranges::all_of(rest, [](uint8_t b) { return b == 0; })) {
        return InputError("fat32: the directory ends at " + HexNumber(at) +
                          ", but not all zeros follow");
      }
      break;
    }
    const bool is_long = raw[0] != 0xe5 && raw[11] == kLongName;
    if (is_long) {
      TALLY_ASSIGN(const auto part, ParseLongNamePart(raw, at));
      TALLY_TRY(long_name.Add(part, at));
      continue;
    }
    TALLY_ASSIGN(Entry entry, ParseEntry(raw, at));
    const bool has_name =
        raw[0] != 0xe5 && raw[0] != '.' && (entry.attributes & kVolumeId) == 0;
    if (has_name) {
      TALLY_ASSIGN(std::string name, NameOf(entry, long_name, at));
      entries.push_back({std::move(name), std::move(entry)});
    } else if (!long_name.empty()) {
      return InputError("fat32: the long name before " + HexNumber(at) +
                        " belongs to no entry");
    } else if (raw[0] != 0xe5) {
      entries.push_back({"", std::move(entry)});
    }
  }
  if (!long_name.empty()) {
    return InputError("fat32: the directory ends inside of a long name");
  }
  return entries;
}

}  // namespace tally::fat32
