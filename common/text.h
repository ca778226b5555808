// Text: hex, names, small parsers. No locale is ever consulted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// Hex returns lower-case hexadecimal, two characters a byte.
std::string Hex(ByteSpan bytes);
// ParseHex accepts lower or upper case, an even number of digits and nothing
// else.
Result<Bytes> ParseHex(std::string_view text);
// HexNumber returns "0x1f": lower case, no leading zeros.
std::string HexNumber(uint64_t value);

// ParseUnsigned accepts decimal ("42") or hexadecimal ("0x2a") digits and
// nothing else: no sign, space or overflow; no leading zero in decimal.
Result<uint64_t> ParseUnsigned(std::string_view text);

// Base64 returns standard base64 (RFC 4648 section 4) with padding.
std::string Base64(ByteSpan bytes);
// ParseBase64 accepts the same, strictly: padding required, unused bits zero,
// no white space.
Result<Bytes> ParseBase64(std::string_view text);

// Split cuts at every `separator`; n separators give n + 1 parts.
std::vector<std::string> Split(std::string_view text, char separator);
std::string Join(std::span<const std::string> parts,
                 std::string_view separator);
// Trim removes spaces, tabs, CR and LF at both ends.
std::string_view Trim(std::string_view text);
// Quote returns 'text' with control and non-ASCII bytes as \xNN, so that input
// cannot write to a terminal.
std::string Quote(std::string_view text);
// IsUtf8 says whether `text` is well-formed UTF-8 (RFC 3629).
bool IsUtf8(std::string_view text);

// NearestName returns the candidate closest to `name` by edit distance, if any
// is near enough to be a likely slip of the keyboard.
std::optional<std::string> NearestName(std::string_view name,
                                       std::span<const std::string> candidates);

// GlobMatches matches a whole path. '*' and '?' do not match '/', '**' matches
// anything; there are no other special characters.
bool GlobMatches(std::string_view pattern, std::string_view path);

// FormatUtcTime returns RFC 3339 with seconds, "2026-11-23T04:26:00Z".
std::string FormatUtcTime(int64_t seconds_since_epoch);

// ParseUtcTime accepts exactly what FormatUtcTime returns, from the year 1970
// to 9999.
Result<int64_t> ParseUtcTime(std::string_view text);
// FormatBytes returns a size for people: "61.3 MiB".
std::string FormatBytes(uint64_t size_bytes);

}  // namespace tally
