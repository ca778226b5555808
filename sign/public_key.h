// PublicKey: who may have signed.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"

namespace tally {

// KeyType has the two kinds of key that every client of a bundle accepts.
enum class KeyType {
  kEcdsaP256,  // SHA-256, signatures in ASN.1 DER
  kEd25519,
};

// KeyTypeName returns "ECDSA P-256" or "Ed25519".
std::string KeyTypeName(KeyType type);

class PublicKey {
 public:
  // FromPem accepts a PEM "PUBLIC KEY" (SubjectPublicKeyInfo), or derives the
  // public half of an unencrypted PEM private key. InputError otherwise, and
  // for other key types, with the reason.
  static Result<PublicKey> FromPem(std::string_view pem);

  // FromSpki accepts the one DER encoding of each key type: uncompressed point,
  // named curve.
  static Result<PublicKey> FromSpki(ByteSpan spki);

  // Load reads a PEM file, as FromPem.
  static Result<PublicKey> Load(const std::filesystem::path& path);

  KeyType type() const { return type_; }
  const Bytes& spki() const { return spki_; }

  // pem is the SubjectPublicKeyInfo as other tools want it.
  std::string pem() const;

  // hint is base64(SHA-256(SubjectPublicKeyInfo)), as bundles carry it. It
  // helps to find a key and proves nothing.
  std::string hint() const;

  // Verify is a MismatchError if `signature` is not one of this key over
  // `message`.
  Status Verify(ByteSpan message, ByteSpan signature) const;

  bool operator==(const PublicKey&) const = default;

 private:
  PublicKey(KeyType type, Bytes spki) : type_(type), spki_(std::move(spki)) {}

  KeyType type_;
  Bytes spki_;
};

}  // namespace tally
