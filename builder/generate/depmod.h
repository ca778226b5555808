// modules.dep and its companions, as depmod makes them. See
// docs/generators/depmod.md.
#pragma once

#include "builder/tree.h"

namespace tally {

// GenerateDepmod writes the files for each kernel version below
// usr/lib/modules that has modules. A module that can not be read, modules that
// need each other in a circle, and a depmod.d(5) file with settings are
// InputErrors. The result does not depend on `num_threads`.
Status GenerateDepmod(unsigned num_threads, Tree* tree);

}  // namespace tally
