// systemd unit names and the [Install] section of unit files.
//
// Follows systemd.unit(5) and systemd.syntax(7) of systemd 252, and for names
// src/basic/unit-name.c there. Sections other than [Install] are not judged.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

// UnitName is a valid unit name in its parts: "getty@tty1.service" is the
// instance "tty1" of the template "getty@.service".
struct UnitName {
  enum class Kind { kPlain, kTemplate, kInstance };

  Kind kind = Kind::kPlain;
  std::string prefix;    // "getty"
  std::string instance;  // "tty1"; empty unless kInstance
  std::string type;      // "service"

  std::string ToString() const;
  // TemplateName returns "getty@.service" for a template or an instance.
  std::string TemplateName() const;
  // WithInstance returns the instance of this template or instance.
  UnitName WithInstance(std::string_view new_instance) const;

  bool operator==(const UnitName&) const = default;
};

// ParseUnitName refuses what systemd refuses: slashes and other characters
// outside of [A-Za-z0-9:_.\@-], unknown types, an empty prefix, more than 255
// bytes.
Result<UnitName> ParseUnitName(std::string_view name);

// IsUnitInstance says whether `instance` may stand between '@' and the type.
bool IsUnitInstance(std::string_view instance);

// MayAlias says whether a unit `unit` may also be called `alias`: of the same
// type, which is one that knows aliases, and both plain, both templates, or the
// alias an instance of what is a template or the same instance.
bool MayAlias(const UnitName& alias, const UnitName& unit);

// InstallValue is one word of an assignment; specifiers are not expanded.
struct InstallValue {
  std::string text;
  int line = 0;        // where the assignment ends
  std::string source;  // the file, as the caller of ParseUnitInstall named it

  bool operator==(const InstallValue&) const = default;
};

// UnitInstall is what the [Install] sections of one file, or of a file and its
// drop-ins, amount to.
struct UnitInstall {
  std::vector<InstallValue> wanted_by;
  std::vector<InstallValue> required_by;
  std::vector<InstallValue> upheld_by;  // since systemd 253
  std::vector<InstallValue> also;
  std::vector<InstallValue> aliases;
  std::optional<InstallValue> default_instance;

  bool empty() const {
    return wanted_by.empty() && required_by.empty() && upheld_by.empty() &&
           also.empty() && aliases.empty() && !default_instance;
  }
  bool operator==(const UnitInstall&) const = default;
};

// ParseUnitInstall reads a unit file, or a drop-in into what the files before
// it said (`base`). It is an InputError if the text is over 1 MiB, has a NUL,
// ends within a continued line, or if a line of [Install] is no assignment, has
// an unclosed quote, or makes a list longer than 256. Unknown keys are skipped.
Result<UnitInstall> ParseUnitInstall(std::string_view text,
                                     std::string_view source,
                                     UnitInstall base = {});

// ExpandSpecifiers replaces %i %j %n %N %p %% in a word of [Install] of `unit`.
// The others speak of the machine that runs systemctl, and are InputErrors.
Result<std::string> ExpandSpecifiers(std::string_view text,
                                     const UnitName& unit);

}  // namespace tally
