// The public half of an attestation key, and what it signed.
#pragma once

#include <string>
#include <string_view>

#include "common/bytes.h"
#include "formats/tpm_attest.h"
#include "formats/tpm_public.h"

namespace tally {

// TpmKey is an RSA key of 2048 to 4096 bits, or a point of P-256 or P-384.
class TpmKey {
 public:
  // Each is an InputError for keys of another kind or size, and for points that
  // are not on their curve.
  static Result<TpmKey> FromPublic(const TpmPublic& public_area);
  static Result<TpmKey> FromRsa(ByteSpan modulus, ByteSpan exponent);
  static Result<TpmKey> FromSpki(ByteSpan spki);
  // FromPem accepts one "PUBLIC KEY" block and nothing else.
  static Result<TpmKey> FromPem(std::string_view pem);

  // SubjectPublicKeyInfo in DER, the same for every way to get the key.
  const Bytes& spki() const { return spki_; }
  // "RSA-2048", "P-256"
  const std::string& name() const { return name_; }

  // Verify is a MismatchError unless `signature` is by this key over `message`,
  // with SHA-256 or more.
  Status Verify(ByteSpan message, const TpmSignature& signature) const;

  bool operator==(const TpmKey& other) const { return spki_ == other.spki_; }

 private:
  TpmKey(Bytes spki, std::string name)
      : spki_(std::move(spki)), name_(std::move(name)) {}

  Bytes spki_;
  std::string name_;
};

}  // namespace tally
