// Enabled, masked and default units of an image. docs/generators/units.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/manifest.h"

namespace tally {

// GenerateUnits makes the links in /etc/systemd that `systemctl` would make for
// the units that actions enable (unless a preset file of the tree says no) and
// for manifest.system.units. Unknown units and contradictions are InputErrors
// at the manifest's line.
Status GenerateUnits(const Manifest& manifest,
                     const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
