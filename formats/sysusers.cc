// sysusers.d(5) and parse_line() in src/sysusers/sysusers.c of systemd 252;
// "u!" is from systemd 257.
#include "formats/sysusers.h"

#include <array>

#include "common/text.h"
#include "formats/config_words.h"
#include "formats/passwd.h"

namespace tally {
namespace {

constexpr size_t kMaxSysusersLineBytes = 4096;

// The columns; "-" is the same as nothing.
struct SysusersFields {
  std::string type;
  std::string name;
  std::string id;
  std::string comment;
  std::string home;
  std::string shell;
};

// Expand replaces "%%". What other specifiers mean is known on the running
// machine only, or is not worth a second way to say it.
Status Expand(std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] != '%') continue;
    if (text.substr(i, 2) != "%%") {
      return InputError("found specifier " + Quote(text.substr(i, 2)) +
                        ", expected none but '%%'");
    }
    ++i;
  }
  text = out;
  return Ok();
}

Result<SysusersFields> ReadSysusersFields(std::string_view line) {
  TALLY_TRY(CheckConfigLine(line, kMaxSysusersLineBytes));
  WordReader words(line, Backslash::kTakesNext);
  SysusersFields fields;
  for (std::string* field : {&fields.type, &fields.name, &fields.id,
                             &fields.comment, &fields.home, &fields.shell}) {
    TALLY_ASSIGN(std::optional<std::string> word, words.Next());
    if (!word || *word == "-") continue;
    *field = std::move(*word);
    TALLY_TRY(Expand(*field));
  }
  if (!words.Rest().empty()) {
    return InputError("found " + Quote(words.Rest().substr(0, 64)) +
                      " after the shell, expected the end of the line");
  }
  return fields;
}

// ParseGroupOf reads what follows the ':' of "uid:gid".
Status ParseGroupOf(std::string_view text, SysusersLine& line) {
  if (const Result<uint32_t> gid = ParseAccountId(text)) {
    line.gid = *gid;
    return Ok();
  }
  TALLY_TRY(CheckAccountName(text));
  line.group = std::string(text);
  return Ok();
}

Status ParseId(std::string_view text, SysusersLine& line) {
  if (text.empty()) return Ok();
  if (text.starts_with('/')) {
    return InputError("found the path " + Quote(text.substr(0, 64)) +
                      " for an id, expected a number or '-': files of the "
                      "machine that builds are not looked at");
  }
  const size_t colon = text.find(':');
  if (colon != std::string_view::npos && line.type == SysusersType::kUser) {
    TALLY_TRY(ParseGroupOf(text.substr(colon + 1), line));
    text = text.substr(0, colon);
    if (text == "-") return Ok();
  }
  TALLY_ASSIGN(line.id, ParseAccountId(text));
  return Ok();
}

Status ParseRange(std::string_view text, SysusersLine& line) {
  const size_t dash = text.find('-');
  TALLY_ASSIGN(line.range_first, ParseAccountId(text.substr(0, dash)));
  line.range_last = line.range_first;
  if (dash != std::string_view::npos) {
    TALLY_ASSIGN(line.range_last, ParseAccountId(text.substr(dash + 1)));
  }
  if (line.range_first <= line.range_last) return Ok();
  return InputError("found the range " + Quote(text) +
                    ", expected the lower number first");
}

Status RequireNone(const SysusersFields& fields, std::string_view type) {
  for (const std::string* field :
       {&fields.comment, &fields.home, &fields.shell}) {
    if (field->empty()) continue;
    return InputError("found " + Quote(field->substr(0, 64)) +
                      " in a line of type '" + std::string(type) +
                      "', which has no such field");
  }
  return Ok();
}

Result<SysusersLine> ParseUser(const SysusersFields& fields) {
  SysusersLine line{.type = SysusersType::kUser,
                    .name = fields.name,
                    .is_expired = fields.type == "u!",
                    .comment = fields.comment,
                    .home = fields.home,
                    .shell = fields.shell};
  TALLY_TRY(CheckAccountName(line.name));
  TALLY_TRY(ParseId(fields.id, line));
  TALLY_TRY(CheckAccountField("the comment", line.comment));
  if (!line.home.empty()) {
    TALLY_TRY(CheckAccountPath("the home directory", line.home));
  }
  if (!line.shell.empty()) {
    TALLY_TRY(CheckAccountPath("the shell", line.shell));
  }
  return line;
}

}  // namespace

Result<SysusersLine> ParseSysusersLine(std::string_view text) {
  TALLY_ASSIGN(const SysusersFields fields, ReadSysusersFields(text));
  if (fields.type == "u" || fields.type == "u!") return ParseUser(fields);
  SysusersLine line{.name = fields.name};
  if (fields.type == "g") {
    line.type = SysusersType::kGroup;
    TALLY_TRY(CheckAccountName(line.name));
    TALLY_TRY(ParseId(fields.id, line));
  } else if (fields.type == "m") {
    line.type = SysusersType::kMember;
    TALLY_TRY(CheckAccountName(line.name));
    TALLY_TRY(CheckAccountName(fields.id));
    line.group = fields.id;
  } else if (fields.type == "r") {
    line.type = SysusersType::kRange;
    if (!line.name.empty()) {
      return InputError("found " + Quote(line.name.substr(0, 64)) +
                        " in a line of type 'r', expected '-' for the name");
    }
    TALLY_TRY(ParseRange(fields.id, line));
  } else {
    return InputError("found type " + Quote(fields.type.substr(0, 64)) +
                      ", expected 'u', 'u!', 'g', 'm' or 'r'");
  }
  TALLY_TRY(RequireNone(fields, fields.type));
  return line;
}

Result<std::vector<SysusersLine>> ParseSysusers(std::string_view text,
                                                std::string_view where) {
  return ParseConfigLines(text, where, ParseSysusersLine);
}

}  // namespace tally
