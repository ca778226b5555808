// The names of the guards (builder/guards.h), as manifests write them.
#pragma once

#include <string>
#include <vector>

namespace tally {

// GuardNames returns them in byte order.
std::vector<std::string> GuardNames();

}  // namespace tally
