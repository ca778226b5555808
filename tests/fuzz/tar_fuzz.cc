// TarReader takes any bytes; what it reads to the end, TarWriter writes again
// byte for byte.
#include <algorithm>

#include "common/check.h"
#include "formats/tar.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan archive(data, size);
  tally::TarReader reader(archive);
  tally::BufferSink sink;
  tally::TarWriter writer(sink);
  while (true) {
    const auto entry = reader.Next();
    if (!entry) return 0;
    if (!*entry) break;
    TALLY_CHECK(writer.Add((*entry)->header, (*entry)->content));
  }
  TALLY_CHECK(writer.Finish());
  TALLY_CHECK(std::ranges::equal(sink.bytes(), archive));
  return 0;
}
