// Each structure of a TPM that parses encodes to the same bytes.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/tpm_attest.h"
#include "formats/tpm_public.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::Bytes bytes(data, data + size);
  if (const auto quote = tally::ParseTpmQuote(bytes)) {
    TALLY_CHECK(tally::EncodeTpmQuote(*quote) == bytes);
    TALLY_CHECK(tally::SelectedPcrs(quote->pcr_select).size() <=
                tally::kMaxTpmPcrBanks * tally::kTpmPcrs);
  }
  if (const auto signature = tally::ParseTpmSignature(bytes)) {
    TALLY_CHECK(tally::EncodeTpmSignature(*signature) == bytes);
  }
  if (const auto area = tally::ParseTpmtPublic(bytes)) {
    TALLY_CHECK(tally::EncodeTpmtPublic(*area) == bytes);
    const auto again = tally::ParseTpm2bPublic(tally::EncodeTpm2bPublic(*area));
    TALLY_CHECK(again && *again == *area);
  }
  return 0;
}
