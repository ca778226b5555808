// Services in /etc/nsswitch.conf. docs/generators/nss.md.
#pragma once

#include <vector>

#include "builder/action.h"
#include "builder/tree.h"

namespace tally {

// GenerateNss puts the services of all "nss" actions into their lines of
// etc/nsswitch.conf, as dh_installnss(1) would. A file of the manifest stays as
// it is, and so does a line that has the service or lacks the other one.
Status GenerateNss(const std::vector<Action>& actions, Tree* tree);

}  // namespace tally
