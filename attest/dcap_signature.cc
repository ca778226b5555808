#include "attest/dcap_signature.h"

#include "attest/ecdsa_key.h"

namespace tally {

Status VerifyQuoteSignature(const DcapQuote& quote) {
  const ByteSpan x = quote.attestation_key.first(32);
  const ByteSpan y = quote.attestation_key.subspan(32);
  TALLY_ASSIGN(const EcdsaPublicKey key,
               EcdsaPublicKey::FromCoordinates(EcCurve::kP256, x, y));
  return key.Verify(quote.signed_bytes, quote.signature);
}

}  // namespace tally
