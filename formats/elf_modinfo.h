// The .modinfo section of Linux kernel modules: name, dependencies, aliases.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/bytes.h"

namespace tally {

// ModuleInfo holds the "key=value" strings of .modinfo, in file order.
struct ModuleInfo {
  std::string name;  // "" if the module has no name= (before 4.x)
  std::vector<std::string> depends;  // module names, as written
  std::vector<std::string> aliases;
  // Everything else: license, vermagic, softdep, firmware, parm …
  std::vector<std::pair<std::string, std::string>> fields;

  bool operator==(const ModuleInfo&) const = default;
};

// ParseModuleInfo reads an uncompressed kernel module: ELF64, little endian,
// relocatable. Anything else is an input error that says what was found.
Result<ModuleInfo> ParseModuleInfo(ByteSpan module);

}  // namespace tally
