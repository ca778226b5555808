// The blocks that debhelper and its add-ons put into maintainer scripts.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "builder/scripts/maintainer_script.h"
#include "common/digest.h"

namespace tally {

// What a template stands for.
enum class BlockEffect {
  kNothing,      // on a fresh image that never boots while it is built
  kEnable,       // #UNITFILE#
  kEnableUser,   // #UNITFILE#
  kStart,        // #UNITFILES#: nothing at build; the names are reported
  kInitScript,   // #SCRIPT#: nothing if there is a unit as well
  kAlternative,  // #ALTERNATIVES#: of update-alternatives
  kUsrLocal,     // #DIRECTORIES#: of /usr/local
};

// DebhelperTemplate is the exact text of a block with holes, "#UNITFILE#". A
// hole that occurs twice has the same value in both places.
struct DebhelperTemplate {
  std::string_view name;   // of the file in debhelper: "postinst-init"
  std::string_view tools;  // who writes it, space separated
  BlockEffect effect = BlockEffect::kNothing;
  std::string_view why;  // why it is nothing, or what is left out
  std::string_view text;
};

// HashedTemplate is the same for a text under a licence that is not ours. Its
// one hole is what stands between `before` and `after` in some line, and the
// digest is of the text with a byte 1 in place of the value, wherever it
// occurs. Without `before`, there is no hole.
struct HashedTemplate {
  std::string_view name;
  std::string_view tools;
  std::string_view why;
  std::string_view before;
  std::string_view after;
  std::string_view sha256;
  // builder/action.h, each line ends in '\n'; "#HOLE#" is the hole's value.
  std::string_view actions;
};

std::span<const DebhelperTemplate> DebhelperTemplates();
std::span<const HashedTemplate> HashedTemplates();

// RecognizedBlock is what a block means.
struct RecognizedBlock {
  std::string_view name;             // of the template
  std::vector<std::string> actions;  // builder/action.h
  std::vector<std::string> units;    // that it would enable or start
  std::string init_script;           // that it would put into runlevels
};

// RecognizeBlock matches the whole block against the templates of its tool. If
// none fits, it is an InputError "line N: …" with the first line at which the
// best of them and the block part.
Result<RecognizedBlock> RecognizeBlock(const ScriptBlock& block);

}  // namespace tally
