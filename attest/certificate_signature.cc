// The signature algorithms of certificates and lists, and plain ECDSA.
#include <openssl/err.h>
#include <openssl/objects.h>

#include "attest/certificate_state.h"
#include "common/text.h"

namespace tally {
namespace {

bool IsRsa(CertificateKey key) {
  return key == CertificateKey::kRsa4096 || key == CertificateKey::kRsa3072 ||
         key == CertificateKey::kRsa2048;
}

bool IsEc(CertificateKey key) {
  return key == CertificateKey::kEcP256 || key == CertificateKey::kEcP384;
}

int64_t HashBytes(int nid) {
  switch (nid) {
    case NID_sha256:
      return 32;
    case NID_sha384:
      return 48;
    case NID_sha512:
      return 64;
    default:
      return 0;
  }
}

int NidOf(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

// MgfHash returns the hash of MGF1, whose parameter is an algorithm again.
int MgfHash(const X509_ALGOR* mgf) {
  const ASN1_OBJECT* object = nullptr;
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(&object, &type, &value, mgf);
  if (OBJ_obj2nid(object) != NID_mgf1 || type != V_ASN1_SEQUENCE) {
    return NID_undef;
  }
  const openssl::Owned<X509_ALGOR> hash(
      static_cast<X509_ALGOR*>(ASN1_item_unpack(
          static_cast<const ASN1_STRING*>(value), ASN1_ITEM_rptr(X509_ALGOR))));
  return hash == nullptr ? NID_undef : NidOf(hash.get());
}

// IsGoodPss wants one hash of SHA-2 in both places and as much salt as the hash
// has bytes (RFC 4055, section 3.1).
bool IsGoodPss(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return false;
  const openssl::Owned<RSA_PSS_PARAMS> pss(static_cast<RSA_PSS_PARAMS*>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(value),
                       ASN1_ITEM_rptr(RSA_PSS_PARAMS))));
  // What is left out means SHA-1 and a salt of 20 bytes.
  if (pss == nullptr || pss->hashAlgorithm == nullptr ||
      pss->maskGenAlgorithm == nullptr || pss->saltLength == nullptr) {
    return false;
  }
  const int hash = NidOf(pss->hashAlgorithm);
  return HashBytes(hash) != 0 && MgfHash(pss->maskGenAlgorithm) == hash &&
         ASN1_INTEGER_get(pss->saltLength) == HashBytes(hash) &&
         (pss->trailerField == nullptr ||
          ASN1_INTEGER_get(pss->trailerField) == 1);
}

int ParameterType(const X509_ALGOR* algorithm) {
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(nullptr, &type, nullptr, algorithm);
  return type;
}

// RFC 4055 section 5 wants a NULL with PKCS #1; RFC 5758 section 3.2 nothing
// with ECDSA.
bool IsGoodAlgorithm(const X509_ALGOR* algorithm, CertificateKey key) {
  switch (NidOf(algorithm)) {
    case NID_rsassaPss:
      return IsRsa(key) && IsGoodPss(algorithm);
    case NID_sha256WithRSAEncryption:
    case NID_sha384WithRSAEncryption:
    case NID_sha512WithRSAEncryption:
      return IsRsa(key) && ParameterType(algorithm) == V_ASN1_NULL;
    case NID_ecdsa_with_SHA256:
    case NID_ecdsa_with_SHA384:
    case NID_ecdsa_with_SHA512:
      return IsEc(key) && ParameterType(algorithm) == V_ASN1_UNDEF;
    default:
      return false;
  }
}

std::string AlgorithmName(const X509_ALGOR* algorithm) {
  const int nid = NidOf(algorithm);
  if (nid != NID_undef) return OBJ_nid2sn(nid);
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return Dotted(object);
}

openssl::OwnedMemory<unsigned char> DerSignature(ByteSpan r, ByteSpan s,
                                                 size_t& size_bytes) {
  const openssl::Owned<ECDSA_SIG> signature(ECDSA_SIG_new());
  openssl::Owned<BIGNUM> big_r(
      BN_bin2bn(r.data(), static_cast<int>(r.size()), nullptr));
  openssl::Owned<BIGNUM> big_s(
      BN_bin2bn(s.data(), static_cast<int>(s.size()), nullptr));
  if (signature == nullptr || big_r == nullptr || big_s == nullptr ||
      ECDSA_SIG_set0(signature.get(), big_r.release(), big_s.release()) != 1) {
    return nullptr;
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  if (size <= 0) return nullptr;
  size_bytes = static_cast<size_t>(size);
  return openssl::OwnedMemory<unsigned char>(der);
}

}  // namespace

Status CheckAlgorithm(const X509_ALGOR* algorithm, const Certificate& issuer) {
  const bool is_good = IsGoodAlgorithm(algorithm, issuer.key());
  ERR_clear_error();
  if (!is_good) {
    return MismatchError(
        "is signed with " + Quote(AlgorithmName(algorithm)) +
        ", expected RSA (PKCS #1, or PSS with a salt of the hash's size) or "
        "ECDSA with SHA-256 or more, as the issuer's key has it");
  }
  return Ok();
}

Status Certificate::VerifyEcdsa(ByteSpan message, ByteSpan r,
                                ByteSpan s) const {
  if (!IsEc(key())) {
    return MismatchError("the key of " + Quote(subject()) +
                         " is not on P-256 or P-384");
  }
  const bool is_p256 = key() == CertificateKey::kEcP256;
  const size_t number_bytes = is_p256 ? 32 : 48;
  if (r.size() != number_bytes || s.size() != number_bytes) {
    return MismatchError("signature has numbers of " +
                         std::to_string(r.size()) + " and " +
                         std::to_string(s.size()) + " bytes, expected " +
                         std::to_string(number_bytes));
  }
  size_t size_bytes = 0;
  const auto der = DerSignature(r, s, size_bytes);
  const openssl::Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool is_good =
      der != nullptr && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr,
                           is_p256 ? EVP_sha256() : EVP_sha384(), nullptr,
                           X509_get0_pubkey(state_->x509.get())) == 1 &&
      EVP_DigestVerify(context.get(), der.get(), size_bytes, message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  if (!is_good) {
    return MismatchError("the signature is not by the key of " +
                         Quote(subject()) + " over these bytes");
  }
  return Ok();
}

}  // namespace tally
