// What tmpfiles.d(5) creates, made at build. See docs/generators/tmpfiles.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"

namespace tally {

// GenerateTmpfiles does every tmpfiles action, which stands for a maintainer
// script; one that cannot be done in a tree is an InputError. Then it does
// those lines of the tree's tmpfiles.d files that boot could not do in a
// read-only image; all others are left to systemd-tmpfiles-setup. What the
// manifest says about a path wins. Owners by name are left to ResolveOwners.
Status GenerateTmpfiles(const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
