// UTF-8 (RFC 3629) to and from UTF-16 (RFC 2781).
#include "formats/gpt_names.h"

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kNameSize = 72;

// NextCodePoint removes one code point from the front of well-formed UTF-8.
uint32_t NextCodePoint(std::string_view& text) {
  const auto lead = static_cast<uint8_t>(text[0]);
  const size_t size_bytes = lead < 0x80   ? 1
                            : lead < 0xe0 ? 2
                            : lead < 0xf0 ? 3
                                          : 4;
  uint32_t code_point =
      size_bytes == 1 ? lead : lead & (0xffu >> (size_bytes + 1));
  for (size_t i = 1; i < size_bytes; ++i) {
    code_point = code_point << 6 | (static_cast<uint8_t>(text[i]) & 0x3fu);
  }
  text.remove_prefix(size_bytes);
  return code_point;
}

void AppendUtf8(std::string& text, uint32_t code_point) {
  const auto tail = [&text, code_point](int shift) {
    text += static_cast<char>(0x80 | ((code_point >> shift) & 0x3f));
  };
  if (code_point < 0x80) {
    text += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    text += static_cast<char>(0xc0 | (code_point >> 6));
    tail(0);
  } else if (code_point < 0x10000) {
    text += static_cast<char>(0xe0 | (code_point >> 12));
    tail(6);
    tail(0);
  } else {
    text += static_cast<char>(0xf0 | (code_point >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool IsHighSurrogate(uint16_t unit) { return (unit & 0xfc00) == 0xd800; }
bool IsLowSurrogate(uint16_t unit) { return (unit & 0xfc00) == 0xdc00; }

}  // namespace

Result<Bytes> EncodeGptName(std::string_view name) {
  if (!IsUtf8(name) || name.find('\0') != std::string_view::npos) {
    return InputError("gpt: partition name " + Quote(name) +
                      " is not UTF-8 without NUL");
  }
  ByteWriter writer;
  std::string_view rest = name;
  while (!rest.empty()) {
    const uint32_t code_point = NextCodePoint(rest);
    if (code_point < 0x10000) {
      writer.U16Le(static_cast<uint16_t>(code_point));
    } else {
      const uint32_t offset = code_point - 0x10000;
      writer.U16Le(static_cast<uint16_t>(0xd800 | (offset >> 10)));
      writer.U16Le(static_cast<uint16_t>(0xdc00 | (offset & 0x3ff)));
    }
  }
  if (writer.size() > kNameSize) {
    return InputError("gpt: partition name " + Quote(name) + " has " +
                      std::to_string(writer.size() / 2) +
                      " UTF-16 units, the limit is 36");
  }
  writer.ZerosUntil(kNameSize);
  return std::move(writer).Take();
}

std::string TakeGptName(ByteReader& reader) {
  const uint64_t end =
      reader.remaining() < kNameSize ? 0 : reader.remaining() - kNameSize;
  std::string name;
  while (reader.ok() && reader.remaining() > end) {
    const uint16_t unit = reader.U16Le("PartitionName");
    if (unit == 0) {
      reader.Zeros("PartitionName", reader.remaining() - end);
      break;
    }
    uint32_t code_point = unit;
    if (IsHighSurrogate(unit) && reader.remaining() > end) {
      const uint16_t low = reader.U16Le("PartitionName");
      code_point = 0x10000 + ((unit & 0x3ffu) << 10) + (low & 0x3ffu);
      if (!IsLowSurrogate(low))
        reader.Fail("PartitionName", "unpaired surrogate");
    } else if (IsHighSurrogate(unit) || IsLowSurrogate(unit)) {
      reader.Fail("PartitionName", "unpaired surrogate");
    }
    AppendUtf8(name, code_point);
  }
  return name;
}

}  // namespace tally
