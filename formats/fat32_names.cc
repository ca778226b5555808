// FAT specification 1.03, "FAT Long Directory Entries", "Name Limits and
// Character Sets" and "The Basis-Name Generation Algorithm".
#include "formats/fat32_names.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace tally::fat32 {
namespace {

constexpr size_t kBaseSize = 8;
constexpr size_t kExtensionSize = 3;
constexpr size_t kMaxLongName = 255;
constexpr unsigned kMaxTail = 999999;
constexpr std::string_view kForbidden = "\"*/:<>?\\|";
constexpr std::string_view kShortPunctuation = "$%'-_@~`!(){}^#&";

bool IsShortCharacter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         kShortPunctuation.find(c) != std::string_view::npos;
}

bool IsPadded(std::string_view part) {
  const size_t size = std::min(part.find(' '), part.size());
  return std::ranges::all_of(part.substr(0, size), IsShortCharacter) &&
         part.find_first_not_of(' ', size) == std::string_view::npos;
}

std::string Pad(std::string_view base, std::string_view extension) {
  std::string padded(base);
  padded.resize(kBaseSize, ' ');
  padded += extension;
  padded.resize(kBaseSize + kExtensionSize, ' ');
  return padded;
}

struct Basis {
  std::string base;
  std::string extension;
};

// BasisName is steps 1 to 7 of the algorithm.
Basis BasisName(std::string_view name) {
  std::string cleaned;
  for (const char c : UpperCase(name)) {
    if (c == ' ' || (c == '.' && cleaned.empty())) continue;
    cleaned += IsShortCharacter(c) || c == '.' ? c : '_';
  }
  Basis basis;
  basis.base = cleaned.substr(0, std::min(cleaned.find('.'), kBaseSize));
  const size_t dot = cleaned.rfind('.');
  if (dot != std::string::npos) {
    basis.extension = cleaned.substr(dot + 1, kExtensionSize);
  }
  return basis;
}

// WithTail returns the alias "BASE~n.EXT" with the least n that is free.
Result<std::string> WithTail(std::string_view name,
                             const std::set<std::string>& used) {
  const Basis basis = BasisName(name);
  for (unsigned n = 1; n <= kMaxTail; ++n) {
    const std::string tail = "~" + std::to_string(n);
    std::string alias = Pad(
        basis.base.substr(0, kBaseSize - tail.size()) + tail, basis.extension);
    if (!used.contains(alias)) return alias;
  }
  return InputError("fat32: name " + Quote(name) + " has no free 8.3 alias");
}

}  // namespace

std::string UpperCase(std::string_view name) {
  std::string upper(name);
  for (char& c : upper) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return upper;
}

Status CheckName(std::string_view name) {
  const auto is_bad = [](char c) {
    return c < ' ' || c > '~' || kForbidden.find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > kMaxLongName ||
      std::ranges::any_of(name, is_bad) || name.back() == '.' ||
      name.back() == ' ') {
    return InputError("fat32: name " + Quote(name) +
                      ", expected 1 to 255 printable ASCII characters without "
                      "\"*/:<>?\\| and no period or space at the end");
  }
  return Ok();
}

Status CheckLabel(std::string_view label) {
  const auto is_good = [](char c) { return c == ' ' || IsShortCharacter(c); };
  if (label.empty() || label.size() > kBaseSize + kExtensionSize ||
      label.front() == ' ' || label.back() == ' ' ||
      !std::ranges::all_of(label, is_good)) {
    return InputError("fat32: volume label " + Quote(label) +
                      ", expected 1 to 11 characters of A-Z, 0-9, inner spaces "
                      "and $%'-_@~`!(){}^#&");
  }
  return Ok();
}

std::string ShortName(std::string_view name) {
  const size_t dot = name.find('.');
  const std::string_view base = name.substr(0, dot);
  std::string_view extension;
  if (dot != std::string_view::npos) {
    extension = name.substr(dot + 1);
    if (extension.empty()) return "";
  }
  if (base.empty() || base.size() > kBaseSize ||
      extension.size() > kExtensionSize ||
      !std::ranges::all_of(base, IsShortCharacter) ||
      !std::ranges::all_of(extension, IsShortCharacter)) {
    return "";
  }
  return Pad(base, extension);
}

std::string ShortNameText(std::string_view short_name) {
  TALLY_CHECK(short_name.size() == kBaseSize + kExtensionSize);
  const std::string_view base = short_name.substr(0, kBaseSize);
  const std::string_view extension = short_name.substr(kBaseSize);
  if (base.front() == ' ' || !IsPadded(base) || !IsPadded(extension)) return "";
  std::string text(base.substr(0, base.find(' ')));
  if (extension.front() == ' ') return text;
  return text + "." + std::string(extension.substr(0, extension.find(' ')));
}

Result<std::vector<std::string>> ShortNames(
    const std::vector<std::string_view>& names) {
  std::vector<std::string> short_names;
  std::set<std::string> used;
  for (const std::string_view name : names) {
    short_names.push_back(ShortName(UpperCase(name)));
    if (short_names.back().empty()) continue;
    TALLY_CHECK(used.insert(short_names.back()).second);
  }
  // Only now the tails: no alias takes the name of another file.
  for (size_t i = 0; i < names.size(); ++i) {
    if (!short_names[i].empty()) continue;
    TALLY_ASSIGN(short_names[i], WithTail(names[i], used));
    used.insert(short_names[i]);
  }
  return short_names;
}

uint8_t ShortNameChecksum(std::string_view short_name) {
  unsigned sum = 0;
  for (const char c : short_name) {
    const unsigned rotated = ((sum & 1) << 7) | (sum >> 1);
    sum = (rotated + static_cast<uint8_t>(c)) & 0xff;
  }
  return static_cast<uint8_t>(sum);
}

}  // namespace tally::fat32
