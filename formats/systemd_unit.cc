#include "formats/systemd_unit.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "formats/config_words.h"

namespace tally {
namespace {

// UNIT_NAME_MAX without the final NUL.
constexpr size_t kMaxUnitNameBytes = 255;
constexpr size_t kMaxUnitBytes = 1 << 20;  // LONG_LINE_MAX; far above any unit
constexpr size_t kMaxListEntries = 256;

constexpr std::array<std::string_view, 11> kUnitTypes = {
    "automount", "device", "mount", "path",   "scope", "service",
    "slice",     "socket", "swap",  "target", "timer"};
// unit_type_may_alias() of src/core/unit.c.
constexpr std::array<std::string_view, 6> kAliasTypes = {
    "device", "path", "service", "socket", "target", "timer"};

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') ||
         std::string_view(":-_.\\@").find(c) != std::string_view::npos;
}

Error NotAUnit(std::string_view name, std::string_view expected) {
  return InputError("found unit name " + Quote(name) + ", expected " +
                    std::string(expected));
}

std::string_view TrimConfigBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(kConfigBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kConfigBlanks) - first + 1);
}

// EndsInBackslash says whether the last byte is a backslash that no other one
// escapes.
bool EndsInBackslash(std::string_view line) {
  const size_t last_other = line.find_last_not_of('\\');
  const size_t num_backslashes =
      line.size() - (last_other == std::string_view::npos ? 0 : last_other + 1);
  return num_backslashes % 2 == 1;
}

// InstallParser takes the logical lines of a file one by one.
class InstallParser {
 public:
  InstallParser(std::string_view source, UnitInstall base)
      : source_(source), install_(std::move(base)) {}

  Status Line(std::string_view line, int number) {
    line = TrimConfigBlanks(line);
    if (line.empty()) return Ok();
    if (line.front() == '[') {
      if (line.back() != ']') {
        // systemd goes on in the section before; we cannot know which it was
        // meant to be.
        return Bad(number, line, "a section header that ends in ']'");
      }
      in_install_ = line == "[Install]";
      return Ok();
    }
    if (!in_install_) return Ok();
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos || equals == 0) {
      return Bad(number, line, "KEY=VALUE");
    }
    return Assign(TrimConfigBlanks(line.substr(0, equals)),
                  TrimConfigBlanks(line.substr(equals + 1)), number);
  }

  UnitInstall Take() { return std::move(install_); }

 private:
  static Error Bad(int number, std::string_view line,
                   const std::string& expected) {
    constexpr size_t kMaxShown = 80;
    return InputError("line " + std::to_string(number) + ": found " +
                      Quote(line.substr(0, kMaxShown)) + ", expected " +
                      expected);
  }

  Status Assign(std::string_view key, std::string_view value, int number) {
    if (key == "WantedBy") return Append(value, number, install_.wanted_by);
    if (key == "RequiredBy") return Append(value, number, install_.required_by);
    if (key == "UpheldBy") return Append(value, number, install_.upheld_by);
    if (key == "Alias") return Append(value, number, install_.aliases);
    if (key == "Also") {
      // Unlike the lists above, an empty Also= does not forget those before.
      return value.empty() ? Ok() : Append(value, number, install_.also);
    }
    if (key == "DefaultInstance") {
      install_.default_instance.reset();
      if (!value.empty()) {
        install_.default_instance = {
            .text = std::string(value), .line = number, .source = source_};
      }
    }
    return Ok();
  }

  // Append adds the words of `value`; an empty value empties the list.
  Status Append(std::string_view value, int number,
                std::vector<InstallValue>& list) const {
    if (value.empty()) list.clear();
    std::string word;
    bool in_word = false;
    char quote = '\0';
    const auto end_word = [&] {
      if (in_word)
        list.push_back({.text = word, .line = number, .source = source_});
      word.clear();
      in_word = false;
    };
    for (const char c : value) {
      const bool is_quote = c == '"' || c == '\'';
      if (quote != '\0' ? c == quote : is_quote) {
        quote = quote == '\0' ? c : '\0';
        in_word = true;
      } else if (quote == '\0' &&
                 kConfigBlanks.find(c) != std::string_view::npos) {
        end_word();
      } else {
        word += c;
        in_word = true;
      }
      if (list.size() > kMaxListEntries) break;
    }
    end_word();
    if (quote != '\0') return Bad(number, value, "a closing quote");
    if (list.size() > kMaxListEntries) {
      return Bad(number, value,
                 "at most " + std::to_string(kMaxListEntries) + " names");
    }
    return Ok();
  }

  std::string source_;
  UnitInstall install_;
  bool in_install_ = false;
};

// LastComponent is specifier %j: what follows the last '-' of the prefix.
std::string_view LastComponent(std::string_view prefix) {
  return prefix.substr(prefix.rfind('-') + 1);
}

}  // namespace

std::string UnitName::ToString() const {
  return prefix + (kind == Kind::kPlain ? "" : "@" + instance) + "." + type;
}

std::string UnitName::TemplateName() const { return prefix + "@." + type; }

UnitName UnitName::WithInstance(std::string_view new_instance) const {
  return {.kind = Kind::kInstance,
          .prefix = prefix,
          .instance = std::string(new_instance),
          .type = type};
}

Result<UnitName> ParseUnitName(std::string_view name) {
  if (name.size() > kMaxUnitNameBytes) {
    return NotAUnit(name.substr(0, 40), "at most 255 bytes");
  }
  if (name.find('/') != std::string_view::npos) {
    return NotAUnit(name, "a name without '/'");
  }
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || dot == 0 ||
      std::ranges::find(kUnitTypes, name.substr(dot + 1)) == kUnitTypes.end()) {
    return NotAUnit(name, "NAME.TYPE with a type such as 'service'");
  }
  if (!std::ranges::all_of(name, IsNameByte)) {
    return NotAUnit(name, "letters, digits and ':-_.\\@'");
  }
  UnitName unit{.type = std::string(name.substr(dot + 1))};
  const std::string_view stem = name.substr(0, dot);
  const size_t at = stem.find('@');
  if (at == 0) return NotAUnit(name, "something before '@'");
  unit.prefix = stem.substr(0, at);
  if (at != std::string_view::npos) {
    unit.instance = stem.substr(at + 1);
    unit.kind = unit.instance.empty() ? UnitName::Kind::kTemplate
                                      : UnitName::Kind::kInstance;
  }
  return unit;
}

bool IsUnitInstance(std::string_view instance) {
  return !instance.empty() && std::ranges::all_of(instance, IsNameByte);
}

bool MayAlias(const UnitName& alias, const UnitName& unit) {
  if (alias.type != unit.type ||
      std::ranges::find(kAliasTypes, unit.type) == kAliasTypes.end()) {
    return false;
  }
  if (alias.kind != UnitName::Kind::kInstance) return alias.kind == unit.kind;
  return unit.kind == UnitName::Kind::kTemplate ||
         (unit.kind == UnitName::Kind::kInstance &&
          unit.instance == alias.instance);
}

Result<UnitInstall> ParseUnitInstall(std::string_view text,
                                     std::string_view source,
                                     UnitInstall base) {
  if (text.size() > kMaxUnitBytes) {
    return InputError("found " + std::to_string(text.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxUnitBytes));
  }
  if (text.find('\0') != std::string_view::npos) {
    return InputError("found a NUL at " + HexNumber(text.find('\0')) +
                      ", expected text");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  InstallParser parser(source, std::move(base));
  std::string pending;  // of continued lines, with a blank for each backslash
  bool continued = false;
  int number = 0;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    line.remove_prefix(
        std::min(line.find_first_not_of(kConfigBlanks), line.size()));
    // Comments are skipped between continued lines as well.
    if (line.starts_with('#') || line.starts_with(';')) continue;
    pending += line;
    continued = EndsInBackslash(pending);
    if (continued) {
      pending.back() = ' ';
      continue;
    }
    TALLY_TRY(parser.Line(pending, number));
    pending.clear();
  }
  if (continued) {
    return InputError("line " + std::to_string(number) +
                      ": found the end of the file, expected the line that "
                      "continues this one");
  }
  return parser.Take();
}

Result<std::string> ExpandSpecifiers(std::string_view text,
                                     const UnitName& unit) {
  constexpr size_t kMaxExpandedBytes = 4096;
  std::string expanded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      expanded += text[i];
      continue;
    }
    const char specifier = ++i < text.size() ? text[i] : '\0';
    const std::string full = unit.ToString();
    switch (specifier) {
      case 'i':
        expanded += unit.instance;
        break;
      case 'j':
        expanded += LastComponent(unit.prefix);
        break;
      case 'n':
        expanded += full;
        break;
      case 'N':
        expanded += full.substr(0, full.rfind('.'));
        break;
      case 'p':
        expanded += unit.prefix;
        break;
      case '%':
        expanded += '%';
        break;
      default:
        return InputError("found " + Quote(text) +
                          ", expected no specifiers but %i %j %n %N %p %%");
    }
    if (expanded.size() > kMaxExpandedBytes) {
      return InputError("found " + Quote(text.substr(0, 40)) +
                        ", expected at most 4096 bytes after expansion");
    }
  }
  return expanded;
}

}  // namespace tally
