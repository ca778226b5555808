#include "builder/generate/unit_lookup.h"

#include <algorithm>

#include "builder/generate/located.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr int kMaxUnitLinks = 64;  // UNIT_FILE_FOLLOW_SYMLINK_MAX of systemd

}  // namespace

// lookup_paths_init() of src/basic/path-lookup.c, without generators and /run.
UnitLookup::UnitLookup(UnitScope scope, const Tree& tree)
    : tree_(tree), noun_(scope == UnitScope::kSystem ? "system" : "user") {
  for (const std::string prefix : {"etc", "usr/local/lib", "usr/lib"}) {
    const std::string path = prefix + "/systemd/" + noun_;
    // Debian 12 builds systemd with a split /usr: system units are in /lib.
    const bool split = scope == UnitScope::kSystem && prefix == "usr/lib";
    directories_.push_back(
        {.path = path, .shown = split ? "/lib/systemd/system" : "/" + path});
  }
}

Result<std::optional<FoundUnit>> UnitLookup::Find(const UnitName& name) const {
  UnitName wanted = name;
  for (int num_links = 0; num_links < kMaxUnitLinks; ++num_links) {
    const TreeNode* node = nullptr;
    FoundUnit found{.name = wanted};
    std::vector<std::string> names = {wanted.ToString()};
    if (wanted.kind == UnitName::Kind::kInstance) {
      names.push_back(wanted.TemplateName());
    }
    for (const std::string& file : names) {
      for (const Directory& directory : directories_) {
        if (node != nullptr) break;
        found.path = directory.path + "/" + file;
        found.link_target = directory.shown + "/" + file;
        node = tree_.Find(found.path);
      }
    }
    if (node == nullptr || node->type == NodeType::kDirectory) {
      return std::optional<FoundUnit>();
    }
    const std::string target(BaseName(node->symlink_target));
    if (node->type == NodeType::kFile || target == BaseName(found.path)) {
      found.masked = Text(found.path).empty();
      return std::optional<FoundUnit>(std::move(found));
    }
    if (node->symlink_target == "/dev/null") {
      found.masked = true;
      return std::optional<FoundUnit>(std::move(found));
    }
    Result<UnitName> next = ParseUnitName(target);
    if (!next) return Located(found.path, next.error());
    const bool instantiate = next->kind == UnitName::Kind::kTemplate &&
                             wanted.kind == UnitName::Kind::kInstance;
    wanted = instantiate ? next->WithInstance(wanted.instance) : *next;
  }
  return InputError(
      "unit " + Quote(name.ToString()) + " leads through more than " +
      std::to_string(kMaxUnitLinks) + " links, expected a unit file");
}

Result<UnitInstall> UnitLookup::Install(const FoundUnit& unit) const {
  Result<UnitInstall> install = ParseUnitInstall(Text(unit.path), unit.path);
  if (!install) return Located(unit.path, install.error());
  std::vector<std::string> drop_in_directories;
  std::vector<std::string> names = {unit.name.ToString()};
  if (unit.name.kind == UnitName::Kind::kInstance) {
    names.push_back(unit.name.TemplateName());
  }
  for (const std::string& name : names) {
    for (const Directory& directory : directories_) {
      drop_in_directories.push_back(directory.path + "/" + name + ".d");
    }
  }
  for (const auto& entry : FilesByName(drop_in_directories, ".conf")) {
    install = ParseUnitInstall(Text(entry.second), entry.second,
                               std::move(install).value());
    if (!install) return Located(entry.second, install.error());
  }
  return install;
}

Result<std::vector<PresetRule>> UnitLookup::Presets() const {
  std::vector<std::string> preset_directories;
  for (const std::string prefix : {"etc", "usr/local/lib", "usr/lib"}) {
    preset_directories.push_back(prefix + "/systemd/" + noun_ + "-preset");
  }
  std::vector<PresetRule> rules;
  for (const auto& entry : FilesByName(preset_directories, ".preset")) {
    Result<std::vector<PresetRule>> more = ParsePreset(Text(entry.second));
    if (!more) return Located(entry.second, more.error());
    rules.insert(rules.end(), more->begin(), more->end());
  }
  return rules;
}

std::string UnitLookup::Nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const Directory& directory : directories_) {
    for (std::string& child : tree_.Children(directory.path)) {
      if (ParseUnitName(child)) names.push_back(std::move(child));
    }
  }
  const std::optional<std::string> nearest = NearestName(name, names);
  return nearest ? ", did you mean '" + *nearest + "'?" : "";
}

std::map<std::string, std::string> UnitLookup::FilesByName(
    const std::vector<std::string>& directories,
    std::string_view suffix) const {
  std::map<std::string, std::string> paths;
  for (const std::string& directory : directories) {
    for (const std::string& child : tree_.Children(directory)) {
      if (child.ends_with(suffix)) {
        paths.emplace(child, directory + "/" + child);
      }
    }
  }
  return paths;
}

std::string_view UnitLookup::Text(const std::string& path) const {
  const TreeNode* node = tree_.Resolve(path);
  if (node == nullptr || node->type != NodeType::kFile) return {};
  return AsText(node->content.span());
}

}  // namespace tally
