// ParseElf and ParseModuleSymbols take any bytes, and what they return is
// inside the file.
#include "common/check.h"
#include "formats/elf.h"
#include "formats/elf_module_symbols.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const ByteSpan file(data, size);
  if (const auto elf = ParseElf(file)) {
    TALLY_CHECK(IsElf(file));
    TALLY_CHECK(elf->interpreter.size() < size);
    for (const std::string& name : elf->needed) TALLY_CHECK(name.size() < size);
    TALLY_CHECK(!elf->soname || elf->has_dynamic);
    TALLY_CHECK(elf->isa_level < 32);
  }
  if (const auto symbols = ParseModuleSymbols(file)) {
    for (const std::string& name : symbols->needed) {
      TALLY_CHECK(name.find('\0') == name.npos && name.size() < size);
    }
    for (const std::string& name : symbols->exported) {
      TALLY_CHECK(name.find('\0') == name.npos && name.size() < size);
    }
  }
  return 0;
}
