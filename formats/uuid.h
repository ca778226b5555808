// UUIDs: text, GUID byte order, derivation from a seed.
#pragma once

#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// Uuid holds 16 bytes in the order in which the text shows them (RFC 4122,
// section 4.1.2).
struct Uuid {
  std::array<uint8_t, 16> bytes = {};
  auto operator<=>(const Uuid&) const = default;
};

// FormatUuid returns lower case: "4f68bce3-e8cd-4db1-96e7-fbcaf984b709".
std::string FormatUuid(const Uuid& uuid);
// ParseUuid accepts that form in lower or upper case and nothing else.
Result<Uuid> ParseUuid(std::string_view text);

// GUIDs (UEFI 2.10, appendix A) store the first three fields little endian.
std::array<uint8_t, 16> GuidBytes(const Uuid& uuid);
Uuid UuidFromGuidBytes(const std::array<uint8_t, 16>& guid);

// DeriveUuid returns the first 16 bytes of HmacSha256(seed, label), with
// version and variant bits of a random UUID (RFC 4122, section 4.4), as systemd
// does for its derived identifiers: strict readers accept version 4 and know no
// version 8.
Uuid DeriveUuid(ByteSpan seed, std::string_view label);

}  // namespace tally
