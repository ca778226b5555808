#include "sign/public_key.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <limits>

#include "common/file.h"
#include "common/hash.h"
#include "common/text.h"
#include "sign/openssl.h"

namespace tally {
namespace {

// SubjectPublicKeyInfo up to the key itself; RFC 5480 section 2.1.1.1 with
// secp256r1 and an uncompressed point (SEC 1 section 2.3.3), RFC 8410
// section 4.
constexpr std::string_view kP256Prefix =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004";
constexpr std::string_view kEd25519Prefix = "302a300506032b6570032100";
constexpr size_t kP256SpkiBytes = 91;
constexpr size_t kEd25519SpkiBytes = 44;

bool HasForm(ByteSpan spki, std::string_view prefix_hex, size_t size_bytes) {
  return spki.size() == size_bytes &&
         Hex(spki.first(prefix_hex.size() / 2)) == prefix_hex;
}

openssl::Key ParseSpki(ByteSpan spki) {
  const unsigned char* at = spki.data();
  openssl::Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  ERR_clear_error();
  return key;
}

Result<PublicKey> ParsePublicPem(std::string_view pem) {
  const openssl::Bio bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const openssl::Key key(
      PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (key == nullptr) return InputError("the public key is malformed");
  return openssl::PublicHalf(key.get());
}

}  // namespace

std::string KeyTypeName(KeyType type) {
  return type == KeyType::kEcdsaP256 ? "ECDSA P-256" : "Ed25519";
}

Result<PublicKey> PublicKey::FromPem(std::string_view pem) {
  if (pem.size() > openssl::kMaxPemBytes)
    return InputError("PEM text is too long");
  TALLY_ASSIGN(const openssl::PemKeyKind kind, openssl::ClassifyPem(pem));
  if (kind == openssl::PemKeyKind::kPublic) return ParsePublicPem(pem);
  TALLY_ASSIGN(const openssl::Key key, openssl::ParsePrivateKey(pem));
  return openssl::PublicHalf(key.get());
}

Result<PublicKey> PublicKey::FromSpki(ByteSpan spki) {
  KeyType type;
  if (HasForm(spki, kP256Prefix, kP256SpkiBytes)) {
    type = KeyType::kEcdsaP256;
  } else if (HasForm(spki, kEd25519Prefix, kEd25519SpkiBytes)) {
    type = KeyType::kEd25519;
  } else {
    return InputError(
        "found another encoding, expected the public key as a "
        "SubjectPublicKeyInfo of ECDSA P-256 (named curve, uncompressed point) "
        "or Ed25519");
  }
  if (ParseSpki(spki) == nullptr) {
    return InputError("the public key is not a point of its curve");
  }
  return PublicKey(type, ToBytes(spki));
}

Result<PublicKey> PublicKey::Load(const std::filesystem::path& path) {
  TALLY_ASSIGN(std::string pem, ReadTextFile(path, openssl::kMaxPemBytes));
  Result<PublicKey> key = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());  // it may be a private key
  if (!key) {
    return std::move(key).error().While("reading key '" + path.string() + "'");
  }
  return key;
}

std::string PublicKey::pem() const {
  const std::string base64 = Base64(spki_);
  std::string out = "-----BEGIN PUBLIC KEY-----\n";
  for (size_t i = 0; i < base64.size(); i += 64) {
    out += base64.substr(i, 64) + "\n";
  }
  return out + "-----END PUBLIC KEY-----\n";
}

std::string PublicKey::hint() const { return Base64(Sha256(spki_).span()); }

Status PublicKey::Verify(ByteSpan message, ByteSpan signature) const {
  const openssl::Key key = ParseSpki(spki_);
  const openssl::MdContext context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr ||
      EVP_DigestVerifyInit(context.get(), nullptr, openssl::DigestOf(type_),
                           nullptr, key.get()) != 1) {
    ERR_clear_error();
    return ToolError("OpenSSL cannot verify with a " + KeyTypeName(type_) +
                     " key");
  }
  const int verified =
      EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                       message.data(), message.size());
  ERR_clear_error();
  if (verified != 1) {
    return MismatchError("the signature is not by " + KeyTypeName(type_) +
                         " key " + hint() + " over these bytes");
  }
  return Ok();
}

}  // namespace tally
