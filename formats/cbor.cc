// Source: RFC 8949, sections 3 (data items), 4.1 (preferred serialization) and
// 5.6 (equal keys).
#include "formats/cbor.h"

#include <algorithm>
#include <array>
#include <limits>

#include "common/text.h"

namespace tally {
namespace {

// RFC 8949, section 3.1.
constexpr uint8_t kMajorUnsigned = 0;
constexpr uint8_t kMajorNegative = 1;
constexpr uint8_t kMajorBytes = 2;
constexpr uint8_t kMajorText = 3;
constexpr uint8_t kMajorArray = 4;
constexpr uint8_t kMajorMap = 5;
constexpr uint8_t kMajorTag = 6;
constexpr uint8_t kMajorSimple = 7;

// Section 3.2: additional information of an indefinite length; the break.
constexpr uint8_t kIndefinite = 31;
constexpr uint8_t kBreak = 0xff;
// Section 3.3.
constexpr uint8_t kSimpleFalse = 20;
constexpr uint8_t kSimpleTrue = 21;
constexpr uint8_t kSimpleNull = 22;

// Paths in error text do not grow with hostile keys.
constexpr size_t kMaxKeyText = 40;

class CborParser {
 public:
  CborParser(std::string_view subject, ByteSpan bytes, const CborRules& rules,
             uint64_t base_offset)
      : bytes_(bytes),
        base_offset_(base_offset),
        rules_(rules),
        r_(subject, bytes, base_offset) {}

  Result<CborItem> Parse() {
    CborItem item = Item(r_.U8("item"), 0);
    TALLY_TRY(r_.Finish());
    return item;
  }

 private:
  // Item reads what follows the initial byte of a data item.
  CborItem Item(uint8_t initial, size_t depth) {
    CborItem item{.offset = r_.offset() - 1};
    if (++num_items_ > rules_.max_items) {
      Fail("more than " + std::to_string(rules_.max_items) + " items");
    }
    if (depth > rules_.max_depth) {
      Fail("nested deeper than " + std::to_string(rules_.max_depth));
    }
    if (r_.ok()) Contents(initial, depth, item);
    item.size_bytes = r_.offset() - item.offset;
    return item;
  }

  void Contents(uint8_t initial, size_t depth, CborItem& item) {
    const uint8_t major = initial >> 5;
    const uint8_t information = initial & 0x1f;
    if (major == kMajorSimple) return Simple(information, item);
    item.indefinite = information == kIndefinite &&
                      (major == kMajorArray || major == kMajorMap) &&
                      rules_.lengths == CborLengths::kDefiniteOrNot;
    item.number = item.indefinite ? 0 : Argument(information);
    switch (major) {
      case kMajorUnsigned:
        item.type = CborType::kUnsigned;
        return;
      case kMajorNegative:
        item.type = CborType::kNegative;
        return;
      case kMajorBytes:
        item.type = CborType::kBytes;
        item.bytes = r_.Take(field(), item.number);
        return;
      case kMajorText:
        item.type = CborType::kText;
        item.bytes = r_.Take(field(), item.number);
        if (!IsUtf8(item.text())) Fail("not UTF-8");
        return;
      case kMajorArray:
        item.type = CborType::kArray;
        return Elements(depth, item);
      case kMajorMap:
        item.type = CborType::kMap;
        return Pairs(depth, item);
      case kMajorTag:
        item.type = CborType::kTag;
        item.items.push_back(Item(r_.U8(field()), depth + 1));
        return;
    }
  }

  uint64_t Argument(uint8_t information) {
    uint64_t value = information;
    uint64_t least = 0;
    switch (information) {
      case 24:
        value = r_.U8(field());
        least = 24;
        break;
      case 25:
        value = r_.U16Be(field());
        least = uint64_t{1} << 8;
        break;
      case 26:
        value = r_.U32Be(field());
        least = uint64_t{1} << 16;
        break;
      case 27:
        value = r_.U64Be(field());
        least = uint64_t{1} << 32;
        break;
      case kIndefinite:
        Fail("found an indefinite length, expected a definite one");
        break;
      default:
        if (information > 27) {
          Fail("found additional information " + std::to_string(information) +
               ", expected at most 27");
        }
    }
    if (value < least) Fail("not in its shortest form");
    return r_.ok() ? value : 0;
  }

  void Simple(uint8_t information, CborItem& item) {
    if (information == kSimpleFalse || information == kSimpleTrue) {
      item.type = CborType::kBoolean;
      item.number = information == kSimpleTrue ? 1 : 0;
    } else if (information != kSimpleNull) {
      Fail("found simple value or float " + std::to_string(information) +
           ", expected false, true or null");
    }
  }

  void Elements(size_t depth, CborItem& item) {
    // Each element has one byte at least.
    const uint64_t size = r_.Count(field(), item.number, r_.remaining());
    for (uint64_t i = 0; r_.ok() && (item.indefinite || i < size); ++i) {
      const uint8_t initial = r_.U8(field());
      if (item.indefinite && initial == kBreak) return;
      const size_t length = path_.size();
      path_ += "[" + std::to_string(i) + "]";
      item.items.push_back(Item(initial, depth + 1));
      path_.resize(length);
    }
  }

  void Pairs(size_t depth, CborItem& item) {
    const uint64_t size = r_.Count(field(), item.number, r_.remaining() / 2);
    for (uint64_t i = 0; r_.ok() && (item.indefinite || i < size); ++i) {
      const uint8_t initial = r_.U8(field());
      if (item.indefinite && initial == kBreak) break;
      item.items.push_back(Item(initial, depth + 1));
      const CborItem& key = item.items.back();
      if (key.type != CborType::kUnsigned && key.type != CborType::kNegative &&
          key.type != CborType::kText) {
        Fail("found a key that is " + std::string(CborTypeName(key.type)) +
             ", expected an integer or text");
      }
      const size_t length = path_.size();
      path_ += (path_.empty() ? "" : "/") + FormatCborKey(key);
      item.items.push_back(Item(r_.U8(field()), depth + 1));
      path_.resize(length);
    }
    if (r_.ok()) RefuseEqualKeys(item);
  }

  // Two keys are equal if their bytes are, since there is one encoding a value.
  void RefuseEqualKeys(const CborItem& map) {
    std::vector<const CborItem*> keys;
    for (size_t i = 0; i + 1 < map.items.size(); i += 2) {
      keys.push_back(&map.items[i]);
    }
    const auto text = [this](const CborItem* key) {
      return AsText(
          bytes_.subspan(key->offset - base_offset_, key->size_bytes));
    };
    std::ranges::sort(keys, {}, text);
    const auto equal = std::ranges::adjacent_find(keys, {}, text);
    if (equal != keys.end()) {
      Fail("found the key " + FormatCborKey(**equal) + " twice");
    }
  }

  std::string_view field() const {
    return path_.empty() ? std::string_view("item") : std::string_view(path_);
  }
  void Fail(std::string_view why) { r_.Fail(field(), why); }

  ByteSpan bytes_;
  uint64_t base_offset_;
  CborRules rules_;
  ByteReader r_;
  size_t num_items_ = 0;
  // Where the reader is: "pcrs/3", "cabundle[1]".
  std::string path_;
};

}  // namespace

std::string_view CborTypeName(CborType type) {
  switch (type) {
    case CborType::kUnsigned:
      return "an unsigned integer";
    case CborType::kNegative:
      return "a negative integer";
    case CborType::kBytes:
      return "a byte string";
    case CborType::kText:
      return "a text string";
    case CborType::kArray:
      return "an array";
    case CborType::kMap:
      return "a map";
    case CborType::kTag:
      return "a tag";
    case CborType::kBoolean:
      return "a boolean";
    case CborType::kNull:
      return "null";
  }
  return "null";
}

std::optional<int64_t> CborNumber(const CborItem& item) {
  constexpr uint64_t kMax = std::numeric_limits<int64_t>::max();
  const bool negative = item.type == CborType::kNegative;
  if (!negative && item.type != CborType::kUnsigned) return std::nullopt;
  if (item.number > kMax) return std::nullopt;
  const auto number = static_cast<int64_t>(item.number);
  return negative ? -1 - number : number;
}

std::string FormatCborKey(const CborItem& key) {
  if (key.type == CborType::kText) {
    const std::string quoted = Quote(key.text().substr(0, kMaxKeyText));
    return quoted.substr(1, quoted.size() - 2);
  }
  const auto number = CborNumber(key);
  if (number) return std::to_string(*number);
  if (key.type == CborType::kUnsigned) return std::to_string(key.number);
  return "-1-" + std::to_string(key.number);
}

Result<CborItem> ParseCbor(std::string_view subject, ByteSpan bytes,
                           const CborRules& rules, uint64_t base_offset) {
  return CborParser(subject, bytes, rules, base_offset).Parse();
}

CborWriter& CborWriter::Head(uint8_t major, uint64_t argument) {
  const auto initial = static_cast<uint8_t>(major << 5);
  if (argument < 24) {
    writer_.U8(static_cast<uint8_t>(initial | argument));
  } else if (argument <= 0xff) {
    writer_.U8(initial | 24).U8(static_cast<uint8_t>(argument));
  } else if (argument <= 0xffff) {
    writer_.U8(initial | 25).U16Be(static_cast<uint16_t>(argument));
  } else if (argument <= 0xffffffff) {
    writer_.U8(initial | 26).U32Be(static_cast<uint32_t>(argument));
  } else {
    writer_.U8(initial | 27).U64Be(argument);
  }
  return *this;
}

CborWriter& CborWriter::Unsigned(uint64_t value) {
  return Head(kMajorUnsigned, value);
}
CborWriter& CborWriter::Integer(int64_t value) {
  if (value >= 0) return Unsigned(static_cast<uint64_t>(value));
  return Head(kMajorNegative, static_cast<uint64_t>(-1 - value));
}
CborWriter& CborWriter::Bytes(ByteSpan bytes) {
  Head(kMajorBytes, bytes.size());
  writer_.Raw(bytes);
  return *this;
}
CborWriter& CborWriter::Text(std::string_view text) {
  Head(kMajorText, text.size());
  writer_.Text(text);
  return *this;
}
CborWriter& CborWriter::Array(uint64_t num_items) {
  return Head(kMajorArray, num_items);
}
CborWriter& CborWriter::Map(uint64_t num_pairs) {
  return Head(kMajorMap, num_pairs);
}
CborWriter& CborWriter::Tag(uint64_t number) { return Head(kMajorTag, number); }
CborWriter& CborWriter::Boolean(bool value) {
  return Head(kMajorSimple, value ? kSimpleTrue : kSimpleFalse);
}
CborWriter& CborWriter::Null() { return Head(kMajorSimple, kSimpleNull); }

CborWriter& CborWriter::Item(const CborItem& item) {
  switch (item.type) {
    case CborType::kUnsigned:
      return Unsigned(item.number);
    case CborType::kNegative:
      return Head(kMajorNegative, item.number);
    case CborType::kBytes:
      return Bytes(item.bytes);
    case CborType::kText:
      return Text(item.text());
    case CborType::kBoolean:
      return Boolean(item.number != 0);
    case CborType::kNull:
      return Null();
    case CborType::kTag:
      Tag(item.number);
      break;
    case CborType::kArray:
    case CborType::kMap: {
      const bool is_map = item.type == CborType::kMap;
      const uint8_t major = is_map ? kMajorMap : kMajorArray;
      if (item.indefinite) {
        writer_.U8(static_cast<uint8_t>(major << 5 | kIndefinite));
      } else {
        Head(major, is_map ? item.items.size() / 2 : item.items.size());
      }
      break;
    }
  }
  // As deep as the parser's limit allowed.
  for (const CborItem& inner : item.items) Item(inner);
  if (item.indefinite) writer_.U8(kBreak);
  return *this;
}

}  // namespace tally
