#include "builder/guards.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "builder/generate/capabilities.h"
#include "builder/guard_rules.h"
#include "builder/merged_path.h"
#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxShown = 20;
// Who allows them wants all at once.
constexpr size_t kMaxHinted = 500;

Result<Findings> FindAll(const Manifest& manifest,
                         const std::vector<Action>& actions, const Tree& tree) {
  TALLY_ASSIGN(const auto capabilities,
               PlanCapabilities(manifest, actions, tree));
  Findings findings;
  FindBadModes(tree, &findings);
  FindBadXattrs(capabilities, tree, &findings);
  FindSecrets(manifest.system.machine_id, tree, &findings);
  FindDanglingLinks(tree, &findings);
  FindElfGaps(tree, &findings);
  FindDpkgResidue(tree, &findings);
  std::ranges::sort(findings, [](const Finding& a, const Finding& b) {
    return std::tie(a.guard, a.path, a.what) <
           std::tie(b.guard, b.path, b.what);
  });
  return findings;
}

// Allowances are system.allow, by guard and path in the tree.
class Allowances {
 public:
  static Result<Allowances> Read(const Manifest& manifest) {
    Allowances allowances;
    for (const AllowSpec& spec : manifest.system.allow) {
      const Result<std::string> path = MergedPath("." + spec.path);
      if (!path) {
        return InputError(At(manifest, spec.where) + ": " +
                          path.error().message());
      }
      allowances.entries_.push_back(
          {.spec = &spec, .key = {spec.guard, *path}});
    }
    return allowances;
  }

  // Allows says whether the manifest lets this pass.
  bool Allows(const Finding& finding) {
    bool allowed = false;
    for (Entry& entry : entries_) {
      if (entry.key != Key{finding.guard, finding.path}) continue;
      entry.used = true;
      allowed = finding.can_be_allowed;
    }
    return allowed;
  }

  std::vector<const AllowSpec*> Unused() const {
    std::vector<const AllowSpec*> unused;
    for (const Entry& entry : entries_) {
      if (!entry.used) unused.push_back(entry.spec);
    }
    return unused;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  struct Entry {
    const AllowSpec* spec = nullptr;
    Key key;
    bool used = false;
  };
  std::vector<Entry> entries_;
};

std::string FindingLine(const Finding& finding, const Tree& tree) {
  return finding.guard + " " + Quote("/" + finding.path) + " of " +
         tree.Find(finding.path)->origin.ToString() + ": " + finding.what;
}

std::string UnusedLine(const Manifest& manifest, const AllowSpec& spec) {
  return At(manifest, spec.where) + ": allowance of " + spec.guard + " for " +
         Quote(spec.path) + ", where there is nothing to allow";
}

// YamlText returns a double-quoted scalar; nothing for a path that no manifest
// can spell.
std::optional<std::string> YamlText(const std::string& path) {
  const bool plain =
      std::ranges::all_of(path, [](char c) { return c >= 0x20 && c < 0x7f; });
  if (!plain) return std::nullopt;
  return Json(path).Canonical();
}

// AllowHint returns the entries for the findings that can be allowed.
std::string AllowHint(const Findings& findings) {
  std::string entries;
  std::string last;
  for (size_t i = 0; i < std::min(findings.size(), kMaxHinted); ++i) {
    const Finding& finding = findings[i];
    const auto path = YamlText("/" + finding.path);
    if (!finding.can_be_allowed || !path) continue;
    // One allowance is for all that a guard finds at a path.
    const std::string entry = "\n    - {guard: " + finding.guard +
                              ", path: " + *path + ", reason: WHY}";
    if (entry != last) entries += entry;
    last = entry;
  }
  if (entries.empty()) return "";
  return "to accept what is meant to be there, put into the manifest:\n"
         "system:\n  allow:" +
         entries;
}

Error Refusal(const Findings& findings, const std::vector<std::string>& lines) {
  std::string text =
      "the guards refuse the image: " + std::to_string(lines.size()) +
      (lines.size() == 1 ? " finding" : " findings");
  for (size_t i = 0; i < std::min(lines.size(), kMaxShown); ++i) {
    text += "\n  " + lines[i];
  }
  if (lines.size() > kMaxShown) {
    text += "\n  and " + std::to_string(lines.size() - kMaxShown) + " more";
  }
  Error error = InputError(std::move(text));
  const std::string hint = AllowHint(findings);
  return hint.empty() ? error : std::move(error).Hint(hint);
}

}  // namespace

Status CheckGuards(const Manifest& manifest, const std::vector<Action>& actions,
                   const Tree& tree) {
  TALLY_ASSIGN(Findings findings, FindAll(manifest, actions, tree));
  TALLY_ASSIGN(Allowances allowances, Allowances::Read(manifest));
  std::erase_if(findings, [&allowances](const Finding& finding) {
    return allowances.Allows(finding);
  });
  // Unused allowances come first: a finding beside one is often a path that
  // has moved.
  std::vector<std::string> lines;
  for (const AllowSpec* spec : allowances.Unused()) {
    lines.push_back(UnusedLine(manifest, *spec));
  }
  for (const Finding& finding : findings) {
    lines.push_back(FindingLine(finding, tree));
  }
  if (lines.empty()) return Ok();
  return Refusal(findings, lines);
}

}  // namespace tally
