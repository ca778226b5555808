// ParseModuleInfo takes any bytes, and what it returns is inside the file.
#include "common/check.h"
#include "formats/elf_modinfo.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto info = tally::ParseModuleInfo({data, size});
  if (!info) return 0;
  size_t total = info->name.size();
  for (const std::string& name : info->depends) {
    TALLY_CHECK(!name.empty());
    total += name.size();
  }
  for (const std::string& alias : info->aliases) total += alias.size();
  for (const auto& [key, value] : info->fields) {
    TALLY_CHECK(!key.empty());
    total += key.size() + value.size();
  }
  TALLY_CHECK(total <= size);
  return 0;
}
