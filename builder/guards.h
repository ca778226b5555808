// Guards: what an attested image must not hold. See docs/guards.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"
#include "manifests/manifest.h"

namespace tally {

// CheckGuards looks at the finished tree. Every finding of a guard is an error
// unless system.allow of the manifest names that guard and exactly that path;
// an allowance that nothing needs is an error too. One InputError lists them
// all, sorted by guard and path: the first twenty, and how many more. Its hint
// is what to paste into the manifest. `actions` are those of the packages'
// scripts: what they ask for is not a finding.
Status CheckGuards(const Manifest& manifest, const std::vector<Action>& actions,
                   const Tree& tree);

}  // namespace tally
