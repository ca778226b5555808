// Arm CCA: whether a realm's attestation token is genuine.
//
// Follows Arm DEN0137 (RMM specification), A7.2. There is no public root: the
// key of the platform (CPAK) is given as collateral, and the token is as
// genuine as that key. See docs/evidence/cca.md.
#pragma once

#include <vector>

#include "attest/evidence.h"
#include "common/bytes.h"
#include "common/result.h"
#include "formats/cca_token.h"

namespace tally {

// AuthenticateCca checks both signatures and what binds them. InputError: not a
// token. Anything else that is wrong is a failed check, a CPAK that is missing
// too.
Result<Evidence> AuthenticateCca(ByteSpan evidence,
                                 const AuthenticationInputs& inputs);

// DescribeCca returns every claim of both tokens.
Result<std::vector<EvidenceField>> DescribeCca(ByteSpan evidence);

}  // namespace tally
