// The signature of a quote by its attestation key, which has no certificate:
// the quoting enclave's report vouches for it.
#pragma once

#include "common/result.h"
#include "formats/dcap_quote.h"

namespace tally {

// VerifyQuoteSignature is a MismatchError unless the attestation key signed
// header and body, and an InputError if the key is not a point on P-256.
Status VerifyQuoteSignature(const DcapQuote& quote);

}  // namespace tally
