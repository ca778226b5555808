#include "formats/systemd_preset.h"

#include <algorithm>
#include <optional>

#include "common/text.h"
#include "formats/systemd_unit.h"

namespace tally {
namespace {

constexpr size_t kMaxPresetBytes = 1 << 20;
constexpr size_t kMaxPatternBytes = 255;  // of a unit name
constexpr size_t kMaxInstances = 256;

// WordsOf cuts at runs of blanks.
std::vector<std::string> WordsOf(std::string_view line) {
  std::vector<std::string> words;
  while (!(line = Trim(line)).empty()) {
    const size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

std::optional<PresetAction> ActionOf(std::string_view word) {
  if (word == "enable") return PresetAction::kEnable;
  if (word == "disable") return PresetAction::kDisable;
  if (word == "ignore") return PresetAction::kIgnore;
  return std::nullopt;
}

Result<PresetRule> ParseRule(std::string_view line) {
  const auto bad = [line](const std::string& expected) {
    constexpr size_t kMaxShown = 80;
    return InputError("found " + Quote(line.substr(0, kMaxShown)) +
                      ", expected " + expected);
  };
  std::vector<std::string> words = WordsOf(line);
  const std::optional<PresetAction> action = ActionOf(words.front());
  if (!action || words.size() < 2) {
    return bad("enable, disable or ignore, and a unit name or glob");
  }
  PresetRule rule{.action = *action,
                  .pattern = words[1],
                  .instances = {words.begin() + 2, words.end()}};
  if (rule.pattern.size() > kMaxPatternBytes ||
      rule.pattern.find('/') != std::string::npos ||
      !std::ranges::all_of(rule.pattern,
                           [](char c) { return c > ' ' && c < '\x7f'; })) {
    return bad("a unit name or glob without '/' of at most 255 bytes");
  }
  if (rule.instances.empty()) return rule;
  const Result<UnitName> name = ParseUnitName(rule.pattern);
  if (*action != PresetAction::kEnable || !name ||
      name->kind != UnitName::Kind::kTemplate) {
    return bad("instances only after 'enable' and the name of a template");
  }
  if (rule.instances.size() > kMaxInstances) {
    return bad("at most " + std::to_string(kMaxInstances) + " instances");
  }
  if (!std::ranges::all_of(rule.instances, IsUnitInstance)) {
    return bad("instances of letters, digits and ':-_.\\@'");
  }
  return rule;
}

struct Bracket {
  bool matches = false;
  size_t size = 0;  // of the expression with its brackets; 0: it is none
};

// MatchBracket reads the bracket expression at the front of `pattern`.
Bracket MatchBracket(std::string_view pattern, char c) {
  size_t at = 1;
  const bool negated =
      at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  // A ']' that comes first is a character of the set.
  for (const size_t first = at; at < pattern.size(); ++at) {
    if (pattern[at] == ']' && at > first) {
      return {.matches = found != negated, .size = at + 1};
    }
    char low = pattern[at];
    char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' &&
        pattern[at + 2] != ']') {
      high = pattern[at + 2];
      at += 2;
    }
    found = found || (low <= c && c <= high);
  }
  return {};
}

}  // namespace

bool FnmatchMatches(std::string_view pattern, std::string_view text) {
  // The last '*' may take one more byte when what follows it fails: no
  // recursion, at most pattern times text steps.
  size_t p = 0;
  size_t t = 0;
  std::optional<size_t> star;
  size_t star_text = 0;
  while (t < text.size()) {
    size_t step = 0;
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
      continue;
    }
    if (p < pattern.size()) {
      const Bracket bracket = pattern[p] == '['
                                  ? MatchBracket(pattern.substr(p), text[t])
                                  : Bracket{};
      if (bracket.size > 0) {
        step = bracket.matches ? bracket.size : 0;
      } else if (pattern[p] == '?' || pattern[p] == text[t]) {
        step = 1;
      }
    }
    if (step > 0) {
      p += step;
      ++t;
    } else if (star) {
      p = *star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<PresetRule>> ParsePreset(std::string_view text) {
  if (text.size() > kMaxPresetBytes) {
    return InputError("found " + std::to_string(text.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxPresetBytes));
  }
  std::vector<PresetRule> rules;
  int number = 0;
  for (const std::string& raw : Split(text, '\n')) {
    ++number;
    const std::string_view line = Trim(raw);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    Result<PresetRule> rule = ParseRule(line);
    if (!rule) {
      return InputError("line " + std::to_string(number) + ": " +
                        rule.error().message());
    }
    rules.push_back(std::move(rule).value());
  }
  return rules;
}

PresetDecision DecidePreset(std::span<const PresetRule> rules,
                            std::string_view unit) {
  const Result<UnitName> name = ParseUnitName(unit);
  for (const PresetRule& rule : rules) {
    if (name && !rule.instances.empty() &&
        name->kind != UnitName::Kind::kPlain &&
        rule.pattern == name->TemplateName()) {
      if (name->kind == UnitName::Kind::kTemplate) {
        PresetDecision decision{.action = rule.action, .instances = {}};
        for (const std::string& instance : rule.instances) {
          decision.instances.push_back(name->WithInstance(instance).ToString());
        }
        return decision;
      }
      if (std::ranges::find(rule.instances, name->instance) !=
          rule.instances.end()) {
        return {.action = rule.action, .instances = {}};
      }
    }
    if (FnmatchMatches(rule.pattern, unit)) {
      return {.action = rule.action, .instances = {}};
    }
  }
  return {};
}

}  // namespace tally
