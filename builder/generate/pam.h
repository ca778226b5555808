// The common PAM stacks of an image. docs/generators/pam.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"

namespace tally {

// GeneratePam writes /etc/pam.d/common-* as `pam-auth-update --package` would
// for the profiles in the tree, if some action asks for it. Each file stays as
// it is if the tree has it already.
Status GeneratePam(const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
