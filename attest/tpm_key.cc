#include "attest/tpm_key.h"

#include <openssl/core_names.h>
#include <openssl/err.h>

#include <utility>
#include <vector>

#include "attest/openssl.h"
#include "attest/pem.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr int kMinRsaBits = 2048;
constexpr int kMaxRsaBits = 4096;
constexpr size_t kMaxExponentBytes = 4;  // TPMS_RSA_PARMS: a UINT32
constexpr size_t kMaxSpkiBytes = 1024;

using openssl::Owned;

Owned<BIGNUM> Number(ByteSpan bytes) {
  return Owned<BIGNUM>(
      BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
}

// MakeKey returns null if OpenSSL refuses the parameters.
Owned<EVP_PKEY> MakeKey(const char* type, OSSL_PARAM_BLD* builder) {
  const Owned<OSSL_PARAM> params(OSSL_PARAM_BLD_to_param(builder));
  const Owned<EVP_PKEY_CTX> context(
      EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (params == nullptr || context == nullptr ||
      EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY,
                        params.get()) != 1) {
    ERR_clear_error();
    return nullptr;
  }
  return Owned<EVP_PKEY>(key);
}

Owned<EVP_PKEY> ParseSpki(ByteSpan spki) {
  if (spki.size() > kMaxSpkiBytes) return nullptr;
  const unsigned char* at = spki.data();
  Owned<EVP_PKEY> key(d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size())));
  ERR_clear_error();
  if (key != nullptr && at != spki.data() + spki.size()) return nullptr;
  return key;
}

// KeyTypeName returns "RSA-2048" or "P-256", or why the key is not taken.
Result<std::string> KeyTypeName(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "RSA") == 1) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kMinRsaBits || bits > kMaxRsaBits) {
      return InputError("found an RSA key of " + std::to_string(bits) +
                        " bits, expected 2048 to 4096");
    }
    return "RSA-" + std::to_string(bits);
  }
  char group[64];
  size_t size = 0;
  if (EVP_PKEY_is_a(key, "EC") == 1 &&
      EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1) {
    const std::string_view curve(group, size);
    if (curve == "prime256v1") return std::string("P-256");
    if (curve == "secp384r1") return std::string("P-384");
  }
  ERR_clear_error();
  return InputError(
      "found a key of another kind, expected RSA or ECDSA on P-256 or P-384");
}

Bytes SpkiOf(EVP_PKEY* key) {
  Bytes spki;
  const int size = i2d_PUBKEY(key, nullptr);
  if (size > 0) {
    spki.resize(static_cast<size_t>(size));
    unsigned char* at = spki.data();
    i2d_PUBKEY(key, &at);
  }
  ERR_clear_error();
  return spki;
}

const EVP_MD* DigestOf(HashAlgorithm hash) {
  switch (hash) {
    case HashAlgorithm::kSha1:
      return nullptr;
    case HashAlgorithm::kSha256:
      return EVP_sha256();
    case HashAlgorithm::kSha384:
      return EVP_sha384();
    case HashAlgorithm::kSha512:
      return EVP_sha512();
  }
  return nullptr;
}

// SignatureBytes returns what OpenSSL verifies; nothing if r or s is no number.
Bytes SignatureBytes(const TpmSignature& signature) {
  if (const auto* rsa = std::get_if<TpmRsaSignature>(&signature.value)) {
    return rsa->sig;
  }
  const auto& ecdsa = std::get<TpmEcdsaSignature>(signature.value);
  const Owned<ECDSA_SIG> pair(ECDSA_SIG_new());
  Owned<BIGNUM> r = Number(ecdsa.r);
  Owned<BIGNUM> s = Number(ecdsa.s);
  if (pair == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) {
    return {};
  }
  r.release();  // ECDSA_SIG owns both now
  s.release();
  Bytes der;
  const int size = i2d_ECDSA_SIG(pair.get(), nullptr);
  if (size > 0) {
    der.resize(static_cast<size_t>(size));
    unsigned char* at = der.data();
    i2d_ECDSA_SIG(pair.get(), &at);
  }
  return der;
}

bool VerifyWith(EVP_PKEY* key, ByteSpan message,
                const TpmSignature& signature) {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;  // owned by `context`
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), &key_context,
                           DigestOf(signature.hash), nullptr, key) != 1) {
    return false;
  }
  // A TPM's salt is as long as the key allows, or as the hash in FIPS mode
  // (Part 1, annex B.7), so its length is taken from the signature.
  if (signature.scheme == TpmSignatureScheme::kRsaPss &&
      (EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) != 1 ||
       EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_AUTO) !=
           1)) {
    return false;
  }
  const Bytes bytes = SignatureBytes(signature);
  return EVP_DigestVerify(context.get(), bytes.data(), bytes.size(),
                          message.data(), message.size()) == 1;
}

}  // namespace

Result<TpmKey> TpmKey::FromSpki(ByteSpan spki) {
  const Owned<EVP_PKEY> key = ParseSpki(spki);
  if (key == nullptr) return InputError("the public key is malformed");
  TALLY_ASSIGN(std::string name, KeyTypeName(key.get()));
  return TpmKey(SpkiOf(key.get()), std::move(name));
}

Result<TpmKey> TpmKey::FromRsa(ByteSpan modulus, ByteSpan exponent) {
  if (modulus.size() > kMaxRsaBits / 8 || exponent.size() > kMaxExponentBytes ||
      exponent.empty() || (exponent.back() & 1) == 0) {
    return InputError("found an RSA modulus of " +
                      std::to_string(modulus.size()) +
                      " bytes and exponent 0x" + Hex(exponent) +
                      ", expected at most 512 bytes and an odd exponent");
  }
  const Owned<BIGNUM> n = Number(modulus);
  const Owned<BIGNUM> e = Number(exponent);
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (n == nullptr || e == nullptr || builder == nullptr ||
      BN_is_one(e.get()) ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) !=
          1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) !=
          1) {
    return InputError("the RSA key is malformed");
  }
  const Owned<EVP_PKEY> key = MakeKey("RSA", builder.get());
  if (key == nullptr) return InputError("the RSA key is malformed");
  TALLY_ASSIGN(std::string name, KeyTypeName(key.get()));
  return TpmKey(SpkiOf(key.get()), std::move(name));
}

Result<TpmKey> TpmKey::FromPublic(const TpmPublic& public_area) {
  if (const auto* rsa = std::get_if<TpmRsaPublic>(&public_area.key)) {
    ByteWriter exponent;
    exponent.U32Be(rsa->exponent == 0 ? 65537 : rsa->exponent);
    return FromRsa(rsa->modulus, exponent.bytes());
  }
  const auto& ecc = std::get<TpmEccPublic>(public_area.key);
  const size_t size = TpmCurveSizeBytes(ecc.curve);
  ByteWriter point;
  point.U8(4);  // SEC 1, section 2.3.3: not compressed
  for (const Bytes& coordinate : {ecc.x, ecc.y}) {
    if (coordinate.size() > size) {
      return InputError("found a coordinate of " +
                        std::to_string(coordinate.size()) +
                        " bytes, expected at most " + std::to_string(size));
    }
    point.Zeros(size - coordinate.size()).Raw(coordinate);
  }
  const char* group =
      ecc.curve == TpmCurve::kNistP384 ? "secp384r1" : "prime256v1";
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  Owned<EVP_PKEY> key;
  if (builder != nullptr &&
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME,
                                      group, 0) == 1 &&
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                       point.bytes().data(),
                                       point.bytes().size()) == 1) {
    key = MakeKey("EC", builder.get());
  }
  if (key == nullptr) {
    return InputError("the public key is not a point of its curve");
  }
  TALLY_ASSIGN(std::string name, KeyTypeName(key.get()));
  return TpmKey(SpkiOf(key.get()), std::move(name));
}

Result<TpmKey> TpmKey::FromPem(std::string_view pem) {
  TALLY_ASSIGN(const std::vector<Bytes> blocks,
               DecodePem(pem, "PUBLIC KEY", 1));
  return FromSpki(blocks.front());
}

Status TpmKey::Verify(ByteSpan message, const TpmSignature& signature) const {
  const bool rsa_key = name_.starts_with("RSA");
  const bool rsa_signature =
      std::holds_alternative<TpmRsaSignature>(signature.value);
  const std::string scheme =
      std::string(TpmSignatureSchemeName(signature.scheme)) + " with " +
      std::string(HashName(signature.hash));
  if (signature.hash == HashAlgorithm::kSha1) {
    return MismatchError("found " + scheme + ", expected sha256 or more");
  }
  if (rsa_key != rsa_signature) {
    return MismatchError("found " + scheme + ", the key is " + name_);
  }
  const Owned<EVP_PKEY> key = ParseSpki(spki_);
  const bool verified =
      key != nullptr && VerifyWith(key.get(), message, signature);
  ERR_clear_error();
  if (verified) return Ok();
  return MismatchError("the signature is not by the " + name_ +
                       " key over these bytes");
}

}  // namespace tally
