// FindPrivateKey takes any bytes, and finds a PEM key wherever it stands.
#include "common/check.h"
#include "formats/private_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const bool found = tally::FindPrivateKey(input).has_value();
  // More text behind a key that PEM can carry does not hide it, nor does text
  // before it; of the binary forms the file must be one.
  tally::Bytes longer = tally::ToBytes(input);
  const std::string key =
      "\n-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIAAAAAAAAAAA\n";
  longer.insert(longer.end(), key.begin(), key.end());
  TALLY_CHECK(tally::FindPrivateKey(longer));
  if (found) TALLY_CHECK(size >= 7);
  return 0;
}
