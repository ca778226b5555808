#include "manifests/text_rules.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

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

// systemd's strict rule for account names, and that of Debian's adduser: a
// name is never taken for a number or an option.
bool IsAccountName(std::string_view text) {
  return !text.empty() && text.size() <= 31 &&
         (IsLower(text[0]) || text[0] == '_') &&
         std::ranges::all_of(text, [](char c) {
           return IsLowerOrDigit(c) || c == '_' || c == '-';
         });
}

// hostname(7): labels of letters, digits and '-', not at the ends.
bool IsHostName(std::string_view text) {
  return text.size() <= 64 &&
         std::ranges::all_of(Split(text, '.'), [](const std::string& label) {
           return !label.empty() && label.size() <= 63 && label[0] != '-' &&
                  label.back() != '-' && std::ranges::all_of(label, [](char c) {
                    return IsAlnum(c) || c == '-';
                  });
         });
}

// systemd.unit(5): "prefix.type" or "prefix@instance.type".
bool IsUnitName(std::string_view text) {
  constexpr std::array<std::string_view, 11> kTypes = {
      "service", "socket", "device", "mount", "automount", "swap",
      "target",  "path",   "timer",  "slice", "scope"};
  const size_t dot = text.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || text.size() > 255) {
    return false;
  }
  return std::ranges::find(kTypes, text.substr(dot + 1)) != kTypes.end() &&
         text[0] != '@' && std::ranges::all_of(text, [](char c) {
           return IsAlnum(c) ||
                  std::string_view(":-_.\\@").find(c) != std::string_view::npos;
         });
}

bool IsHex(std::string_view text, size_t num_digits, char first_letter) {
  return text.size() == num_digits && std::ranges::all_of(text, [&](char c) {
           return IsDigit(c) || (c >= first_letter && c <= first_letter + 5);
         });
}

// The kernel's file systems are mounted after the volumes, and would hide them.
bool IsMountPath(std::string_view text) {
  if (!IsImagePath(text) || text.size() > 200) return false;
  for (std::string_view taken : {"/dev", "/proc", "/run", "/sys", "/tmp"}) {
    if (text == taken || text.starts_with(std::string(taken) + "/")) {
      return false;
    }
  }
  return std::ranges::all_of(text, [](char c) {
    return IsAlnum(c) ||
           std::string_view("/._+@-").find(c) != std::string_view::npos;
  });
}

bool IsDownloadUrl(std::string_view text) {
  if (text.size() > 2048 || !IsPrintable(text)) return false;
  if (text.find_first_of(" #") != std::string_view::npos) return false;
  const size_t host = text.starts_with("https://")  ? 8
                      : text.starts_with("http://") ? 7
                                                    : 0;
  const size_t path = text.find('/', host);
  return host > 0 && path != std::string_view::npos && path > host &&
         text.substr(host, path - host).find('@') == std::string_view::npos;
}

// OCI distribution specification 1.1, "Pulling manifests": path components of
// lower-case letters and digits, with single separators between them.
bool IsRepositoryPart(std::string_view text) {
  return !text.empty() && IsLowerOrDigit(text[0]) &&
         IsLowerOrDigit(text.back()) && std::ranges::all_of(text, [](char c) {
           return IsLowerOrDigit(c) || c == '.' || c == '_' || c == '-';
         });
}

bool IsRegistryName(std::string_view text) {
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos || text.size() > kMaxName) return false;
  std::string_view host = text.substr(0, slash);
  if (const size_t colon = host.find(':'); colon != std::string_view::npos) {
    const std::string_view port = host.substr(colon + 1);
    if (port.empty() || port.size() > 5 ||
        !std::ranges::all_of(port, IsDigit)) {
      return false;
    }
    host = host.substr(0, colon);
  }
  return IsHostName(host) &&
         std::ranges::all_of(Split(text.substr(slash + 1), '/'),
                             IsRepositoryPart);
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

constexpr TextRule kAccountName = {
    "the name of an account (1 to 31 of a-z 0-9 _ -, first a letter or _)",
    IsAccountName};
constexpr TextRule kHostName = {
    "a host name (labels of A-Z a-z 0-9 -, at most 64 characters)", IsHostName};
constexpr TextRule kUnitName = {
    "the name of a systemd unit with its type, as in 'chrony.service'",
    IsUnitName};
constexpr TextRule kTimeZone = {
    "a time zone, as in 'Etc/UTC'", [](std::string_view text) {
      return text.size() <= kMaxName && AreComponents(text) &&
             std::ranges::all_of(text, [](char c) {
               return IsAlnum(c) || c == '/' || c == '_' || c == '+' ||
                      c == '-';
             });
    }};
constexpr TextRule kLocaleName = {
    "the name of a locale, as in 'C.UTF-8'",
    [](std::string_view text) { return IsName(text, IsAlnum, "._@-"); }};
constexpr TextRule kAlternativeName = {
    "the name of an alternative (A-Z a-z 0-9 . + _ -, first a letter or "
    "digit)",
    [](std::string_view text) { return IsName(text, IsAlnum, ".+_-"); }};

constexpr TextRule kSourceName = {
    "a name (a-z 0-9 . + -, first a letter or digit)", kReleaseName.accepts};
constexpr TextRule kVolumeName = {
    "the name of a volume (1 to 15 of a-z 0-9 -, first a letter)",
    [](std::string_view text) {
      return text.size() <= 15 && IsName(text, IsLowerOrDigit, "-") &&
             IsLower(text[0]);
    }};
constexpr TextRule kConflictWinner = {
    "the name of a package, or 'directory PATH', 'download NAME', 'oci NAME'",
    [](std::string_view text) {
      const size_t space = text.find(' ');
      if (space == std::string_view::npos) return IsPackageName(text);
      const std::string_view kind = text.substr(0, space);
      const std::string_view name = text.substr(space + 1);
      if (kind == "directory") return IsRelativePath(name);
      return (kind == "download" || kind == "oci") &&
             kReleaseName.accepts(name);
    }};

constexpr TextRule kMountPath = {
    "an absolute path of A-Z a-z 0-9 . _ + @ -, outside of /dev, /proc, /run, "
    "/sys and /tmp",
    IsMountPath};
constexpr TextRule kImagePath = {
    "an absolute path without empty, '.' or '..' parts", IsImagePath};
constexpr TextRule kHomePath = {
    "'/' or an absolute path without empty, '.' or '..' parts",
    [](std::string_view text) { return text == "/" || IsImagePath(text); }};
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
constexpr TextRule kAccountText = {
    "text without ':' and control bytes", [](std::string_view text) {
      return text.find(':') == std::string_view::npos &&
             std::ranges::none_of(text, IsControl);
    }};
constexpr TextRule kMachineId = {
    "'uninitialized', an empty text, or 32 lower-case hexadecimal digits",
    [](std::string_view text) {
      return text.empty() || text == "uninitialized" || IsHex(text, 32, 'a');
    }};
constexpr TextRule kActionText = {
    "a native action in printable ASCII, at most 4096 characters",
    [](std::string_view text) {
      return IsPrintable(text) && text.size() <= 4096;
    }};
constexpr TextRule kCommandLine = {
    "1 to 1536 printable ASCII characters", [](std::string_view text) {
      static_assert(kMaxCommandLine == 1536);
      return IsPrintable(text) && text.size() <= kMaxCommandLine;
    }};
constexpr TextRule kDiskCommandLine = {
    "1 to 1536 printable ASCII characters with closed quotes, without "
    "roothash=, "
    "systemd.verity… and tally.volume…, which the build adds",
    [](std::string_view text) {
      return kCommandLine.accepts(text) &&
             std::ranges::count(text, '"') % 2 == 0 &&
             text.find("roothash=") == std::string_view::npos &&
             text.find("systemd.verity") == std::string_view::npos &&
             text.find("tally.volume") == std::string_view::npos;
    }};
constexpr TextRule kDownloadUrl = {
    "a URL that begins with https:// or http://, in printable ASCII without "
    "spaces, user name and fragment, at most 2048 characters",
    IsDownloadUrl};
constexpr TextRule kRegistryName = {
    "a registry's repository, as in 'registry.example.org/team/app'",
    IsRegistryName};
constexpr TextRule kOciDigest = {
    "'sha256:' and 64 lower-case hexadecimal digits",
    [](std::string_view text) {
      return text.starts_with("sha256:") && IsHex(text.substr(7), 64, 'a');
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
constexpr TextRule kSha384Hex = {
    "96 lower-case hexadecimal digits",
    [](std::string_view text) { return IsHex(text, 96, 'a'); }};
constexpr TextRule kHexBytes = {
    "pairs of lower-case hexadecimal digits, at most 4096",
    [](std::string_view text) {
      return text.size() % 2 == 0 && text.size() <= 8192 &&
             IsHex(text, text.size(), 'a');
    }};
constexpr TextRule kMemorySize = {
    "a size such as 512M, 4G or 1T", [](std::string_view text) {
      if (text.size() < 2 || text.size() > 7 || text[0] == '0') return false;
      const char unit = text.back();
      text.remove_suffix(1);
      return (unit == 'M' || unit == 'G' || unit == 'T') &&
             std::ranges::all_of(text, IsDigit);
    }};
constexpr TextRule kPciPlace = {
    "a PCI device (0 to 31) and its function (0 to 7), as in \"1.0\"",
    [](std::string_view text) {
      const std::vector<std::string> parts = Split(text, '.');
      if (parts.size() != 2) return false;
      const Result<uint64_t> device = ParseUnsigned(parts[0]);
      const Result<uint64_t> function = ParseUnsigned(parts[1]);
      return device && function && *device < 32 && *function < 8;
    }};
constexpr TextRule kQemuVersion = {
    "a version of QEMU, as in \"9.2\"", [](std::string_view text) {
      const std::vector<std::string> parts = Split(text, '.');
      return (parts.size() == 2 || parts.size() == 3) &&
             std::ranges::all_of(parts, [](const std::string& part) {
               return !part.empty() && part.size() <= 3 &&
                      std::ranges::all_of(part, IsDigit);
             });
    }};
constexpr TextRule kFingerprint = {
    "40 upper-case hexadecimal digits",
    [](std::string_view text) { return IsHex(text, 40, 'A'); }};
constexpr TextRule kUtcTime = {"a time as in \"2026-07-11T10:16:37Z\"",
                               IsUtcTime};

}  // namespace tally
