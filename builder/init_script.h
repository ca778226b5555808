// The program that an initrd starts first.
#pragma once

#include <string_view>

namespace tally {

// InitScript returns builder/initrd/init.sh, or init_epoch_1.sh for the first
// format epoch. The bytes belong to the epoch: a change is a new epoch.
std::string_view InitScript(int format_epoch);

}  // namespace tally
