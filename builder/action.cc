#include "builder/action.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxActionBytes = 4096;

using Strings = std::vector<std::string>;

// A rule for an argument returns "" if it is right, else what was expected.
using Rule = std::string (*)(std::string_view argument);

bool IsAbsolute(std::string_view path) {
  if (path.size() < 2 || path.front() != '/') return false;
  for (const std::string& part : Split(path.substr(1), '/')) {
    if (part.empty() || part == "." || part == "..") return false;
  }
  return true;
}

bool IsUnitName(std::string_view name) {
  const size_t dot = name.rfind('.');
  return dot != std::string_view::npos && dot > 0 && dot + 1 < name.size() &&
         name.find('/') == std::string_view::npos;
}

std::string Nothing(std::string_view argument) {
  return argument.empty() ? "" : "no argument";
}

std::string Line(std::string_view argument) {
  return argument.empty() ? "a line" : "";
}

std::string Unit(std::string_view argument) {
  const bool good =
      argument.find(' ') == std::string_view::npos && IsUnitName(argument);
  return good ? "" : "one unit name";
}

std::string Path(std::string_view argument) {
  const bool good =
      argument.find(' ') == std::string_view::npos && IsAbsolute(argument);
  return good ? "" : "one absolute path";
}

std::string PathAndText(std::string_view argument) {
  const size_t space = argument.find(' ');
  const bool good =
      space != std::string_view::npos && IsAbsolute(argument.substr(0, space));
  return good ? "" : "an absolute path and capabilities";
}

// IsNumber takes what update-alternatives(1) does: an int.
bool IsNumber(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  return !text.empty() && text.size() <= 9 &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::string Alternative(std::string_view argument) {
  const Strings words = Words(argument);
  bool good = words.size() >= 4 && words.size() % 4 == 0 &&
              IsAbsolute(words[0]) && !words[1].empty() &&
              words[1].find('/') == std::string::npos && IsAbsolute(words[2]) &&
              IsNumber(words[3]);
  for (size_t at = 4; good && at < words.size(); at += 4) {
    good = words[at] == "slave" && IsAbsolute(words[at + 1]) &&
           !words[at + 2].empty() &&
           words[at + 2].find('/') == std::string::npos &&
           IsAbsolute(words[at + 3]);
  }
  return good ? "" : "LINK NAME PATH PRIORITY [slave LINK NAME PATH]...";
}

std::string Nss(std::string_view argument) {
  const Strings words = Words(argument);
  bool good =
      words.size() >= 3 && std::ranges::none_of(words, &std::string::empty);
  if (good) {
    const std::string_view position = words[1];
    good = position == "first" || position == "last" ||
           (position.starts_with("before=") && position.size() > 7) ||
           (position.starts_with("after=") && position.size() > 6);
  }
  return good ? "" : "DATABASE first|last|before=OTHER|after=OTHER SERVICE...";
}

struct Verb {
  ActionKind kind;
  std::string_view name;
  Rule rule;
};

constexpr std::array<Verb, 11> kVerbs = {{
    {ActionKind::kLdconfig, "ldconfig", Nothing},
    {ActionKind::kCaCertificates, "ca-certificates", Nothing},
    {ActionKind::kPamAuthUpdate, "pam-auth-update", Nothing},
    {ActionKind::kSysusers, "sysusers", Line},
    {ActionKind::kTmpfiles, "tmpfiles", Line},
    {ActionKind::kEnable, "enable", Unit},
    {ActionKind::kEnableUser, "enable-user", Unit},
    {ActionKind::kAlternative, "alternative", Alternative},
    {ActionKind::kCapability, "capability", PathAndText},
    {ActionKind::kAddShell, "add-shell", Path},
    {ActionKind::kNss, "nss", Nss},
}};

Error UnknownVerb(std::string_view found) {
  Strings names;
  for (const Verb& verb : kVerbs) names.emplace_back(verb.name);
  Error error = InputError("unknown action " + Quote(found));
  if (const auto nearest = NearestName(found, names)) {
    return std::move(error).Hint("did you mean '" + *nearest + "'?");
  }
  return std::move(error).Hint("actions are " + Join(names, ", "));
}

Status CheckText(std::string_view text) {
  if (text.size() > kMaxActionBytes) {
    return InputError("action has " + std::to_string(text.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxActionBytes));
  }
  if (!std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; })) {
    return InputError("action " + Quote(text) + ": expected printable ASCII");
  }
  return Ok();
}

}  // namespace

Result<Action> ParseAction(std::string_view text) {
  TALLY_TRY(CheckText(text));
  const size_t space = std::min(text.find(' '), text.size());
  const std::string_view name = text.substr(0, space);
  const auto verb = std::ranges::find(kVerbs, name, &Verb::name);
  if (verb == kVerbs.end()) return UnknownVerb(name);

  const std::string_view argument =
      space < text.size() ? text.substr(space + 1) : std::string_view();
  // One form for each action: no space without a word behind it.
  if (space < text.size() && (argument.empty() || argument != Trim(argument))) {
    return InputError("action " + Quote(text) +
                      ": found a space too many at the ends of the argument");
  }
  const std::string expected = verb->rule(argument);
  if (!expected.empty()) {
    return InputError("action " + Quote(text) + ": found " + Quote(argument) +
                      " behind '" + std::string(name) + "', expected " +
                      expected);
  }
  return Action{
      .kind = verb->kind, .argument = std::string(argument), .package = {}};
}

std::string FormatAction(const Action& action) {
  const auto verb = std::ranges::find(kVerbs, action.kind, &Verb::kind);
  TALLY_CHECK(verb != kVerbs.end());
  std::string text(verb->name);
  if (!action.argument.empty()) text += " " + action.argument;
  return text;
}

std::vector<std::string> Words(std::string_view argument) {
  if (argument.empty()) return {};
  return Split(argument, ' ');
}

}  // namespace tally
