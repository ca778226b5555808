// A listing of a directory has one form: what is read is written back.
#include <map>
#include <string>

#include "builder/sources/directory.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  std::map<std::string, uint64_t> sizes;
  const auto tree = tally::ParseDirectoryListing(text, &sizes);
  if (!tree) return 0;
  for (const auto& [path, bytes] : sizes) {
    // FormatListing takes sizes from contents, which a listing does not have.
    if (bytes != 0) return 0;
  }
  TALLY_CHECK(tally::FormatListing(*tree) == text);
  return 0;
}
