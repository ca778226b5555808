// The program that an initrd starts first.
#pragma once

#include <string_view>

namespace tally {

// InitScript returns builder/initrd/init.sh. Its bytes belong to the format
// epoch: a change is a new epoch.
std::string_view InitScript();

}  // namespace tally
