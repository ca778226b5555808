// The rules behind builder/guards.h: each looks at the finished tree and says
// what it would refuse.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/tree.h"

namespace tally {

// Finding is one thing that a guard refuses.
struct Finding {
  std::string guard;  // of GuardNames()
  std::string path;   // in the tree
  std::string what;   // "mode 4755"
  // Some things the manifest cannot allow.
  bool can_be_allowed = true;
};
using Findings = std::vector<Finding>;

// Setuid, setgid, files and directories that everybody may write.
void FindBadModes(const Tree& tree, Findings* findings);

// Extended attributes that nobody asked for. `planned` has the file
// capabilities that somebody did (PlanCapabilities).
void FindBadXattrs(const std::map<std::string, Bytes>& planned,
                   const Tree& tree, Findings* findings);

// What each machine must make for itself: SSH host keys, the snakeoil
// certificate, random seeds, the machine id. Private keys by content.
// `machine_id` is the manifest's.
void FindSecrets(const std::optional<std::string>& machine_id, const Tree& tree,
                 Findings* findings);

// Absolute symbolic links that lead nowhere.
void FindDanglingLinks(const Tree& tree, Findings* findings);

// ELF files whose interpreter or libraries are not in the image, or that are
// cut off.
void FindElfGaps(const Tree& tree, Findings* findings);

// State of dpkg, apt, debconf and ucf, and the files that they set aside.
void FindDpkgResidue(const Tree& tree, Findings* findings);

}  // namespace tally
