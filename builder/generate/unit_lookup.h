// Where systemd finds units and presets in an image. docs/generators/units.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/tree.h"
#include "formats/systemd_preset.h"
#include "formats/systemd_unit.h"

namespace tally {

// UnitScope says whose units are meant: those of process 1, or those of every
// user's manager (systemctl --global).
enum class UnitScope { kSystem, kUser };

// FoundUnit is a unit file, after following links by name as systemd does.
struct FoundUnit {
  UnitName name;     // of the file; an instance if one was asked for
  std::string path;  // in the tree
  // The absolute path that systemctl writes into links to this unit.
  std::string link_target;
  bool masked = false;
};

class UnitLookup {
 public:
  // `tree` must outlive this.
  UnitLookup(UnitScope scope, const Tree& tree);

  // Find returns nothing if there is no such unit. A loop of links is an
  // InputError.
  Result<std::optional<FoundUnit>> Find(const UnitName& name) const;

  // Install reads [Install] of the file and its drop-ins.
  Result<UnitInstall> Install(const FoundUnit& unit) const;

  // Presets reads the preset files, in the order in which their rules count.
  Result<std::vector<PresetRule>> Presets() const;

  // Nearest suggests a unit that exists: ", did you mean 'x.service'?" or "".
  std::string Nearest(std::string_view name) const;

  // config_path is where enabling puts links: "etc/systemd/system".
  std::string config_path() const { return "etc/systemd/" + noun_; }

 private:
  struct Directory {
    std::string path;   // in the tree
    std::string shown;  // what systemctl calls it
  };

  // FilesByName returns the files that end in `suffix` of several directories
  // by base name; the first directory that has a name wins.
  std::map<std::string, std::string> FilesByName(
      const std::vector<std::string>& directories,
      std::string_view suffix) const;
  // Text returns the contents of a file, or of the file that a link leads to;
  // "" for /dev/null and links to nowhere.
  std::string_view Text(const std::string& path) const;

  const Tree& tree_;
  std::string noun_;  // "system" or "user"
  std::vector<Directory> directories_;
};

}  // namespace tally
