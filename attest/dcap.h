// Quotes of Intel TDX and SGX: whether Intel's keys vouch for them, and for
// which platform. See docs/evidence/dcap.md.
//
// Follows the order of Intel's SGX-TDX-DCAP-QuoteVerificationLibrary, commit
// 7e5b2a13, QuoteVerifier.cpp. Not modelled: quotes whose PCK certificate is
// not in them, version 2 of TCB info, and quote verification enclaves.
#pragma once

#include <vector>

#include "attest/evidence.h"
#include "common/bytes.h"
#include "common/result.h"

namespace tally {

// Each says whether the header is one of a quote of Intel's quoting enclaves
// for that technology; what follows may be broken.
bool LooksLikeTdxQuote(ByteSpan evidence);
bool LooksLikeSgxQuote(ByteSpan evidence);

// Each checks everything that `inputs` allows. InputError if the evidence is
// not such a quote; whatever else is wrong is a failed check. Collateral is
// what Intel's PCS publishes: see attest/dcap_collateral.h for the forms.
Result<Evidence> AuthenticateTdx(ByteSpan evidence,
                                 const AuthenticationInputs& inputs);
Result<Evidence> AuthenticateSgx(ByteSpan evidence,
                                 const AuthenticationInputs& inputs);

// Each returns every field, in the order of the bytes; nothing is checked but
// the form.
Result<std::vector<EvidenceField>> DescribeTdx(ByteSpan evidence);
Result<std::vector<EvidenceField>> DescribeSgx(ByteSpan evidence);

}  // namespace tally
