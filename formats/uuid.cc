#include "formats/uuid.h"

#include <algorithm>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// Hyphens stand after 8, 12, 16 and 20 digits: RFC 4122, section 3.
bool HyphenBelongsAt(size_t position) {
  return position == 8 || position == 13 || position == 18 || position == 23;
}

}  // namespace

std::string FormatUuid(const Uuid& uuid) {
  std::string text = Hex(uuid.bytes);
  for (size_t i = 0; i < text.size(); ++i) {
    if (HyphenBelongsAt(i)) text.insert(i, 1, '-');
  }
  return text;
}

Result<Uuid> ParseUuid(std::string_view text) {
  std::string digits;
  bool well_formed = text.size() == 36;
  for (size_t i = 0; well_formed && i < text.size(); ++i) {
    if (HyphenBelongsAt(i)) {
      well_formed = text[i] == '-';
    } else {
      digits += text[i];
    }
  }
  const Result<Bytes> bytes = ParseHex(digits);
  if (!well_formed || !bytes) {
    return InputError("found " + Quote(text) +
                      ", expected a UUID such as "
                      "'4f68bce3-e8cd-4db1-96e7-fbcaf984b709'");
  }
  Uuid uuid;
  std::copy(bytes->begin(), bytes->end(), uuid.bytes.begin());
  return uuid;
}

std::array<uint8_t, 16> GuidBytes(const Uuid& uuid) {
  std::array<uint8_t, 16> guid = uuid.bytes;
  std::reverse(guid.begin(), guid.begin() + 4);
  std::reverse(guid.begin() + 4, guid.begin() + 6);
  std::reverse(guid.begin() + 6, guid.begin() + 8);
  return guid;
}

Uuid UuidFromGuidBytes(const std::array<uint8_t, 16>& guid) {
  // Reversing the same fields again restores the order of the text.
  return Uuid{GuidBytes(Uuid{guid})};
}

Uuid DeriveUuid(ByteSpan seed, std::string_view label) {
  const Sha256Digest derived = HmacSha256(seed, AsBytes(label));
  Uuid uuid;
  std::copy_n(derived.span().begin(), uuid.bytes.size(), uuid.bytes.begin());
  uuid.bytes[6] = static_cast<uint8_t>((uuid.bytes[6] & 0x0f) | 0x40);
  uuid.bytes[8] = static_cast<uint8_t>((uuid.bytes[8] & 0x3f) | 0x80);
  return uuid;
}

}  // namespace tally
