#include "builder/scripts/classify.h"

#include <algorithm>

#include "builder/action.h"
#include "builder/scripts/catalogue.h"
#include "builder/scripts/debhelper.h"
#include "builder/scripts/maintainer_script.h"
#include "builder/scripts/triggers.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/sysusers.h"
#include "formats/tmpfiles.h"
#include "manifests/text_rules.h"

namespace tally {
namespace {

using Actions = std::vector<std::string>;

constexpr size_t kMaxQuotedBytes = 120;

// Init scripts whose package has a unit of another name, or that systemd
// replaces itself.
constexpr std::string_view kReplacedInitScripts[] = {
    "hwclock.sh",  // systemd's own handling of the clock; masked by udev
    "kmod",        // systemd-modules-load.service
    "procps",      // systemd-sysctl.service
    "udev",        // systemd-udevd.service
};

// Unknown names the first line that somebody wrote by hand.
Error Unknown(const std::vector<ScriptLine>& residue) {
  const auto by_hand =
      std::ranges::find_if(residue, [](const ScriptLine& candidate) {
        return candidate.text != "#DEBHELPER#";
      });
  const ScriptLine& line = by_hand != residue.end() ? *by_hand : residue[0];
  return InputError("line " + std::to_string(line.number) + ": found " +
                    Quote(Trim(line.text).substr(0, kMaxQuotedBytes)) +
                    ", expected a script that tally knows");
}

void Append(const Actions& more, Actions* actions) {
  actions->insert(actions->end(), more.begin(), more.end());
}

// A service that has an init script only would be started from /etc/rc?.d,
// which is left out: so it must have a unit.
Status CheckInitScript(const std::string& name, const ScriptBlock& block,
                       const std::vector<std::string>& units) {
  const bool is_replaced = std::ranges::find(kReplacedInitScripts, name) !=
                           std::end(kReplacedInitScripts);
  const bool has_unit =
      std::ranges::find(units, name + ".service") != units.end();
  if (is_replaced || has_unit) return Ok();
  return InputError("line " + std::to_string(block.first_line) +
                    ": found init script " + Quote(name) +
                    ", expected a unit of that name as well");
}

Result<Actions> RecognizeBlocks(const std::vector<ScriptBlock>& blocks) {
  Actions actions;
  std::vector<RecognizedBlock> recognized;
  std::vector<std::string> units;
  for (const ScriptBlock& block : blocks) {
    TALLY_ASSIGN(RecognizedBlock known, RecognizeBlock(block));
    Append(known.actions, &actions);
    Append(known.units, &units);
    recognized.push_back(std::move(known));
  }
  for (size_t i = 0; i < blocks.size(); ++i) {
    const std::string& init_script = recognized[i].init_script;
    if (init_script.empty()) continue;
    TALLY_TRY(CheckInitScript(init_script, blocks[i], units));
  }
  return actions;
}

// Recognize returns the actions of a script that tally knows; else an error
// with the first line that it does not.
Result<Actions> Recognize(const LockedPackage& package, const std::string& name,
                          ByteSpan bytes) {
  if (name == "triggers") return TranslateTriggers(package.name, bytes);
  TALLY_ASSIGN(const MaintainerScript script,
               CutMaintainerScript(bytes, package.version));
  Actions actions;
  if (!script.residue.empty()) {
    const CatalogueRow* row =
        FindInCatalogue(package.name, name, script.residue_sha256);
    if (row == nullptr) return Unknown(script.residue);
    actions = CatalogueActions(*row);
  }
  TALLY_ASSIGN(const Actions of_blocks, RecognizeBlocks(script.blocks));
  Append(of_blocks, &actions);
  return actions;
}

// dpkg runs the others before a removal, after it, or to ask questions.
bool MayAct(const std::string& name) {
  return name == "preinst" || name == "postinst" || name == "triggers";
}

std::string NameOf(const LockedPackage& package, const LockedScript& script) {
  return script.name + " of '" + package.name + "' " + package.version +
         " (sha256 " + script.sha256.hex() + ")";
}

Result<Actions> AcknowledgedActions(const ScriptSpec& spec) {
  Actions actions;
  for (const std::string& text : spec.actions) {
    TALLY_ASSIGN(const Action action, ParseAction(text));
    if (action.kind == ActionKind::kTmpfiles) {
      TALLY_TRY(ParseTmpfilesLine(action.argument));
    }
    if (action.kind == ActionKind::kSysusers) {
      TALLY_TRY(ParseSysusersLine(action.argument));
    }
    actions.push_back(FormatAction(action));
  }
  return actions;
}

// InManifest writes a text as the manifest's reader takes it: of 256 digests
// one begins with "0b", which is a number to some readers of YAML.
std::string InManifest(const std::string& text) {
  return LooksTyped(text) ? "\"" + text + "\"" : text;
}

}  // namespace

ScriptClassifier::ScriptClassifier(const Manifest& manifest)
    : manifest_(&manifest), judged_(manifest.system.scripts.size(), false) {}

std::vector<LockedScript> ScriptClassifier::Classify(
    const LockedPackage& package, const DebControl& control, ScriptUse use) {
  std::vector<LockedScript> scripts;
  for (const auto& [name, bytes] : control.scripts) {
    LockedScript script = {.name = name,
                           .sha256 = Sha256(bytes),
                           .disposition = ScriptDisposition::kNone,
                           .actions = {}};
    const bool acts = use == ScriptUse::kSystem && MayAct(name);
    if (!acts || Settle(package, bytes, &script)) {
      scripts.push_back(std::move(script));
    }
  }
  return scripts;
}

bool ScriptClassifier::Settle(const LockedPackage& package, ByteSpan bytes,
                              LockedScript* script) {
  const ScriptSpec* spec = JudgeSpec(package.name, script->name);
  Result<Actions> known = Recognize(package, script->name, bytes);
  if (known && spec == nullptr) {
    script->disposition = ScriptDisposition::kKnown;
    script->actions = *std::move(known);
    return true;
  }
  if (known) {
    problems_.push_back({.text = At(*manifest_, spec->where) + ": " +
                                 NameOf(package, *script) +
                                 " is known to tally: remove this entry"});
    return false;
  }
  if (spec == nullptr) {
    AddUnknown(package, *script,
               NameOf(package, *script) + ": " + known.error().message());
    return false;
  }
  if (spec->sha256 != script->sha256) {
    AddUnknown(package, *script,
               At(*manifest_, spec->where) + ": found " +
                   NameOf(package, *script) + ", expected sha256 " +
                   spec->sha256.hex() + ": the script changed");
    return false;
  }
  Result<Actions> actions = AcknowledgedActions(*spec);
  if (!actions) {
    problems_.push_back({.text = At(*manifest_, spec->where) + ": " +
                                 actions.error().message()});
    return false;
  }
  script->disposition = ScriptDisposition::kAcknowledged;
  script->actions = *std::move(actions);
  return true;
}

const ScriptSpec* ScriptClassifier::JudgeSpec(const std::string& package,
                                              const std::string& script) {
  const auto& specs = manifest_->system.scripts;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (specs[i].package != package || specs[i].script != script) continue;
    judged_[i] = true;
    return &specs[i];
  }
  return nullptr;
}

void ScriptClassifier::AddUnknown(const LockedPackage& package,
                                  const LockedScript& script,
                                  const std::string& text) {
  const std::string digest = package.sha256.hex();
  problems_.push_back(
      {.text = text,
       .read = "dpkg-deb --info STORE/sha256/" + digest.substr(0, 2) + "/" +
               digest + " " + script.name,
       .entry = "- {package: " + InManifest(package.name) + ", script: " +
                script.name + ", sha256: " + InManifest(script.sha256.hex()) +
                ", actions: [], reason: \"...\"}"});
}

Status ScriptClassifier::Finish() const {
  std::vector<std::string> texts, reads, entries;
  for (const Problem& problem : problems_) {
    texts.push_back(problem.text);
    if (problem.read.empty()) continue;
    reads.push_back(problem.read);
    entries.push_back(problem.entry);
  }
  const auto& specs = manifest_->system.scripts;
  for (size_t i = 0; i < specs.size(); ++i) {
    if (judged_[i]) continue;
    texts.push_back(At(*manifest_, specs[i].where) + ": found " +
                    specs[i].script + " of " + Quote(specs[i].package) +
                    ", expected a script that a package of the root has");
  }
  if (texts.empty()) return Ok();

  Error error = InputError(texts.size() == 1
                               ? texts[0]
                               : "found " + std::to_string(texts.size()) +
                                     " maintainer scripts to decide about\n  " +
                                     Join(texts, "\n  "));
  if (reads.empty()) return error;
  return std::move(error)
      .Hint("to read them (STORE is the store's directory):\n  " +
            Join(reads, "\n  "))
      .Hint(
          "to go on, say in the manifest what is done in their place:\n"
          "  system:\n    scripts:\n      " +
          Join(entries, "\n      "));
}

}  // namespace tally
