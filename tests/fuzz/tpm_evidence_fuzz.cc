// The container of a TPM's quote: what parses is written and read back; nothing
// is authentic if nobody vouches for the key; what can be described can be
// checked.
#include <cstddef>
#include <cstdint>

#include "attest/tpm.h"
#include "common/check.h"
#include "formats/tpm_evidence.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto parsed = tally::ParseTpmEvidence(file);
  const auto checked = tally::AuthenticateTpm(file, {});
  TALLY_CHECK(checked.has_value() == tally::DescribeTpm(file).has_value());
  if (!parsed) {
    TALLY_CHECK(!checked);
    return 0;
  }
  const std::string text = tally::FormatTpmEvidence(*parsed);
  TALLY_CHECK(tally::LooksLikeTpmQuote(tally::AsBytes(text)));
  const auto again = tally::ParseTpmEvidence(tally::AsBytes(text));
  TALLY_CHECK(again && *again == *parsed);
  TALLY_CHECK(!checked || !checked->authentic());
  return 0;
}
