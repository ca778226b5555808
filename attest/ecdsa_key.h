// ECDSA public keys that stand in no certificate: in a token, in a JWK, in a
// file.
#pragma once

#include <memory>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"
#include "formats/cose.h"

namespace tally {

// EcdsaPublicKey is a point on one of three curves. Copies share it.
class EcdsaPublicKey {
 public:
  // FromCoordinates is an InputError unless x and y have the curve's size and
  // are a point on it.
  static Result<EcdsaPublicKey> FromCoordinates(EcCurve curve, ByteSpan x,
                                                ByteSpan y);
  // FromPoint accepts 0x04, x, y (SEC 1, section 2.3.3: not compressed); the
  // size says which curve.
  static Result<EcdsaPublicKey> FromPoint(ByteSpan point);
  // FromSpki accepts a SubjectPublicKeyInfo in DER.
  static Result<EcdsaPublicKey> FromSpki(ByteSpan der);
  // FromFile accepts what people keep such keys in: PEM ("PUBLIC KEY",
  // "CERTIFICATE"), a certificate in DER, or a JWK (RFC 7517).
  static Result<EcdsaPublicKey> FromFile(ByteSpan bytes);

  EcCurve curve() const;
  const Bytes& point() const;  // 0x04, x, y

  // Verify is a MismatchError unless `signature` (r and s, big-endian, of the
  // curve's size each) is one over `message`, hashed as RFC 9053, section 2.1
  // pairs the curves: P-256 with SHA-256, P-384 with SHA-384, P-521 with
  // SHA-512.
  Status Verify(ByteSpan message, ByteSpan signature) const;

  struct State;

 private:
  explicit EcdsaPublicKey(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

}  // namespace tally
