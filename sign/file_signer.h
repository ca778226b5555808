// FileSigner: a private key in a PEM file.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "sign/signer.h"

namespace tally {

class FileSigner : public Signer {
 public:
  // Load reads an unencrypted PEM private key (PKCS#8, or SEC1 as `openssl
  // ecparam -genkey` writes it). Encrypted keys and other key types are
  // InputErrors that say why.
  static Result<FileSigner> Load(const std::filesystem::path& path);
  static Result<FileSigner> FromPem(std::string_view pem);

  FileSigner(FileSigner&&) noexcept;
  FileSigner& operator=(FileSigner&&) noexcept;
  ~FileSigner() override;

  // ECDSA signatures differ from run to run (OpenSSL 3.0 draws the nonce);
  // Ed25519 signatures do not.
  Result<Bytes> Sign(ByteSpan message) const override;
  const PublicKey& public_key() const override;

 private:
  struct State;
  explicit FileSigner(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// KeyPair is a fresh key, both halves as PEM. Write the private one with mode
// 0600.
struct KeyPair {
  std::string private_pem;  // PKCS#8, unencrypted
  std::string public_pem;   // SubjectPublicKeyInfo
};

// GenerateKey draws a key from the system's random numbers.
Result<KeyPair> GenerateKey(KeyType type);

}  // namespace tally
