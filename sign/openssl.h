// Owning pointers for OpenSSL, and keys from PEM. Only for this folder's .cc
// files.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

#include "common/result.h"
#include "sign/public_key.h"

namespace tally::openssl {

struct Free {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Bio = std::unique_ptr<BIO, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using MdContext = std::unique_ptr<EVP_MD_CTX, Free>;

// LastError returns a ToolError: "WHAT: …", with what OpenSSL says of the call
// that failed just now.
Error LastError(const std::string& what);

// No file with one key is larger.
inline constexpr uint64_t kMaxPemBytes = 64 << 10;

// PemKeyKind says what a PEM text holds, by its first label that is a key.
enum class PemKeyKind { kPublic, kPrivate };
Result<PemKeyKind> ClassifyPem(std::string_view pem);

// ParsePrivateKey refuses encrypted keys; it never asks for a passphrase.
Result<Key> ParsePrivateKey(std::string_view pem);

// NameOfKey describes a key of any type, for error text.
std::string NameOfKey(EVP_PKEY* key);

// PublicHalf refuses key types that are not in KeyType, with the reason.
Result<PublicKey> PublicHalf(EVP_PKEY* key);

// DigestOf is the hash that goes with a key type; null for Ed25519, which takes
// the message as it is.
const EVP_MD* DigestOf(KeyType type);

}  // namespace tally::openssl
