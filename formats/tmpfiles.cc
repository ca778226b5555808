// tmpfiles.d(5) and parse_line() in src/tmpfiles/tmpfiles.c of systemd 252;
// "$" (254), "C+" (254) and "L?" (256) are from later ones.
#include "formats/tmpfiles.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/config_words.h"
#include "formats/passwd.h"

namespace tally {
namespace {

constexpr size_t kMaxTmpfilesLineBytes = 65536;
constexpr std::string_view kLineTypes = "fFwdDvqQepLcbCxXrRzmZtThHaA";
constexpr std::string_view kTypesWithPlus = "fwpLcbCaA";
constexpr std::string_view kTypesWithContent = "fw";
constexpr std::string_view kTypesWithEscapes = "fwLC";
constexpr std::string_view kTypesThatNeedArgument = "wcbtThHaA";

struct TmpfilesFields {
  std::string type;
  std::string path;
  std::string mode;
  std::string user;
  std::string group;
  std::string age;
  std::string argument;  // as written
};

Result<TmpfilesFields> ReadTmpfilesFields(std::string_view line) {
  TALLY_TRY(CheckConfigLine(line, kMaxTmpfilesLineBytes));
  WordReader words(line, Backslash::kBeginsEscape);
  TmpfilesFields fields;
  for (std::string* field : {&fields.type, &fields.path, &fields.mode,
                             &fields.user, &fields.group, &fields.age}) {
    TALLY_ASSIGN(std::optional<std::string> word, words.Next());
    if (word && *word != "-") *field = std::move(*word);
  }
  if (words.Rest() != "-") fields.argument = std::string(words.Rest());
  if (fields.type.empty() || fields.path.empty()) {
    return InputError("found " + Quote(line.substr(0, 64)) +
                      ", expected a type and a path");
  }
  return fields;
}

Status ParseType(std::string_view text, TmpfilesLine& line) {
  line.type = text[0];
  bool ignored = false;  // "$" only matters to systemd-tmpfiles --purge
  for (const char modifier : text.substr(1)) {
    bool* flag = modifier == '+'   ? &line.plus
                 : modifier == '!' ? &line.boot_only
                 : modifier == '-' ? &line.may_fail
                 : modifier == '=' ? &line.replace_other
                 : modifier == '~' ? &line.is_base64
                 : modifier == '^' ? &line.from_credential
                 : modifier == '$' ? &ignored
                 : modifier == '?' ? &line.if_target_exists
                                   : nullptr;
    if (flag == nullptr || *flag) {
      return InputError("found type " + Quote(text.substr(0, 64)) +
                        ", expected each of '+!-=~^$?' at most once behind "
                        "the letter");
    }
    *flag = true;
  }
  if (line.type == 'F') {
    line.type = 'f';
    line.plus = true;
  }
  const auto is_one_of = [&line](std::string_view types) {
    return types.find(line.type) != std::string_view::npos;
  };
  if (!is_one_of(kLineTypes) || (line.plus && !is_one_of(kTypesWithPlus)) ||
      ((line.is_base64 || line.from_credential) &&
       !is_one_of(kTypesWithContent)) ||
      (line.if_target_exists && line.type != 'L')) {
    return InputError("found type " + Quote(text.substr(0, 64)) +
                      ", expected one of tmpfiles.d(5)");
  }
  return Ok();
}

// Value of a specifier in the system instance, "" for those that only the
// running system knows, and nothing for those that do not exist.
std::optional<std::string_view> SpecifierValue(char letter) {
  switch (letter) {
    case '%':
      return "%";
    case 'C':
      return "/var/cache";
    case 'L':
      return "/var/log";
    case 'S':
      return "/var/lib";
    case 't':
      return "/run";
    case 'T':
      return "/tmp";
    case 'V':
      return "/var/tmp";
    case 'h':
      return "/root";
    case 'g':
    case 'u':
      return "root";
    case 'G':
    case 'U':
      return "0";
    default:
      break;
  }
  if (std::string_view("aAbBHlmMovwW").find(letter) != std::string_view::npos) {
    return "";
  }
  return std::nullopt;
}

Status Expand(std::string& text, std::string& boot_specifier) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const std::string specifier = text.substr(i, 2);
    const auto value =
        specifier.size() < 2 ? std::nullopt : SpecifierValue(specifier[1]);
    if (!value) {
      return InputError("found specifier " + Quote(specifier) +
                        ", expected one of tmpfiles.d(5)");
    }
    if (value->empty() && boot_specifier.empty()) boot_specifier = specifier;
    out += value->empty() ? specifier : std::string(*value);
    ++i;
  }
  text = out;
  return Ok();
}

// NormalPath drops what path_simplify() of systemd drops: empty components and
// ".".
Result<std::string> NormalPath(std::string_view path, std::string_view what) {
  std::string normal;
  bool is_good = path.starts_with('/') && path.size() <= 4095;
  for (const std::string& component : Split(path, '/')) {
    if (component.empty() || component == ".") continue;
    is_good = is_good && component != ".." && component.size() <= 255;
    normal += "/" + component;
  }
  if (is_good) return normal.empty() ? "/" : normal;
  return InputError("found " + std::string(what) + " " +
                    Quote(path.substr(0, 64)) +
                    ", expected an absolute path without '..', components of "
                    "at most 255 and not more than 4095 bytes");
}

Result<std::optional<TmpfilesMode>> ParseMode(std::string_view text) {
  if (text.empty()) return std::optional<TmpfilesMode>();
  TmpfilesMode mode;
  std::string_view digits = text;
  for (; !digits.empty(); digits.remove_prefix(1)) {
    if (digits[0] == '~') {
      mode.is_masked = true;
    } else if (digits[0] == ':') {
      mode.only_when_new = true;
    } else {
      break;
    }
  }
  bool is_octal = !digits.empty() && digits.size() <= 5;
  for (const char digit : digits) {
    is_octal = is_octal && digit >= '0' && digit <= '7';
    mode.mode = mode.mode * 8 + (static_cast<unsigned>(digit - '0') & 7);
  }
  if (is_octal && mode.mode <= 07777) return std::optional(mode);
  return InputError("found mode " + Quote(text.substr(0, 64)) +
                    ", expected an octal number up to 7777");
}

Result<std::optional<TmpfilesOwner>> ParseOwner(std::string_view text) {
  if (text.empty()) return std::optional<TmpfilesOwner>();
  TmpfilesOwner owner;
  if (text.starts_with(':')) {
    owner.only_when_new = true;
    text.remove_prefix(1);
  }
  if (const Result<uint32_t> id = ParseAccountId(text)) {
    owner.id = *id;
  } else {
    TALLY_TRY(CheckAccountName(text));
    owner.name = std::string(text);
  }
  return std::optional(owner);
}

// CheckAge holds the field against "[~][age-by:]time", systemd.time(7).
Status CheckAge(std::string_view age) {
  constexpr std::array<std::string_view, 27> kUnits = {
      "",       "us",      "usec",  "ms",    "msec",   "s",       "sec",
      "second", "seconds", "m",     "min",   "minute", "minutes", "h",
      "hr",     "hour",    "hours", "d",     "day",    "days",    "w",
      "week",   "weeks",   "M",     "month", "months", "y"};
  std::string_view text = age;
  if (text.starts_with('~')) text.remove_prefix(1);
  bool is_good = true;
  if (const size_t colon = text.find(':'); colon != std::string_view::npos) {
    is_good = colon > 0 && text.substr(0, colon).find_first_not_of(
                               "abcmABCM") == std::string_view::npos;
    text.remove_prefix(colon + 1);
  }
  is_good = is_good && !text.empty();
  while (is_good && !text.empty()) {
    const size_t digits =
        std::min(text.find_first_not_of("0123456789."), text.size());
    const size_t unit_end =
        std::min(text.find_first_of("0123456789. ", digits), text.size());
    is_good =
        digits > 0 &&
        std::ranges::find(kUnits, text.substr(digits, unit_end - digits)) !=
            kUnits.end();
    text.remove_prefix(unit_end);
    while (text.starts_with(' ')) text.remove_prefix(1);
  }
  if (is_good || age.empty()) return Ok();
  return InputError("found age " + Quote(age.substr(0, 64)) +
                    ", expected a time as in systemd.time(7)");
}

Status ParseXattrs(TmpfilesLine& line) {
  WordReader words(line.argument, Backslash::kBeginsEscape);
  while (true) {
    TALLY_ASSIGN(const std::optional<std::string> word, words.Next());
    if (!word) return Ok();
    const size_t equals = word->find('=');
    const std::string name = word->substr(0, equals);
    const size_t dot = name.find('.');
    if (equals == std::string::npos || dot == 0 || dot == std::string::npos ||
        dot + 1 == name.size() || name.size() > 255) {
      return InputError("found " + Quote(word->substr(0, 64)) +
                        ", expected namespace.attribute=value");
    }
    line.xattrs.emplace_back(name, ToBytes(AsBytes(word->substr(equals + 1))));
  }
}

Status ParseArgument(TmpfilesLine& line) {
  if (line.argument.empty()) {
    if (kTypesThatNeedArgument.find(line.type) == std::string_view::npos &&
        !line.from_credential) {
      return Ok();
    }
    return InputError("found no argument, expected one for a line of type '" +
                      std::string(1, line.type) + "'");
  }
  if (line.from_credential) return Ok();
  if (line.is_base64) {
    TALLY_ASSIGN(const Bytes decoded, ParseBase64(line.argument));
    line.argument = std::string(AsText(decoded));
    return Ok();
  }
  if (kTypesWithEscapes.find(line.type) != std::string_view::npos) {
    TALLY_ASSIGN(line.argument, UnescapeC(line.argument));
  }
  TALLY_TRY(Expand(line.argument, line.boot_specifier));
  if (line.type == 't' || line.type == 'T') return ParseXattrs(line);
  if (line.type == 'C' && line.boot_specifier.empty()) {
    TALLY_ASSIGN(line.argument, NormalPath(line.argument, "source"));
  }
  if (line.type == 'L' && line.argument.size() > 4095) {
    return InputError("found a target of " +
                      std::to_string(line.argument.size()) +
                      " bytes, expected at most 4095");
  }
  return Ok();
}

}  // namespace

Result<TmpfilesLine> ParseTmpfilesLine(std::string_view text) {
  TALLY_ASSIGN(const TmpfilesFields fields, ReadTmpfilesFields(text));
  TmpfilesLine line;
  TALLY_TRY(ParseType(fields.type, line));
  line.path = fields.path;
  TALLY_TRY(Expand(line.path, line.boot_specifier));
  TALLY_ASSIGN(line.path, NormalPath(line.path, "path"));
  TALLY_ASSIGN(line.mode, ParseMode(fields.mode));
  TALLY_ASSIGN(line.user, ParseOwner(fields.user));
  TALLY_ASSIGN(line.group, ParseOwner(fields.group));
  TALLY_TRY(CheckAge(fields.age));
  line.age = fields.age;
  line.argument = fields.argument;
  TALLY_TRY(ParseArgument(line));
  return line;
}

Result<std::vector<TmpfilesLine>> ParseTmpfiles(std::string_view text,
                                                std::string_view where) {
  return ParseConfigLines(text, where, ParseTmpfilesLine);
}

bool TakesGlob(char type) {
  return std::string_view("wexXrRzmZtThHaA").find(type) !=
         std::string_view::npos;
}

}  // namespace tally
