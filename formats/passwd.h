// The account files: passwd(5), group(5), shadow(5), gshadow(5).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

struct PasswdEntry {
  std::string name;
  std::string password = "x";  // "x": see shadow
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string comment;  // "GECOS"
  std::string home;
  std::string shell;

  bool operator==(const PasswdEntry&) const = default;
};

struct GroupEntry {
  std::string name;
  std::string password = "x";
  uint32_t gid = 0;
  std::vector<std::string> members;

  bool operator==(const GroupEntry&) const = default;
};

// ShadowEntry has days since 1970, and numbers of days; empty fields are none.
struct ShadowEntry {
  std::string name;
  std::string password;
  std::optional<uint32_t> last_change;
  std::optional<uint32_t> min_age;
  std::optional<uint32_t> max_age;
  std::optional<uint32_t> warning;
  std::optional<uint32_t> inactivity;
  std::optional<uint32_t> expires;
  std::string reserved;

  bool operator==(const ShadowEntry&) const = default;
};

struct GshadowEntry {
  std::string name;
  std::string password;
  std::vector<std::string> administrators;
  std::vector<std::string> members;

  bool operator==(const GshadowEntry&) const = default;
};

// Parsers of whole files. Every line is one entry with all its fields; empty
// lines, comments, NIS entries, control bytes, two entries of one name or one
// number, and numbers that are no ids are InputErrors that begin with `where`
// and the line: "'/etc/passwd' line 3: found …, expected …".
Result<std::vector<PasswdEntry>> ParsePasswd(std::string_view text,
                                             std::string_view where);
Result<std::vector<GroupEntry>> ParseGroup(std::string_view text,
                                           std::string_view where);
Result<std::vector<ShadowEntry>> ParseShadow(std::string_view text,
                                             std::string_view where);
Result<std::vector<GshadowEntry>> ParseGshadow(std::string_view text,
                                               std::string_view where);

// The text of a file, in the order of the entries. Fields must be free of ':',
// ',' where there are lists, and control bytes: see CheckAccountField.
std::string FormatPasswd(const std::vector<PasswdEntry>& entries);
std::string FormatGroup(const std::vector<GroupEntry>& entries);
std::string FormatShadow(const std::vector<ShadowEntry>& entries);
std::string FormatGshadow(const std::vector<GshadowEntry>& entries);

// CheckAccountName holds a name against systemd's strict rule
// (https://systemd.io/USER_NAMES): [a-zA-Z_][a-zA-Z0-9_-]{0,30}.
Status CheckAccountName(std::string_view name);

// CheckAccountField refuses ':', control bytes, and what is not UTF-8.
Status CheckAccountField(std::string_view field, std::string_view text);

// CheckAccountPath is for home directories and shells: an absolute path without
// empty components, "." or "..", and a field.
Status CheckAccountPath(std::string_view field, std::string_view path);

// ParseAccountId accepts decimal ids, but not 65535 and 4294967295, which mean
// "none" to the kernel.
Result<uint32_t> ParseAccountId(std::string_view text);

}  // namespace tally
