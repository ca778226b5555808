// ParseCpio takes any bytes, and EncodeCpio gives equal entries back.
#include "common/check.h"
#include "formats/cpio.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto entries = tally::ParseCpio({data, size});
  if (!entries) return 0;
  tally::BufferSink sink;
  TALLY_CHECK(tally::EncodeCpio(*entries, sink));
  const auto again = tally::ParseCpio(sink.bytes());
  // Equal entries have equal offsets, so all bytes up to the trailer are where
  // they were.
  TALLY_CHECK(again && *again == *entries);
  return 0;
}
