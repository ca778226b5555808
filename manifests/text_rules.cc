#include "manifests/text_rules.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxName = 255;
// Linux, include/uapi/linux/limits.h: NAME_MAX, and PATH_MAX with the final
// zero.
constexpr size_t kMaxComponent = 255;
constexpr size_t kMaxPath = 4095;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
bool IsLowerOrDigit(char c) { return IsLower(c) || IsDigit(c); }
bool IsAlnum(char c) { return IsLowerOrDigit(c) || IsUpper(c); }
bool IsPrintableAscii(char c) { return c >= ' ' && c <= '~'; }
bool IsControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

// IsName: begins with a letter or digit; then also the `others`.
bool IsName(std::string_view text, bool (*is_letter)(char),
            std::string_view others) {
  return !text.empty() && text.size() <= kMaxName && is_letter(text[0]) &&
         std::ranges::all_of(text, [&](char c) {
           return is_letter(c) || others.find(c) != std::string_view::npos;
         });
}

bool IsPackageName(std::string_view text) {
  return text.size() >= 2 && IsName(text, IsLowerOrDigit, ".+-");
}

bool IsPackageChain(std::string_view text) {
  constexpr std::string_view kArrow = " > ";
  while (true) {
    const size_t arrow = text.find(kArrow);
    if (!IsPackageName(text.substr(0, arrow))) return false;
    if (arrow == std::string_view::npos) return true;
    text.remove_prefix(arrow + kArrow.size());
  }
}

// AreComponents: "a/b", without empty ones, "." and "..".
bool AreComponents(std::string_view text) {
  if (text.size() > kMaxPath) return false;
  return std::ranges::all_of(Split(text, '/'), [](const std::string& part) {
    return !part.empty() && part.size() <= kMaxComponent && part != "." &&
           part != "..";
  });
}

bool HasNoControl(std::string_view text) {
  return !text.empty() && std::ranges::none_of(text, IsControl);
}

bool IsPrintable(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, IsPrintableAscii);
}

bool IsImagePath(std::string_view text) {
  return text.starts_with('/') && HasNoControl(text) &&
         AreComponents(text.substr(1));
}

bool IsRelativePath(std::string_view text) {
  return IsPrintable(text) && AreComponents(text);
}

bool IsHex(std::string_view text, size_t num_digits, char first_letter) {
  return text.size() == num_digits && std::ranges::all_of(text, [&](char c) {
           return IsDigit(c) || (c >= first_letter && c <= first_letter + 5);
         });
}

// Field reads `size` digits at `begin`; -1 if there is something else.
int Field(std::string_view text, size_t begin, size_t size) {
  int value = 0;
  for (char c : text.substr(begin, size)) {
    if (!IsDigit(c)) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool IsUtcTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00Z";
  if (text.size() != kShape.size()) return false;
  for (size_t i = 0; i < kShape.size(); ++i) {
    if (kShape[i] != '0' && text[i] != kShape[i]) return false;
  }
  constexpr std::array kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const int year = Field(text, 0, 4);
  const int month = Field(text, 5, 2);
  const int day = Field(text, 8, 2);
  const int hour = Field(text, 11, 2);
  const int minute = Field(text, 14, 2);
  const int second = Field(text, 17, 2);
  if (year < 1970 || month < 1 || month > 12) return false;
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const int days =
      kDays[static_cast<size_t>(month - 1)] + (leap && month == 2 ? 1 : 0);
  return day >= 1 && day <= days && hour >= 0 && hour <= 23 && minute >= 0 &&
         minute <= 59 && second >= 0 && second <= 59;
}

bool IsNumberLike(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() > 2 && text[0] == '0' &&
      (text[1] == 'x' || text[1] == 'o' || text[1] == 'b')) {
    return std::ranges::all_of(text.substr(2), [](char c) {
      return IsDigit(c) || c == '_' || (c >= 'a' && c <= 'f') ||
             (c >= 'A' && c <= 'F');
    });
  }
  return !text.empty() && (IsDigit(text[0]) || text[0] == '.') &&
         std::ranges::any_of(text, IsDigit) &&
         std::ranges::all_of(text, [](char c) {
           return IsDigit(c) ||
                  std::string_view("._:+-eE").find(c) != std::string_view::npos;
         });
}

}  // namespace

bool LooksTyped(std::string_view text) {
  static constexpr std::array<std::string_view, 15> kWords = {
      "",    "~", "null", "true", "false", "yes",   "no",  "on",
      "off", "y", "n",    ".inf", "-.inf", "+.inf", ".nan"};
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return std::ranges::find(kWords, lower) != kWords.end() ||
         IsNumberLike(text) || IsUtcTime(text);
}

constexpr TextRule kReleaseName = {
    "a name (a-z 0-9 . + -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsLowerOrDigit, ".+-"); }};
constexpr TextRule kReleaseVersion = {
    "a version (A-Z a-z 0-9 . + ~ -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, ".+~-"); }};
constexpr TextRule kArchiveName = {
    "the name of an archive (a-z 0-9 . + -, first a letter or digit)",
    kReleaseName.accepts};
constexpr TextRule kSuiteName = {
    "the name of a suite (A-Z a-z 0-9 . + _ -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, ".+_-"); }};
constexpr TextRule kComponentName = {
    "the name of a component (A-Z a-z 0-9 . + _ -, first a letter or digit)",
    kSuiteName.accepts};
constexpr TextRule kPackageName = {
    "the name of a package (two or more of a-z 0-9 . + -, first a letter or "
    "digit)",
    IsPackageName};
constexpr TextRule kPackageVersion = {
    "the version of a package (A-Z a-z 0-9 . + ~ : -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, ".+~:-"); }};
constexpr TextRule kPackageChain = {"names of packages, 'a > b > c'",
                                    IsPackageChain};
constexpr TextRule kModuleName = {
    "the name of a kernel module (A-Z a-z 0-9 _ -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, "_-"); }};
constexpr TextRule kVcpuType = {
    "a vCPU type (A-Z a-z 0-9 . -, first a letter or digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, ".-"); }};
constexpr TextRule kTargetName = {
    "the name of a target (a-z 0-9 . + -, first a letter or digit)",
    kReleaseName.accepts};

constexpr TextRule kImagePath = {
    "an absolute path without empty, '.' or '..' parts", IsImagePath};
constexpr TextRule kImageGlob = {
    "a pattern for absolute paths, without empty, '.' or '..' parts",
    IsImagePath};
constexpr TextRule kRelativePath = {
    "a relative path in printable ASCII, without empty, '.' or '..' parts",
    IsRelativePath};
constexpr TextRule kKeyringPath = {
    "a path without empty, '.' or '..' parts", [](std::string_view text) {
      return IsImagePath(text) || IsRelativePath(text);
    }};
constexpr TextRule kLinkTarget = {
    "the target of a symbolic link (1 to 4095 bytes, no control bytes)",
    [](std::string_view text) {
      return HasNoControl(text) && text.size() <= kMaxPath;
    }};

constexpr TextRule kAnyText = {"text", [](std::string_view) { return true; }};
constexpr TextRule kArgument = {"text without control bytes, not empty",
                                HasNoControl};
constexpr TextRule kCommandLine = {
    "1 to 1536 printable ASCII characters", [](std::string_view text) {
      static_assert(kMaxCommandLine == 1536);
      return IsPrintable(text) && text.size() <= kMaxCommandLine;
    }};
constexpr TextRule kDiskCommandLine = {
    "1 to 1536 printable ASCII characters with closed quotes, without "
    "roothash= "
    "and systemd.verity…, which the build adds",
    [](std::string_view text) {
      return kCommandLine.accepts(text) &&
             std::ranges::count(text, '"') % 2 == 0 &&
             text.find("roothash=") == std::string_view::npos &&
             text.find("systemd.verity") == std::string_view::npos;
    }};
constexpr TextRule kMode = {
    "four octal digits in quotes, as in \"0755\"", [](std::string_view text) {
      return text.size() == 4 && std::ranges::all_of(text, [](char c) {
               return c >= '0' && c <= '7';
             });
    }};
constexpr TextRule kPrintable = {"printable ASCII text, not empty",
                                 IsPrintable};
constexpr TextRule kSha256Hex = {
    "64 lower-case hexadecimal digits",
    [](std::string_view text) { return IsHex(text, 64, 'a'); }};
constexpr TextRule kFingerprint = {
    "40 upper-case hexadecimal digits",
    [](std::string_view text) { return IsHex(text, 40, 'A'); }};
constexpr TextRule kUtcTime = {"a time as in \"2026-07-11T10:16:37Z\"",
                               IsUtcTime};

}  // namespace tally
