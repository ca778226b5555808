// File capabilities as the kernel has them.
#pragma once

#include <string>

namespace tally::test {

// cap_net_raw=ep in the attribute security.capability, in hexadecimal.
inline const std::string kNetRawXattr =
    "0100000200200000000000000000000000000000";

}  // namespace tally::test
