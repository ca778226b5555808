// systemd preset files: which units to enable. systemd.preset(5).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

enum class PresetAction { kEnable, kDisable, kIgnore };

// PresetRule is one line: "enable getty@.service tty1 tty2".
struct PresetRule {
  PresetAction action = PresetAction::kEnable;
  std::string pattern;                 // a unit name or glob
  std::vector<std::string> instances;  // of a template that is enabled

  bool operator==(const PresetRule&) const = default;
};

// ParsePreset reads one file. Unlike systemd, which skips them with a warning,
// it refuses lines that it does not understand: a policy with a hole is none.
Result<std::vector<PresetRule>> ParsePreset(std::string_view text);

// PresetDecision is the outcome for one unit.
struct PresetDecision {
  PresetAction action = PresetAction::kEnable;
  // Units to enable in place of a template, if its rule lists instances.
  std::vector<std::string> instances;
};

// DecidePreset takes the first of `rules` that matches; without one, a unit is
// enabled.
PresetDecision DecidePreset(std::span<const PresetRule> rules,
                            std::string_view unit);

// FnmatchMatches is fnmatch(3) with FNM_NOESCAPE in the C locale: '*', '?',
// bracket expressions with ranges and '!' or '^'. Character classes such as
// [:alpha:] are taken as plain characters.
bool FnmatchMatches(std::string_view pattern, std::string_view text);

}  // namespace tally
