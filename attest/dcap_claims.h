// What a quote says, in the terms of policies. For attest/dcap.cc.
#pragma once

#include <optional>

#include "attest/dcap_tcb.h"
#include "attest/evidence.h"
#include "formats/dcap_quote.h"
#include "formats/pck_extension.h"

namespace tally {

// ExpectTee is an InputError unless the quote is of that technology.
Status ExpectTee(const DcapQuote& quote, uint32_t tee_type);

// DcapEvidence fills everything but the checks. Without a `pck` the platform is
// not known, without a `verdict` its status is "unknown".
Evidence DcapEvidence(const DcapQuote& quote,
                      const std::optional<PckExtension>& pck,
                      const std::optional<TcbVerdict>& verdict);

}  // namespace tally
