// The signature section of an EIF: a CBOR array of one map with the signing
// certificate (PEM) and a COSE_Sign1 over PCR0. See docs/formats/eif.md.
#pragma once

#include "common/bytes.h"

namespace tally {

// ParseEifSigningCertificate returns the DER form of the certificate. It checks
// the form of the section, neither the signature nor the certificate.
Result<Bytes> ParseEifSigningCertificate(ByteSpan section);

}  // namespace tally
