#include "attest/ecdsa_p256.h"

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>
#include <memory>

namespace tally {
namespace {

constexpr size_t kNumberBytes = 32;

// SubjectPublicKeyInfo of an uncompressed point on prime256v1, up to x (RFC
// 5480, section 2).
constexpr std::array<uint8_t, 27> kSpkiBeforePoint = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
    0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};

std::unique_ptr<EVP_PKEY, Free> KeyOf(ByteSpan point) {
  Bytes spki(kSpkiBeforePoint.begin(), kSpkiBeforePoint.end());
  spki.insert(spki.end(), point.begin(), point.end());
  const unsigned char* next = spki.data();
  return std::unique_ptr<EVP_PKEY, Free>(
      d2i_PUBKEY(nullptr, &next, static_cast<long>(spki.size())));
}

// DerOf returns SEQUENCE { r, s }; empty if there is no memory for it.
Bytes DerOf(ByteSpan signature) {
  const std::unique_ptr<ECDSA_SIG, Free> numbers(ECDSA_SIG_new());
  BIGNUM* r = BN_bin2bn(signature.data(), kNumberBytes, nullptr);
  BIGNUM* s = BN_bin2bn(signature.data() + kNumberBytes, kNumberBytes, nullptr);
  if (numbers == nullptr || ECDSA_SIG_set0(numbers.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  const int size_bytes = i2d_ECDSA_SIG(numbers.get(), nullptr);
  if (size_bytes <= 0) return {};
  Bytes der(static_cast<size_t>(size_bytes));
  unsigned char* next = der.data();
  i2d_ECDSA_SIG(numbers.get(), &next);
  return der;
}

}  // namespace

Status VerifyP256(ByteSpan point, ByteSpan message, ByteSpan signature) {
  if (point.size() != 2 * kNumberBytes ||
      signature.size() != 2 * kNumberBytes) {
    return InputError("key or signature of another size than 64 bytes");
  }
  const auto key = KeyOf(point);
  ERR_clear_error();
  if (key == nullptr) return InputError("the key is not a point on P-256");
  const Bytes der = DerOf(signature);
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const bool verified =
      !der.empty() && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr,
                           key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  if (verified) return Ok();
  return MismatchError("the signature is not by this key over these bytes");
}

}  // namespace tally
