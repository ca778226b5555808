// Which symbols a Linux kernel module exports and needs: what depmod finds
// dependencies by.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

struct ModuleSymbols {
  std::vector<std::string> exported;
  // Undefined symbols in the order of .symtab, then the others of __versions.
  std::vector<std::string> needed;

  bool operator==(const ModuleSymbols&) const = default;
};

// ParseModuleSymbols reads an uncompressed kernel module: ELF64, little endian,
// relocatable. Anything else, or a part outside of the file, is an InputError.
Result<ModuleSymbols> ParseModuleSymbols(ByteSpan module);

}  // namespace tally
