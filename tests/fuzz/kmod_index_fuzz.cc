// What is parsed is written back as the same bytes.
#include <algorithm>

#include "common/check.h"
#include "formats/kmod_index.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const ByteSpan bytes(data, size);
  const auto entries = ParseKmodIndex(bytes);
  if (!entries) return 0;
  const auto again = EncodeKmodIndex(*entries);
  TALLY_CHECK(again && std::ranges::equal(*again, bytes));
  return 0;
}
