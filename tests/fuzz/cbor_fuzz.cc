// Whatever parses is written to the same bytes, and so is what both rules
// accept.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/cbor.h"
#include "formats/cose.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan bytes(data, size);
  const auto item = tally::ParseCbor(
      "file", bytes, {.lengths = tally::CborLengths::kDefiniteOrNot});
  const auto strict = tally::ParseCbor("file", bytes);
  const auto sign1 = tally::ParseCoseSign1("file", bytes);
  const auto key = tally::ParseCoseKey("file", bytes);
  if (!item) {
    TALLY_CHECK(!strict && !sign1 && !key);
    return 0;
  }
  TALLY_CHECK(item->size_bytes == size);
  TALLY_CHECK(tally::CborWriter().Item(*item).bytes() == tally::ToBytes(bytes));
  if (!sign1) return 0;
  // What is signed holds the very bytes of header and payload.
  const tally::Bytes signed_bytes = tally::CoseToBeSigned(*sign1);
  const auto again = tally::ParseCbor("signed", signed_bytes);
  TALLY_CHECK(again && again->items.size() == 4);
  TALLY_CHECK(tally::ToBytes(again->items[3].bytes) ==
              tally::ToBytes(sign1->payload()));
  return 0;
}
