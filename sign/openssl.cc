#include "sign/openssl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <limits>
#include <string>

#include "common/text.h"

namespace tally::openssl {
namespace {

constexpr std::string_view kDecryptHint =
    "decrypt it into a file that only you can read: openssl pkey -in KEY -out "
    "PLAIN";

Error EncryptedKey() {
  return InputError("the private key is encrypted, expected a plain one")
      .Hint(std::string(kDecryptHint));
}

// RefusePassphrase is called by OpenSSL only for encrypted keys.
int RefusePassphrase(char*, int, int, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

bool IsWanted(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return true;
  if (EVP_PKEY_is_a(key, "EC") != 1) return false;
  char group[64];
  size_t size = 0;
  return EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == "prime256v1";
}

}  // namespace

Error LastError(const std::string& what) {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  ERR_clear_error();
  return ToolError(what + ": " + text);
}

Result<PemKeyKind> ClassifyPem(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  size_t at = 0;
  while ((at = pem.find(kBegin, at)) != std::string_view::npos) {
    at += kBegin.size();
    const std::string_view label = pem.substr(at, pem.find("-----", at) - at);
    if (label == "PUBLIC KEY") return PemKeyKind::kPublic;
    if (label == "PRIVATE KEY" || label == "EC PRIVATE KEY" ||
        label == "RSA PRIVATE KEY") {
      return PemKeyKind::kPrivate;
    }
    // Also cosign's own ("ENCRYPTED SIGSTORE PRIVATE KEY").
    if (label.starts_with("ENCRYPTED ")) return EncryptedKey();
    // `openssl ecparam -genkey` writes this one before the key.
    if (label == "EC PARAMETERS") continue;
    return InputError("found PEM " + Quote(label) +
                      ", expected 'PUBLIC KEY' or 'PRIVATE KEY'");
  }
  return InputError(
      "not a PEM file, expected '-----BEGIN PUBLIC KEY-----' or "
      "'-----BEGIN PRIVATE KEY-----'");
}

Result<Key> ParsePrivateKey(std::string_view pem) {
  if (pem.size() > std::numeric_limits<int>::max()) {
    return InputError("PEM text is too long");
  }
  TALLY_ASSIGN(const PemKeyKind kind, ClassifyPem(pem));
  if (kind != PemKeyKind::kPrivate) {
    return InputError("found a public key, expected a private key");
  }
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  bool was_asked = false;
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, RefusePassphrase,
                                  &was_asked));
  ERR_clear_error();
  if (was_asked) return EncryptedKey();
  if (key == nullptr) return InputError("the private key is malformed");
  return key;
}

std::string NameOfKey(EVP_PKEY* key) {
  const char* type = EVP_PKEY_get0_type_name(key);
  std::string name = type == nullptr ? "unknown" : type;
  std::string group(64, '\0');
  size_t size = 0;
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) == 1) {
    group.resize(size);
    name += " key on curve " + Quote(group);
  } else {
    name += " key of " + std::to_string(EVP_PKEY_get_bits(key)) + " bits";
  }
  return name;
}

Result<PublicKey> PublicHalf(EVP_PKEY* key) {
  if (!IsWanted(key)) {
    return InputError("found " + NameOfKey(key) +
                      ", expected ECDSA P-256 or Ed25519")
        .Hint(
            "other keys do not verify in every client (P-384 with SHA-384 "
            "fails in cosign); 'tally keygen' makes a good one");
  }
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  ERR_clear_error();
  if (size <= 0) return InputError("the key has no public half");
  const Bytes spki(der, der + size);
  OPENSSL_free(der);
  return PublicKey::FromSpki(spki);
}

const EVP_MD* DigestOf(KeyType type) {
  return type == KeyType::kEcdsaP256 ? EVP_sha256() : nullptr;
}

}  // namespace tally::openssl
