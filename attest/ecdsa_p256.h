// ECDSA on P-256 with SHA-256 by keys that are bare points: attestation keys in
// quotes have no certificate.
#pragma once

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

// VerifyP256 is a MismatchError unless `signature` (r and s, 32 bytes each,
// big-endian) is by the owner of `point` (x and y, likewise) over `message`,
// and an InputError if `point` is not on the curve.
Status VerifyP256(ByteSpan point, ByteSpan message, ByteSpan signature);

}  // namespace tally
