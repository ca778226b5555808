// ECDSA on P-384 with SHA-384, as bare numbers: for formats that carry neither
// ASN.1 nor PEM.
//
// The nonce of a signature is random: OpenSSL has the deterministic ones of RFC
// 6979 from 3.2 on. Two signatures over the same bytes differ.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

// Numbers are big-endian.
struct P384Point {
  std::array<uint8_t, 48> x = {};
  std::array<uint8_t, 48> y = {};
};
struct P384Signature {
  std::array<uint8_t, 48> r = {};
  std::array<uint8_t, 48> s = {};
};

// EcdsaP384Key is a private key in memory. Move-only.
class EcdsaP384Key {
 public:
  // FromPem accepts an unencrypted PEM "PRIVATE KEY" (PKCS #8) or "EC PRIVATE
  // KEY" (SEC 1) on secp384r1, InputError otherwise.
  static Result<EcdsaP384Key> FromPem(std::string_view pem);
  // Load reads a PEM file, as FromPem.
  static Result<EcdsaP384Key> Load(const std::filesystem::path& path);

  EcdsaP384Key(EcdsaP384Key&&) noexcept;
  EcdsaP384Key& operator=(EcdsaP384Key&&) noexcept;
  ~EcdsaP384Key();

  const P384Point& public_point() const;
  Result<P384Signature> Sign(ByteSpan message) const;

 private:
  struct State;
  explicit EcdsaP384Key(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// VerifyP384 is a MismatchError if `signature` is not one by the owner of
// `point` over `message`, an InputError if `point` is not on the curve.
Status VerifyP384(const P384Point& point, ByteSpan message,
                  const P384Signature& signature);

}  // namespace tally
