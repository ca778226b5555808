// CBOR (RFC 8949): a strict reader, and a writer for what we sign and test.
//
// One encoding for each value: heads in their shortest form, no floats, no
// undefined, no key twice. See docs/formats/cbor.md for what else is refused.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

enum class CborType {
  kUnsigned,
  kNegative,
  kBytes,
  kText,
  kArray,
  kMap,
  kTag,
  kBoolean,
  kNull,
};

// CborTypeName returns "an unsigned integer", "a byte string" …, for
// error text.
std::string_view CborTypeName(CborType type);

// CborItem is one data item and those inside it. Its bytes are those that were
// parsed, which must outlive it.
struct CborItem {
  CborType type = CborType::kNull;
  uint64_t offset = 0;      // of its head, in the file
  uint64_t size_bytes = 0;  // head and contents
  // kUnsigned: the number. kNegative: n of -1 - n. kTag: the tag's number.
  // kBoolean: 0 or 1.
  uint64_t number = 0;
  ByteSpan bytes;  // kBytes, kText: the contents
  // kArray: the elements. kMap: key, value, key, value … kTag: the one inside.
  std::vector<CborItem> items;
  bool indefinite = false;  // kArray, kMap: ended by a break

  std::string_view text() const { return AsText(bytes); }
  // contents_offset is where the contents of a string begin.
  uint64_t contents_offset() const {
    return offset + size_bytes - bytes.size();
  }
};

// CborNumber returns an integer as an int64_t, nothing for what is none or does
// not fit.
std::optional<int64_t> CborNumber(const CborItem& item);

enum class CborLengths { kDefinite, kDefiniteOrNot };

struct CborRules {
  // Whether arrays and maps may be of indefinite length. Strings never are.
  CborLengths lengths = CborLengths::kDefinite;
  size_t max_depth = 16;
  size_t max_items = 65536;
};

// ParseCbor accepts one data item and nothing behind it. `subject` names the
// document in error text, `base_offset` is where `bytes` begins in the file.
// Keys of maps are integers or text.
Result<CborItem> ParseCbor(std::string_view subject, ByteSpan bytes,
                           const CborRules& rules = {},
                           uint64_t base_offset = 0);

// CborWriter appends data items. The caller writes as many items as it said.
class CborWriter {
 public:
  CborWriter& Unsigned(uint64_t value);
  CborWriter& Integer(int64_t value);
  CborWriter& Bytes(ByteSpan bytes);
  CborWriter& Text(std::string_view text);
  CborWriter& Array(uint64_t num_items);
  CborWriter& Map(uint64_t num_pairs);
  CborWriter& Tag(uint64_t number);
  CborWriter& Boolean(bool value);
  CborWriter& Null();
  // Item appends an item as it was parsed, of indefinite length where it was.
  CborWriter& Item(const CborItem& item);

  const tally::Bytes& bytes() const { return writer_.bytes(); }
  tally::Bytes Take() && { return std::move(writer_).Take(); }

 private:
  CborWriter& Head(uint8_t major, uint64_t argument);
  ByteWriter writer_;
};

// FormatCborKey returns a key for people: "digest", "-35".
std::string FormatCborKey(const CborItem& key);

}  // namespace tally
