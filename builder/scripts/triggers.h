// The control file "triggers", deb-triggers(5).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// TranslateTriggers returns the actions that a package's triggers stand for. A
// trigger that nobody has looked at is an InputError "line N: …".
Result<std::vector<std::string>> TranslateTriggers(std::string_view package,
                                                   ByteSpan triggers);

}  // namespace tally
