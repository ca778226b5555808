#include "builder/scripts/debhelper.h"

#include <algorithm>
#include <map>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

using Holes = std::map<std::string, std::string, std::less<>>;

bool IsNameByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+' || c == '-';
}

bool IsUnitByte(char c) {
  return IsNameByte(c) || c == '@' || c == ':' || c == '\\';
}

bool IsPathByte(char c) { return IsUnitByte(c) || c == '/' || c == '~'; }

size_t Span(std::string_view text, bool (*is_part)(char)) {
  const auto end = std::ranges::find_if_not(text, is_part);
  return static_cast<size_t>(end - text.begin());
}

// Each of the following returns the length of a value at the begin of `text`, 0
// if there is none.
size_t OneName(std::string_view text) { return Span(text, IsNameByte); }

size_t OneUnit(std::string_view text) {
  if (!text.starts_with('\'')) return 0;
  const size_t length = Span(text.substr(1), IsUnitByte);
  const bool closed = text.substr(1 + length).starts_with('\'');
  const bool has_type =
      text.substr(1, length).find('.') != std::string_view::npos;
  return closed && has_type ? length + 2 : 0;
}

// Several takes values with one space in between.
size_t Several(std::string_view text, size_t (*one)(std::string_view)) {
  size_t length = one(text);
  while (length > 0 && text.substr(length).starts_with(' ')) {
    const size_t next = one(text.substr(length + 1));
    if (next == 0) break;
    length += 1 + next;
  }
  return length;
}

size_t Units(std::string_view text) { return Several(text, OneUnit); }
size_t OneOrMoreNames(std::string_view text) { return Several(text, OneName); }

// A path, or several, up to the end of the line.
size_t PythonArgs(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\n|"));
  const std::string_view args = line.substr(0, line.find_last_not_of(' ') + 1);
  const bool plain = std::ranges::all_of(
      args, [](char c) { return IsPathByte(c) || c == ' ' || c == '='; });
  return plain ? args.size() : 0;
}

size_t OneOf(std::string_view text, std::span<const std::string_view> values) {
  for (const std::string_view value : values) {
    if (text.starts_with(value)) return value.size();
  }
  return 0;
}

size_t UnmaskComment(std::string_view text) {
  static constexpr std::string_view kTexts[] = {
      "The following line should be removed in trixie or trixie+1",
      "This will only remove masks created by d-s-h on package removal."};
  return OneOf(text, kTexts);
}

size_t ErrorHandler(std::string_view text) {
  static constexpr std::string_view kTexts[] = {"exit 1", "true"};
  return OneOf(text, kTexts);
}

size_t RestartAction(std::string_view text) {
  static constexpr std::string_view kTexts[] = {"restart", "try-restart",
                                                "reload-or-restart", "reload"};
  return OneOf(text, kTexts);
}

// Lines of dpkg-maintscript-helper(1), none of which does anything unless an
// older version was installed.
size_t Maintscript(std::string_view text) {
  static constexpr std::string_view kBegins[] = {
      "dpkg-maintscript-helper rm_conffile ",
      "dpkg-maintscript-helper mv_conffile ",
      "dpkg-maintscript-helper symlink_to_dir ",
      "dpkg-maintscript-helper dir_to_symlink "};
  constexpr std::string_view kArguments = " -- \"$@\"";
  size_t length = 0;
  while (length < text.size()) {
    const std::string_view rest = text.substr(length);
    const size_t eol = rest.find('\n');
    if (eol == std::string_view::npos) return length;
    const std::string_view line = rest.substr(0, eol);
    const size_t begin = OneOf(line, kBegins);
    if (begin == 0 || !line.ends_with(kArguments) ||
        line.size() < begin + kArguments.size()) {
      return length;
    }
    const std::string_view params =
        line.substr(begin, line.size() - begin - kArguments.size());
    const bool plain = std::ranges::all_of(
        params, [](char c) { return IsPathByte(c) || c == ' ' || c == '\''; });
    if (!plain) return length;
    length += eol + 1;
  }
  return length;
}

// The words of update-alternatives --install, whose lines end in '\'.
size_t Alternatives(std::string_view text) {
  const bool plain_begin =
      text.starts_with("        update-alternatives --install ");
  const size_t end = text.find("\nfi\n");
  if (!plain_begin || end == std::string_view::npos) return 0;
  const std::string_view body = text.substr(0, end);
  bool plain = std::ranges::all_of(
      body, [](char c) { return IsPathByte(c) || c == ' ' || c == '\n'; });
  // A backslash stands at the end of every line but the last, nowhere else.
  for (size_t at = 0; plain && at < body.size(); ++at) {
    const bool ends = at + 1 < body.size() && body[at + 1] == '\n';
    if (body[at] == '\\') plain = ends;
    if (body[at] == '\n') plain = body[at - 1] == '\\';
  }
  return plain ? end + 1 : 0;
}

// Lines "DIRECTORY default" or "DIRECTORY MODE USER GROUP".
size_t DirectoryNames(std::string_view text) {
  size_t length = 0;
  while (text.substr(length).starts_with("/usr/local/")) {
    const std::string_view rest = text.substr(length);
    const size_t eol = rest.find('\n');
    if (eol == std::string_view::npos) break;
    const auto words = Split(rest.substr(0, eol), ' ');
    const bool good =
        (words.size() == 2 && words[1] == "default") || words.size() == 4;
    const bool plain = std::ranges::all_of(
        rest.substr(0, eol), [](char c) { return IsPathByte(c) || c == ' '; });
    if (!good || !plain) break;
    length += eol + 1;
  }
  return length;
}

size_t SkipNative(std::string_view text) {
  constexpr std::string_view kOption = "--skip-systemd-native ";
  return text.starts_with(kOption) ? kOption.size() : 0;
}

struct Hole {
  std::string_view name;
  size_t (*length)(std::string_view text);
  bool may_be_empty = false;
};

constexpr Hole kHoles[] = {
    {"ALTERNATIVES", Alternatives, false},
    {"DIRECTORIES", DirectoryNames, false},
    {"ERROR_HANDLER", ErrorHandler, false},
    {"FILES", OneOrMoreNames, false},
    {"KERNEL", OneName, false},
    {"MAINTSCRIPT", Maintscript, false},
    {"PACKAGE", OneName, false},
    {"PYTHON_ARGS", PythonArgs, true},
    {"RESTART_ACTION", RestartAction, false},
    {"SCRIPT", OneName, false},
    {"SKIP_NATIVE", SkipNative, true},
    {"UNITFILE", OneUnit, false},
    {"UNITFILES", Units, false},
    {"UNMASK_COMMENT", UnmaskComment, false},
};

// HoleAt returns the hole that begins here, "#NAME#".
const Hole* HoleAt(std::string_view text) {
  if (!text.starts_with('#')) return nullptr;
  const size_t end = text.find('#', 1);
  if (end == std::string_view::npos) return nullptr;
  const auto hole =
      std::ranges::find(kHoles, text.substr(1, end - 1), &Hole::name);
  return hole == std::end(kHoles) ? nullptr : hole;
}

// Replace puts `with` in every place where a text stands.
std::string Replace(std::string text, std::string_view what,
                    std::string_view with) {
  if (what.empty()) return text;
  for (size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

// Match says how far a template fits; if to the end of both, the values of its
// holes count.
struct Match {
  bool complete = false;
  size_t matched_bytes = 0;
  Holes holes;
};

Match MatchTemplate(std::string_view pattern, std::string_view text) {
  Match match;
  size_t& at = match.matched_bytes;
  while (!pattern.empty()) {
    const Hole* hole = HoleAt(pattern);
    if (hole == nullptr) {
      if (at == text.size() || text[at] != pattern[0]) return match;
      pattern.remove_prefix(1);
      ++at;
      continue;
    }
    pattern.remove_prefix(hole->name.size() + 2);
    const size_t length = hole->length(text.substr(at));
    if (length == 0 && !hole->may_be_empty) return match;
    const std::string value(text.substr(at, length));
    const auto known = match.holes.find(hole->name);
    if (known != match.holes.end() && known->second != value) return match;
    match.holes.emplace(hole->name, value);
    at += length;
  }
  match.complete = at == text.size();
  return match;
}

// MatchHashed returns the value of the hole ("" if the template has none) if
// the text is the template.
std::optional<std::string> MatchHashed(const HashedTemplate& pattern,
                                       const std::string& text) {
  std::string value;
  if (!pattern.before.empty()) {
    const size_t begin = text.find(pattern.before);
    if (begin == std::string::npos) return std::nullopt;
    const std::string_view rest =
        std::string_view(text).substr(begin + pattern.before.size());
    value = rest.substr(0, OneName(rest));
    const bool closed = rest.substr(value.size()).starts_with(pattern.after);
    if (value.empty() || !closed) return std::nullopt;
  }
  const std::string normal = Replace(text, value, "\x01");
  if (Sha256(AsBytes(normal)).hex() != pattern.sha256) return std::nullopt;
  return value;
}

RecognizedBlock TranslateHashed(const HashedTemplate& pattern,
                                const std::string& value) {
  RecognizedBlock block = {
      .name = pattern.name, .actions = {}, .units = {}, .init_script = {}};
  for (const std::string& line : Split(pattern.actions, '\n')) {
    if (line.empty()) continue;
    block.actions.push_back(Replace(line, "#HOLE#", value));
  }
  return block;
}

bool IsToolOf(const std::string& tool, std::string_view tools) {
  const auto names = Split(tools, ' ');
  return std::ranges::find(names, tool) != names.end();
}

std::string Unquote(std::string_view unit) {
  return std::string(unit.substr(1, unit.size() - 2));
}

std::string AlternativeAction(std::string_view text) {
  std::vector<std::string> words;
  std::string flat(text);
  std::ranges::replace(flat, '\n', ' ');
  std::ranges::replace(flat, '\\', ' ');
  for (std::string& word : Split(flat, ' ')) {
    if (!word.empty()) words.push_back(std::move(word));
  }
  // "update-alternatives --install" comes first.
  words.erase(words.begin(), words.begin() + 2);
  for (std::string& word : words) {
    if (word == "--slave") word = "slave";
  }
  return "alternative " + Join(words, " ");
}

std::vector<std::string> UsrLocalActions(std::string_view lines) {
  std::vector<std::string> actions;
  for (const std::string& line : Split(Trim(lines), '\n')) {
    const auto words = Split(line, ' ');
    const std::string owner =
        words.size() == 4 ? Join({&words[1], 3}, " ") : "0755 root root";
    actions.push_back("tmpfiles d " + words[0] + " " + owner + " -");
  }
  return actions;
}

RecognizedBlock Translate(std::string_view name, BlockEffect effect,
                          const Holes& holes) {
  RecognizedBlock block = {
      .name = name, .actions = {}, .units = {}, .init_script = {}};
  switch (effect) {
    case BlockEffect::kNothing:
      break;
    case BlockEffect::kEnable:
      block.units = {Unquote(holes.at("UNITFILE"))};
      block.actions = {"enable " + block.units[0]};
      break;
    case BlockEffect::kEnableUser:
      block.actions = {"enable-user " + Unquote(holes.at("UNITFILE"))};
      break;
    case BlockEffect::kStart:
      for (const std::string& unit : Split(holes.at("UNITFILES"), ' ')) {
        block.units.push_back(Unquote(unit));
      }
      break;
    case BlockEffect::kInitScript:
      block.init_script = holes.at("SCRIPT");
      break;
    case BlockEffect::kAlternative:
      block.actions = {AlternativeAction(holes.at("ALTERNATIVES"))};
      break;
    case BlockEffect::kUsrLocal:
      block.actions = UsrLocalActions(holes.at("DIRECTORIES"));
      break;
  }
  return block;
}

// Parted is the error for a block that fits no template, at the line where the
// best one and the block part.
Error Parted(const ScriptBlock& block, size_t matched_bytes) {
  const std::string_view text = block.text;
  const size_t lines = static_cast<size_t>(
      std::ranges::count(text.substr(0, matched_bytes), '\n'));
  const size_t begin = text.substr(0, matched_bytes).rfind('\n') + 1;
  const std::string_view line =
      text.substr(begin, text.substr(begin).find('\n'));
  return InputError("line " + std::to_string(block.first_line + lines) +
                    ": found " + Quote(Trim(line).substr(0, 120)) +
                    ", expected a known template of '" + block.tool + "'");
}

}  // namespace

Result<RecognizedBlock> RecognizeBlock(const ScriptBlock& block) {
  size_t best_bytes = 0;
  for (const DebhelperTemplate& known : DebhelperTemplates()) {
    if (!IsToolOf(block.tool, known.tools)) continue;
    const Match match = MatchTemplate(known.text, block.text);
    if (match.complete) {
      return Translate(known.name, known.effect, match.holes);
    }
    best_bytes = std::max(best_bytes, match.matched_bytes);
  }
  for (const HashedTemplate& known : HashedTemplates()) {
    if (!IsToolOf(block.tool, known.tools)) continue;
    const auto value = MatchHashed(known, block.text);
    if (value) return TranslateHashed(known, *value);
  }
  return Parted(block, best_bytes);
}

}  // namespace tally
