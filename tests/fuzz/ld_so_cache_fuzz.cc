// What is parsed is written back as the same bytes.
#include <algorithm>

#include "common/check.h"
#include "formats/ld_so_cache.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const ByteSpan bytes(data, size);
  const auto cache = ParseLdSoCache(bytes);
  if (!cache) return 0;
  const auto again = EncodeLdSoCache(*cache);
  TALLY_CHECK(again && std::ranges::equal(*again, bytes));
  return 0;
}
