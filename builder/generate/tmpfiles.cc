#include "builder/generate/tmpfiles.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "builder/generate/config_files.h"
#include "builder/generate/tmpfiles_apply.h"
#include "common/text.h"

namespace tally {
namespace {

// What a running system mounts or empties: nothing below these lasts from the
// image to a service.
constexpr std::array<std::string_view, 8> kVolatilePlaces = {
    "var/run", "var/lock", "run", "tmp", "var/tmp", "dev", "proc", "sys"};
// Types that are done at build when a file of the tree has them, and among them
// those that make something.
constexpr std::string_view kAtBuild = "dDvqQLfCzZm";
constexpr std::string_view kMakes = "dDvqQLfC";

struct SourcedLine {
  TmpfilesLine line;
  std::string source;
};

bool IsBelowVolatile(std::string_view path) {
  return std::ranges::any_of(kVolatilePlaces, [path](std::string_view place) {
    return path.starts_with(place) && path.size() > place.size() &&
           path[place.size()] == '/';
  });
}

bool Makes(const TmpfilesLine& line) {
  return kMakes.find(line.type) != std::string_view::npos;
}

bool HasPattern(const TmpfilesLine& line) {
  return TakesGlob(line.type) &&
         line.path.find_first_of("*?") != std::string::npos;
}

Status DoActions(const std::vector<Action>& actions, TmpfilesApplier& applier) {
  for (const Action& action : actions) {
    if (action.kind != ActionKind::kTmpfiles) continue;
    const std::string source = "action " + Quote(FormatAction(action)) +
                               " of package '" + action.package + "'";
    const Result<TmpfilesLine> line = ParseTmpfilesLine(action.argument);
    if (!line) return InputError(source + ": " + line.error().message());
    const std::string obstacle = TmpfilesApplier::WhyNot(*line);
    if (!obstacle.empty()) {
      return InputError(source + ": found " + obstacle +
                        ", expected what can be done at build");
    }
    const Status done = applier.Apply(*line);
    if (!done && !line->may_fail) {
      return InputError(source + ": " + done.error().message());
    }
  }
  return Ok();
}

// IsForBuild says whether a line of a file of the tree is done now.
bool IsForBuild(const TmpfilesLine& line, const TmpfilesApplier& applier) {
  if (kAtBuild.find(line.type) == std::string_view::npos ||
      !TmpfilesApplier::WhyNot(line).empty()) {
    return false;
  }
  const std::string_view path = std::string_view(line.path).substr(1);
  const Result<std::string> located = applier.Locate(line.path);
  // A parent that leads nowhere may do so at boot.
  return !IsBelowVolatile(path) && located && !IsBelowVolatile(*located);
}

// ReadFiles returns the lines to do in the order of the files. Of several that
// make something at one path, the first counts.
Result<std::vector<SourcedLine>> ReadFiles(const Tree& tree) {
  TALLY_ASSIGN(const std::vector<ConfigFile> files,
               ConfigFiles(tree, "tmpfiles.d"));
  std::vector<SourcedLine> lines;
  std::set<std::string> made;
  for (const ConfigFile& file : files) {
    TALLY_ASSIGN(std::vector<TmpfilesLine> parsed,
                 ParseTmpfiles(file.text, file.Where()));
    for (TmpfilesLine& line : parsed) {
      if (line.boot_only) continue;
      if (Makes(line) && !made.insert(line.path).second) continue;
      std::string source = file.Where() + " line " + std::to_string(line.line);
      lines.push_back({.line = std::move(line), .source = std::move(source)});
    }
  }
  return lines;
}

// InOrder puts lines into the order of systemd-tmpfiles: patterns last; before
// a path the lines for its parents; for one path first what makes it.
std::vector<const SourcedLine*> InOrder(const std::vector<SourcedLine>& lines) {
  std::map<std::string_view, std::vector<const SourcedLine*>> by_path;
  for (const SourcedLine& line : lines) {
    if (!HasPattern(line.line)) by_path[line.line.path].push_back(&line);
  }
  std::vector<const SourcedLine*> order;
  const auto take = [&](std::string_view path) {
    const auto found = by_path.find(path);
    if (found == by_path.end()) return;
    std::stable_partition(
        found->second.begin(), found->second.end(),
        [](const SourcedLine* line) { return Makes(line->line); });
    order.insert(order.end(), found->second.begin(), found->second.end());
    by_path.erase(found);
  };
  for (const SourcedLine& line : lines) {
    const std::string_view path = line.line.path;
    if (HasPattern(line.line)) continue;
    take("/");
    for (size_t slash = path.find('/', 1); slash != std::string_view::npos;
         slash = path.find('/', slash + 1)) {
      take(path.substr(0, slash));
    }
    take(path);
  }
  for (const SourcedLine& line : lines) {
    if (HasPattern(line.line)) order.push_back(&line);
  }
  return order;
}

Status DoFiles(TmpfilesApplier& applier, const Tree& tree) {
  TALLY_ASSIGN(const std::vector<SourcedLine> lines, ReadFiles(tree));
  for (const SourcedLine* line : InOrder(lines)) {
    if (!IsForBuild(line->line, applier)) continue;
    if (line->line.type == 'C' && !applier.HasSource(line->line)) continue;
    const Status done = applier.Apply(line->line);
    if (!done && !line->line.may_fail) {
      return InputError(line->source + ": " + done.error().message());
    }
  }
  return Ok();
}

}  // namespace

Status GenerateTmpfiles(const std::vector<Action>& actions, Tree* tree) {
  TmpfilesApplier applier(tree);
  TALLY_TRY(DoActions(actions, applier));
  return DoFiles(applier, *tree);
}

}  // namespace tally
