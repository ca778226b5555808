#include "formats/guid_table.h"

#include "common/text.h"
#include "formats/uuid.h"

namespace tally {
namespace {

// The table ends where the reset vector block begins.
constexpr uint64_t kBytesAfterTable = 32;
// Every entry ends in size u16 (of the whole entry) and GUID.
constexpr uint64_t kEntryTailBytes = 2 + 16;

constexpr std::string_view kFooterGuid = "96b582de-1fb2-45f7-baea-a366c55a082d";

// ReadTail reads size and GUID of the entry that ends at `end`.
struct EntryTail {
  uint64_t size_bytes = 0;
  std::string guid;
};
Result<EntryTail> ReadTail(ByteSpan image, uint64_t end,
                           const std::string& subject) {
  const uint64_t start = end - kEntryTailBytes;
  ByteReader r(subject, image.subspan(start, kEntryTailBytes), start);
  EntryTail tail;
  tail.size_bytes = r.U16Le("entry size");
  if (tail.size_bytes < kEntryTailBytes) {
    r.Fail("entry size", "found " + std::to_string(tail.size_bytes) +
                             ", expected at least 18");
  }
  tail.guid = FormatUuid(UuidFromGuidBytes(r.Array<16>("entry guid")));
  TALLY_TRY(r.Finish());
  return tail;
}

}  // namespace

Result<GuidTable> GuidTable::Read(ByteSpan image, std::string_view subject) {
  const std::string what = std::string(subject) + " table";
  const uint64_t table_end = image.size() - kBytesAfterTable;
  const uint64_t footer = table_end - kEntryTailBytes;
  ByteReader r(what, image.subspan(footer, kEntryTailBytes), footer);
  const uint64_t table_bytes = r.U16Le("table size");
  const std::string guid =
      FormatUuid(UuidFromGuidBytes(r.Array<16>("footer guid")));
  if (guid != kFooterGuid) {
    return InputError(what + ": footer guid at " + HexNumber(footer + 2) +
                      ": found " + guid + ", expected " +
                      std::string(kFooterGuid))
        .Hint("the file is not an image with SEV support, or is truncated");
  }
  if (table_bytes < kEntryTailBytes || table_bytes > table_end) {
    return InputError(what + ": table size at " + HexNumber(footer) +
                      ": found " + std::to_string(table_bytes) +
                      ", expected at least 18 and no more than the image");
  }

  // The entries are laid out last first.
  GuidTable table;
  const uint64_t table_start = table_end - table_bytes;
  for (uint64_t end = footer; end > table_start;) {
    if (end - table_start < kEntryTailBytes) {
      return InputError(what + ": entry at " + HexNumber(table_start) +
                        ": needs 18 bytes, " +
                        std::to_string(end - table_start) + " left");
    }
    TALLY_ASSIGN(const EntryTail tail, ReadTail(image, end, what));
    if (tail.size_bytes > end - table_start) {
      return InputError(
          what + ": entry size at " + HexNumber(end - kEntryTailBytes) +
          ": found " + std::to_string(tail.size_bytes) + ", expected at most " +
          std::to_string(end - table_start));
    }
    const uint64_t start = end - tail.size_bytes;
    const Entry entry{image.subspan(start, tail.size_bytes - kEntryTailBytes),
                      start};
    if (!table.entries_.emplace(tail.guid, entry).second) {
      return InputError(what + ": entry " + tail.guid + " at " +
                        HexNumber(start) + " is there twice");
    }
    end = start;
  }
  return table;
}

const GuidTable::Entry* GuidTable::Find(std::string_view guid) const {
  const auto found = entries_.find(std::string(guid));
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace tally
