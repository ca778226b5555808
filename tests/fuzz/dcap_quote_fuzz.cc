// Whatever parses is described byte for byte, authenticates or not without
// trouble, and is no quote of the other technology.
#include <cstddef>
#include <cstdint>

#include "attest/dcap.h"
#include "common/check.h"
#include "formats/dcap_quote.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto quote = tally::ParseDcapQuote(file);
  const auto tdx = tally::AuthenticateTdx(file, {.at = 1750331763});
  const auto sgx = tally::AuthenticateSgx(file, {.at = 1750331763});
  if (!quote) {
    TALLY_CHECK(!tdx && !sgx);
    return 0;
  }
  TALLY_CHECK(tdx.has_value() == (quote->td() != nullptr));
  TALLY_CHECK(sgx.has_value() != tdx.has_value());
  TALLY_CHECK(tally::LooksLikeTdxQuote(file) == tdx.has_value());
  TALLY_CHECK(tally::LooksLikeSgxQuote(file) == sgx.has_value());
  const auto fields = tdx ? tally::DescribeTdx(file) : tally::DescribeSgx(file);
  TALLY_CHECK(fields);
  uint64_t offset = 0;
  for (const tally::EvidenceField& field : *fields) {
    TALLY_CHECK(field.offset == offset);
    offset += field.size_bytes;
  }
  TALLY_CHECK(offset == size);
  return 0;
}
