// File capabilities of programs: security.capability. See
// docs/generators/capabilities.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/manifest.h"

namespace tally {

// PlanCapabilities returns the attribute that every path in `tree` is to have:
// of capability actions, and of the manifest, which wins. All hard links of a
// file are in it. InputErrors name the package or the manifest's line: text
// that is no capabilities, a path that is not a regular file, two that ask for
// different capabilities of one file. Actions for files that are not in the
// image are left out; the manifest must name a file.
Result<std::map<std::string, Bytes>> PlanCapabilities(
    const Manifest& manifest, const std::vector<Action>& actions,
    const Tree& tree);

// GenerateCapabilities sets what PlanCapabilities returns.
Status GenerateCapabilities(const Manifest& manifest,
                            const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
