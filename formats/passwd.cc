#include "formats/passwd.h"

#include <algorithm>
#include <functional>
#include <map>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxAccountLineBytes = 65536;
constexpr size_t kMaxAccountNameBytes = 31;  // ut_user of utmp(5) less a NUL

Status CheckPassword(std::string_view text) {
  return CheckAccountField("the password", text);
}

// ParseNames reads a list "a,b"; an empty field is an empty list.
Result<std::vector<std::string>> ParseNames(std::string_view text) {
  if (text.empty()) return std::vector<std::string>();
  std::vector<std::string> names = Split(text, ',');
  for (size_t i = 0; i < names.size(); ++i) {
    TALLY_TRY(CheckAccountName(names[i]));
    if (std::find(names.begin(), names.begin() + static_cast<ptrdiff_t>(i),
                  names[i]) != names.begin() + static_cast<ptrdiff_t>(i)) {
      return InputError("found member " + Quote(names[i]) + " twice");
    }
  }
  return names;
}

Result<std::optional<uint32_t>> ParseDays(std::string_view field,
                                          std::string_view text) {
  if (text.empty()) return std::optional<uint32_t>();
  const Result<uint64_t> days = ParseUnsigned(text);
  if (!days || *days > UINT32_MAX || text.starts_with("0x")) {
    return InputError("found " + Quote(text) + " for " + std::string(field) +
                      ", expected a number of days or nothing");
  }
  return std::optional<uint32_t>(static_cast<uint32_t>(*days));
}

Result<PasswdEntry> ParsePasswdFields(const std::vector<std::string>& fields) {
  PasswdEntry entry{.name = fields[0],
                    .password = fields[1],
                    .comment = fields[4],
                    .home = fields[5],
                    .shell = fields[6]};
  TALLY_TRY(CheckPassword(entry.password));
  TALLY_ASSIGN(entry.uid, ParseAccountId(fields[2]));
  TALLY_ASSIGN(entry.gid, ParseAccountId(fields[3]));
  TALLY_TRY(CheckAccountField("the comment", entry.comment));
  if (!entry.home.empty()) {
    TALLY_TRY(CheckAccountPath("the home directory", entry.home));
  }
  if (!entry.shell.empty()) {
    TALLY_TRY(CheckAccountPath("the shell", entry.shell));
  }
  return entry;
}

Result<GroupEntry> ParseGroupFields(const std::vector<std::string>& fields) {
  GroupEntry entry{.name = fields[0], .password = fields[1]};
  TALLY_TRY(CheckPassword(entry.password));
  TALLY_ASSIGN(entry.gid, ParseAccountId(fields[2]));
  TALLY_ASSIGN(entry.members, ParseNames(fields[3]));
  return entry;
}

Result<ShadowEntry> ParseShadowFields(const std::vector<std::string>& fields) {
  ShadowEntry entry{
      .name = fields[0], .password = fields[1], .reserved = fields[8]};
  TALLY_TRY(CheckPassword(entry.password));
  TALLY_ASSIGN(entry.last_change, ParseDays("the last change", fields[2]));
  TALLY_ASSIGN(entry.min_age, ParseDays("the minimum age", fields[3]));
  TALLY_ASSIGN(entry.max_age, ParseDays("the maximum age", fields[4]));
  TALLY_ASSIGN(entry.warning, ParseDays("the warning period", fields[5]));
  TALLY_ASSIGN(entry.inactivity, ParseDays("the inactivity period", fields[6]));
  TALLY_ASSIGN(entry.expires, ParseDays("the expiration date", fields[7]));
  TALLY_TRY(CheckAccountField("the reserved field", entry.reserved));
  return entry;
}

Result<GshadowEntry> ParseGshadowFields(
    const std::vector<std::string>& fields) {
  GshadowEntry entry{.name = fields[0], .password = fields[1]};
  TALLY_TRY(CheckPassword(entry.password));
  TALLY_ASSIGN(entry.administrators, ParseNames(fields[2]));
  TALLY_ASSIGN(entry.members, ParseNames(fields[3]));
  return entry;
}

// CheckLine refuses what no entry may have, whatever its fields mean.
Status CheckLine(std::string_view line, const std::vector<std::string>& fields,
                 size_t num_fields) {
  if (line.size() > kMaxAccountLineBytes) {
    return InputError("the line has " + std::to_string(line.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxAccountLineBytes));
  }
  if (fields.size() != num_fields) {
    return InputError("found " + std::to_string(fields.size()) +
                      " fields, expected " + std::to_string(num_fields));
  }
  return CheckAccountName(fields[0]);
}

// LineIndex remembers in which line a name or a number was.
template <typename Key>
Status CheckFirst(std::map<Key, size_t>& lines, const Key& key, size_t line,
                  const std::string& what) {
  const auto added = lines.emplace(key, line);
  if (added.second) return Ok();
  return InputError(what + " is in line " +
                    std::to_string(added.first->second) + " already");
}

// What makes an entry the only one of its kind besides its name.
std::optional<uint32_t> IdOf(const PasswdEntry& entry) { return entry.uid; }
std::optional<uint32_t> IdOf(const GroupEntry& entry) { return entry.gid; }
std::optional<uint32_t> IdOf(const ShadowEntry&) { return std::nullopt; }
std::optional<uint32_t> IdOf(const GshadowEntry&) { return std::nullopt; }

template <typename Entry>
Result<std::vector<Entry>> ParseLines(
    std::string_view text, std::string_view where, size_t num_fields,
    Result<Entry> (*parse)(const std::vector<std::string>&)) {
  std::vector<Entry> entries;
  std::map<std::string, size_t> names;
  std::map<uint32_t, size_t> ids;
  size_t number = 0;
  const auto add = [&](std::string_view line) -> Status {
    const std::vector<std::string> fields = Split(line, ':');
    TALLY_TRY(CheckLine(line, fields, num_fields));
    TALLY_ASSIGN(Entry entry, parse(fields));
    TALLY_TRY(CheckFirst(names, entry.name, number, Quote(entry.name)));
    if (const std::optional<uint32_t> id = IdOf(entry)) {
      TALLY_TRY(CheckFirst(ids, *id, number, "id " + std::to_string(*id)));
    }
    entries.push_back(std::move(entry));
    return Ok();
  };
  while (!text.empty()) {
    const size_t end = text.find('\n');
    ++number;
    Status added = end == std::string_view::npos
                       ? InputError("the last line does not end in a newline")
                       : add(text.substr(0, end));
    if (!added) {
      return InputError(std::string(where) + " line " + std::to_string(number) +
                        ": " + added.error().message());
    }
    text.remove_prefix(end + 1);
  }
  return entries;
}

std::string Days(const std::optional<uint32_t>& days) {
  return days ? std::to_string(*days) : "";
}

}  // namespace

Result<std::vector<PasswdEntry>> ParsePasswd(std::string_view text,
                                             std::string_view where) {
  return ParseLines<PasswdEntry>(text, where, 7, ParsePasswdFields);
}

Result<std::vector<GroupEntry>> ParseGroup(std::string_view text,
                                           std::string_view where) {
  return ParseLines<GroupEntry>(text, where, 4, ParseGroupFields);
}

Result<std::vector<ShadowEntry>> ParseShadow(std::string_view text,
                                             std::string_view where) {
  return ParseLines<ShadowEntry>(text, where, 9, ParseShadowFields);
}

Result<std::vector<GshadowEntry>> ParseGshadow(std::string_view text,
                                               std::string_view where) {
  return ParseLines<GshadowEntry>(text, where, 4, ParseGshadowFields);
}

std::string FormatPasswd(const std::vector<PasswdEntry>& entries) {
  std::string text;
  for (const PasswdEntry& entry : entries) {
    text +=
        Join(std::vector<std::string>{entry.name, entry.password,
                                      std::to_string(entry.uid),
                                      std::to_string(entry.gid), entry.comment,
                                      entry.home, entry.shell},
             ":") +
        "\n";
  }
  return text;
}

std::string FormatGroup(const std::vector<GroupEntry>& entries) {
  std::string text;
  for (const GroupEntry& entry : entries) {
    text += entry.name + ":" + entry.password + ":" +
            std::to_string(entry.gid) + ":" + Join(entry.members, ",") + "\n";
  }
  return text;
}

std::string FormatShadow(const std::vector<ShadowEntry>& entries) {
  std::string text;
  for (const ShadowEntry& entry : entries) {
    text +=
        Join(
            std::vector<std::string>{
                entry.name, entry.password, Days(entry.last_change),
                Days(entry.min_age), Days(entry.max_age), Days(entry.warning),
                Days(entry.inactivity), Days(entry.expires), entry.reserved},
            ":") +
        "\n";
  }
  return text;
}

std::string FormatGshadow(const std::vector<GshadowEntry>& entries) {
  std::string text;
  for (const GshadowEntry& entry : entries) {
    text += entry.name + ":" + entry.password + ":" +
            Join(entry.administrators, ",") + ":" + Join(entry.members, ",") +
            "\n";
  }
  return text;
}

Status CheckAccountName(std::string_view name) {
  const auto is_letter = [](char at) {
    return (at >= 'a' && at <= 'z') || (at >= 'A' && at <= 'Z') || at == '_';
  };
  const auto is_other = [](char at) {
    return (at >= '0' && at <= '9') || at == '-';
  };
  const bool is_name = !name.empty() && name.size() <= kMaxAccountNameBytes &&
                       is_letter(name[0]) &&
                       std::ranges::all_of(name, [&](char at) {
                         return is_letter(at) || is_other(at);
                       });
  if (is_name) return Ok();
  return InputError("found " + Quote(name.substr(0, 64)) +
                    ", expected an account name [a-zA-Z_][a-zA-Z0-9_-]{0,30}");
}

Status CheckAccountField(std::string_view field, std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char at) {
    const auto byte = static_cast<uint8_t>(at);
    return byte >= 0x20 && byte != 0x7f && at != ':';
  });
  if (is_plain && IsUtf8(text)) return Ok();
  return InputError("found " + Quote(text.substr(0, 64)) + " for " +
                    std::string(field) +
                    ", expected UTF-8 without ':' and control bytes");
}

Status CheckAccountPath(std::string_view field, std::string_view path) {
  TALLY_TRY(CheckAccountField(field, path));
  if (path == "/") return Ok();
  bool is_normal = path.starts_with('/');
  if (is_normal) {
    for (const std::string& component : Split(path.substr(1), '/')) {
      is_normal = is_normal && !component.empty() && component != "." &&
                  component != "..";
    }
  }
  if (is_normal) return Ok();
  return InputError("found " + Quote(path.substr(0, 64)) + " for " +
                    std::string(field) +
                    ", expected an absolute path without '.' and '..'");
}

Result<uint32_t> ParseAccountId(std::string_view text) {
  const Result<uint64_t> id = ParseUnsigned(text);
  if (id && !text.starts_with("0x") && *id < UINT32_MAX && *id != 0xffff) {
    return static_cast<uint32_t>(*id);
  }
  return InputError("found " + Quote(text.substr(0, 64)) +
                    ", expected an id from 0 to 4294967294 but not 65535");
}

}  // namespace tally
