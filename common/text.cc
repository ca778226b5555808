#include "common/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <numeric>

namespace tally {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// EditDistance is the optimal string alignment distance, over bytes: two
// neighbours swapped are one slip.
size_t EditDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before, above, row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    before = std::move(above);
    above = row;
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substitution = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({row[j - 1] + 1, above[j] + 1, substitution});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
  }
  return row[b.size()];
}

}  // namespace

std::string Hex(ByteSpan bytes) {
  std::string text(bytes.size() * 2, '0');
  char* out = text.data();
  for (const uint8_t byte : bytes) {
    *out++ = kHexDigits[byte >> 4];
    *out++ = kHexDigits[byte & 15];
  }
  return text;
}

Result<Bytes> ParseHex(std::string_view text) {
  if (text.size() % 2 != 0) {
    return InputError("hex has " + std::to_string(text.size()) +
                      " digits, expected an even number");
  }
  Bytes bytes;
  bytes.reserve(text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = HexValue(text[i]);
    const int low = HexValue(text[i + 1]);
    if (high < 0 || low < 0) {
      return InputError("found " + Quote(text.substr(i, 2)) + " at digit " +
                        std::to_string(i) + ", expected hex");
    }
    bytes.push_back(static_cast<uint8_t>(high * 16 + low));
  }
  return bytes;
}

std::string HexNumber(uint64_t value) {
  std::string digits;
  do {
    digits += kHexDigits[value & 15];
    value >>= 4;
  } while (value != 0);
  std::reverse(digits.begin(), digits.end());
  return "0x" + digits;
}

Result<uint64_t> ParseUnsigned(std::string_view text) {
  const auto refuse = [&] {
    return InputError("found " + Quote(text) + ", expected an unsigned number");
  };
  const bool hex = text.starts_with("0x");
  const std::string_view digits = hex ? text.substr(2) : text;
  const uint64_t base = hex ? 16 : 10;
  if (digits.empty() || (!hex && digits.size() > 1 && digits[0] == '0')) {
    return refuse();
  }
  uint64_t value = 0;
  for (char c : digits) {
    const int digit = HexValue(c);
    if (digit < 0 || static_cast<uint64_t>(digit) >= base) return refuse();
    const uint64_t add = static_cast<uint64_t>(digit);
    if (value > (std::numeric_limits<uint64_t>::max() - add) / base) {
      return refuse();
    }
    value = value * base + add;
  }
  return value;
}

std::string Base64(ByteSpan bytes) {
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t size = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = 0;
    for (size_t j = 0; j < 3; ++j) {
      group = (group << 8) | (j < size ? bytes[i + j] : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      text += j <= size ? kBase64Digits[(group >> (18 - 6 * j)) & 63] : '=';
    }
  }
  return text;
}

Result<Bytes> ParseBase64(std::string_view text) {
  if (text.size() % 4 != 0) {
    return InputError("base64 has " + std::to_string(text.size()) +
                      " characters, expected a multiple of 4");
  }
  Bytes bytes;
  for (size_t i = 0; i < text.size(); i += 4) {
    const bool last = i + 4 == text.size();
    size_t padding = 0;
    if (last && text[i + 3] == '=') padding = text[i + 2] == '=' ? 2 : 1;
    uint32_t group = 0;
    for (size_t j = 0; j < 4; ++j) {
      const size_t digit =
          j < 4 - padding ? kBase64Digits.find(text[i + j]) : 0;
      if (digit == std::string_view::npos) {
        return InputError("found " + Quote(text.substr(i + j, 1)) +
                          " at character " + std::to_string(i + j) +
                          ", expected base64");
      }
      group = (group << 6) | static_cast<uint32_t>(digit);
    }
    // Unused bits would give one value several spellings.
    if (padding > 0 && (group & (padding == 1 ? 0xffu : 0xffffu)) != 0) {
      return InputError("base64 ends in unused bits that are not zero");
    }
    for (size_t j = 0; j < 3 - padding; ++j) {
      bytes.push_back(static_cast<uint8_t>(group >> (16 - 8 * j)));
    }
  }
  return bytes;
}

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  size_t start = 0;
  while (true) {
    const size_t end = text.find(separator, start);
    if (end == std::string_view::npos) break;
    parts.emplace_back(text.substr(start, end - start));
    start = end + 1;
  }
  parts.emplace_back(text.substr(start));
  return parts;
}

std::string Join(std::span<const std::string> parts,
                 std::string_view separator) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += separator;
    text += parts[i];
  }
  return text;
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string Quote(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      quoted += "\\x";
      quoted += kHexDigits[byte >> 4];
      quoted += kHexDigits[byte & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool IsUtf8(std::string_view text) {
  // Smallest code point that needs n continuation bytes (RFC 3629 section 3).
  constexpr std::array<uint32_t, 4> kSmallest = {0, 0x80, 0x800, 0x10000};
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i++]);
    size_t more = 0;
    uint32_t point = lead;
    if (lead >= 0x80) {
      if ((lead & 0xe0) == 0xc0) {
        more = 1, point = lead & 0x1fu;
      } else if ((lead & 0xf0) == 0xe0) {
        more = 2, point = lead & 0x0fu;
      } else if ((lead & 0xf8) == 0xf0) {
        more = 3, point = lead & 0x07u;
      } else {
        return false;
      }
    }
    if (text.size() - i < more) return false;
    for (size_t j = 0; j < more; ++j) {
      const auto byte = static_cast<uint8_t>(text[i++]);
      if ((byte & 0xc0) != 0x80) return false;
      point = (point << 6) | (byte & 0x3fu);
    }
    const bool surrogate = point >= 0xd800 && point <= 0xdfff;
    if (point < kSmallest[more] || point > 0x10ffff || surrogate) return false;
  }
  return true;
}

std::optional<std::string> NearestName(
    std::string_view name, std::span<const std::string> candidates) {
  // A third of the letters wrong is a slip; more is another word.
  size_t best_distance = std::max<size_t>(1, name.size() / 3) + 1;
  std::optional<std::string> best;
  for (const std::string& candidate : candidates) {
    // The distance is at least this; a name that a file made very long must not
    // cost more than its length.
    const size_t longer = std::max(candidate.size(), name.size());
    const size_t shorter = std::min(candidate.size(), name.size());
    if (longer - shorter >= best_distance) continue;
    const size_t distance = EditDistance(name, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return best;
}

bool GlobMatches(std::string_view pattern, std::string_view path) {
  // Classic backtracking matcher: remember the last star and retry from there.
  // A '**' may absorb '/', so two retry points are kept, one for each kind.
  size_t p = 0;
  size_t s = 0;
  constexpr size_t kNone = std::string_view::npos;
  size_t star_p = kNone, star_s = 0;  // after the last '*'
  size_t deep_p = kNone, deep_s = 0;  // after the last '**'
  while (s < path.size() || p < pattern.size()) {
    if (p < pattern.size()) {
      if (pattern.substr(p).starts_with("**")) {
        p += 2;
        deep_p = p, deep_s = s;
        star_p = kNone;
        continue;
      }
      if (pattern[p] == '*') {
        star_p = ++p, star_s = s;
        continue;
      }
      if (s < path.size() &&
          (pattern[p] == path[s] || (pattern[p] == '?' && path[s] != '/'))) {
        ++p, ++s;
        continue;
      }
    }
    if (star_p != kNone && star_s < path.size() && path[star_s] != '/') {
      p = star_p, s = ++star_s;
      continue;
    }
    if (deep_p != kNone && deep_s < path.size()) {
      p = deep_p, s = ++deep_s;
      star_p = kNone;
      continue;
    }
    return false;
  }
  return true;
}

std::string FormatUtcTime(int64_t seconds_since_epoch) {
  // Days to civil date, after Howard Hinnant, "chrono-compatible low-level date
  // algorithms"; gmtime() would limit the range and needs a libc call.
  int64_t days = seconds_since_epoch / 86400;
  int64_t seconds = seconds_since_epoch % 86400;
  if (seconds < 0) seconds += 86400, --days;
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 +
                               day_of_era / 36524 - day_of_era / 146096) /
                              365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int64_t day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const int64_t month =
      shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  std::array<char, 64> text;
  std::snprintf(
      text.data(), text.size(), "%04lld-%02lld-%02lldT%02lld:%02lld:%02lldZ",
      static_cast<long long>(year), static_cast<long long>(month),
      static_cast<long long>(day), static_cast<long long>(seconds / 3600),
      static_cast<long long>(seconds / 60 % 60),
      static_cast<long long>(seconds % 60));
  return text.data();
}

Result<int64_t> ParseUtcTime(std::string_view text) {
  // Digits only: the separators are checked by the comparison below.
  const auto number = [text](size_t begin, size_t count) {
    int64_t value = 0;
    for (const char c : text.substr(std::min(begin, text.size()), count)) {
      value = value * 10 + (c - '0');
    }
    return value;
  };
  const int64_t year = number(0, 4);
  const int64_t month = number(5, 2);
  // Civil date to days, the inverse of the above.
  const int64_t shifted_year = month <= 2 ? year - 1 : year;
  const int64_t era = shifted_year / 400;
  const int64_t year_of_era = shifted_year - era * 400;
  const int64_t day_of_year =
      (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + number(8, 2) - 1;
  const int64_t days = era * 146097 + year_of_era * 365 + year_of_era / 4 -
                       year_of_era / 100 + day_of_year - 719468;
  const int64_t seconds =
      days * 86400 + number(11, 2) * 3600 + number(14, 2) * 60 + number(17, 2);
  // Whatever is not written as we write it gives another text.
  if (seconds < 0 || FormatUtcTime(seconds) != text) {
    return InputError("found " + Quote(text) +
                      ", expected a time such as 2026-11-23T04:26:00Z");
  }
  return seconds;
}

std::string FormatBytes(uint64_t size_bytes) {
  constexpr std::array<std::string_view, 5> kUnits = {"B", "KiB", "MiB", "GiB",
                                                      "TiB"};
  size_t unit = 0;
  uint64_t scale = 1;
  while (unit + 1 < kUnits.size() && size_bytes / scale >= 1024) {
    scale *= 1024, ++unit;
  }
  const uint64_t whole = size_bytes / scale;
  const uint64_t tenth = size_bytes % scale * 10 / scale;
  std::string text = std::to_string(whole);
  if (unit > 0) text += "." + std::to_string(tenth);
  return text + " " + std::string(kUnits[unit]);
}

}  // namespace tally
