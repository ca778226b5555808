// Kernel modules made by hand.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally::test {

// MakeModule returns an ELF file with a null section, .modinfo (the given
// strings, each ended by a NUL) and .shstrtab.
Bytes MakeModule(std::string_view modinfo);

// MakeLinkedModule also has .symtab and .strtab, with a __crc_ symbol for each
// exported name and an undefined symbol for each needed one, and __versions.
struct ModuleLinks {
  std::vector<std::string> exported;
  std::vector<std::string> needed;
  std::vector<std::string> versions;
};
Bytes MakeLinkedModule(std::string_view modinfo, const ModuleLinks& links);

}  // namespace tally::test
