// Kernel modules made by hand.
#pragma once

#include <string_view>

#include "common/bytes.h"

namespace tally::test {

// MakeModule returns an ELF file with a null section, .modinfo (the given
// strings, each ended by a NUL) and .shstrtab.
Bytes MakeModule(std::string_view modinfo);

}  // namespace tally::test
