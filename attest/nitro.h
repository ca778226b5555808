// AWS Nitro Enclaves: whether an attestation document is genuine.
//
// Follows aws-nitro-enclaves-nsm-api, docs/attestation_process.md, with one
// difference: certificates live for three hours, so the chain is judged at the
// document's own time, which the evidence's reader holds against the clock. See
// docs/evidence/nitro.md.
#pragma once

#include <vector>

#include "attest/evidence.h"
#include "common/bytes.h"
#include "common/result.h"
#include "formats/nitro_document.h"

namespace tally {

// A document's clock may be this much ahead of ours.
inline constexpr int64_t kNitroClockToleranceSeconds = 60;

// AuthenticateNitro checks signature, certificates and time. InputError: not a
// document. Anything else that is wrong is a failed check.
Result<Evidence> AuthenticateNitro(ByteSpan evidence,
                                   const AuthenticationInputs& inputs);

// DescribeNitro returns every field, of the certificates too.
Result<std::vector<EvidenceField>> DescribeNitro(ByteSpan evidence);

}  // namespace tally
