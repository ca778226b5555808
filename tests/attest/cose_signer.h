// A key of a test's own, and messages that it signed.
#pragma once

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/cose.h"

namespace tally::test {

class CoseSigner {
 public:
  explicit CoseSigner(EcCurve curve)
      : curve_(curve),
        key_(EVP_EC_gen(curve == EcCurve::kP256   ? "P-256"
                        : curve == EcCurve::kP384 ? "P-384"
                                                  : "P-521"),
             EVP_PKEY_free) {
    TALLY_CHECK(key_ != nullptr);
  }

  CoseAlgorithm algorithm() const {
    if (curve_ == EcCurve::kP256) return CoseAlgorithm::kEs256;
    return curve_ == EcCurve::kP384 ? CoseAlgorithm::kEs384
                                    : CoseAlgorithm::kEs512;
  }

  // Spki is the public key in DER; its last bytes are the point.
  Bytes Spki() const {
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &der);
    TALLY_CHECK(size > 0);
    Bytes bytes(der, der + size);
    OPENSSL_free(der);
    return bytes;
  }
  Bytes Point() const {
    const Bytes spki = Spki();
    return ToBytes(ByteSpan(spki).last(1 + 2 * EcCoordinateBytes(curve_)));
  }
  Bytes X() const {
    return ToBytes(ByteSpan(Point()).subspan(1, EcCoordinateBytes(curve_)));
  }
  Bytes Y() const {
    return ToBytes(ByteSpan(Point()).last(EcCoordinateBytes(curve_)));
  }
  Bytes CoseKeyBytes() const {
    CborWriter w;
    w.Map(4).Integer(1).Integer(2);
    w.Integer(-1).Integer(static_cast<int64_t>(curve_));
    w.Integer(-2).Bytes(X()).Integer(-3).Bytes(Y());
    return std::move(w).Take();
  }

  // Sign returns r and s.
  Bytes Sign(ByteSpan message) const {
    const EVP_MD* hash = curve_ == EcCurve::kP256   ? EVP_sha256()
                         : curve_ == EcCurve::kP384 ? EVP_sha384()
                                                    : EVP_sha512();
    const std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context(
        EVP_MD_CTX_new(), EVP_MD_CTX_free);
    size_t size = 256;
    Bytes der(size);
    TALLY_CHECK(EVP_DigestSignInit(context.get(), nullptr, hash, nullptr,
                                   key_.get()) == 1);
    TALLY_CHECK(EVP_DigestSign(context.get(), der.data(), &size, message.data(),
                               message.size()) == 1);
    const unsigned char* at = der.data();
    const std::unique_ptr<ECDSA_SIG, void (*)(ECDSA_SIG*)> parsed(
        d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(size)), ECDSA_SIG_free);
    const size_t half = EcCoordinateBytes(curve_);
    Bytes signature(2 * half);
    BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), signature.data(),
                 static_cast<int>(half));
    BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), signature.data() + half,
                 static_cast<int>(half));
    return signature;
  }

  // Sign1 returns a tagged message whose header names `named`.
  Bytes Sign1(const Bytes& payload, CoseAlgorithm named) const {
    const Bytes header = CborWriter()
                             .Map(1)
                             .Integer(1)
                             .Integer(static_cast<int64_t>(named))
                             .bytes();
    CborWriter to_be_signed;
    to_be_signed.Array(4).Text("Signature1").Bytes(header).Bytes({});
    to_be_signed.Bytes(payload);
    CborWriter w;
    w.Tag(18).Array(4).Bytes(header).Map(0).Bytes(payload);
    w.Bytes(Sign(to_be_signed.bytes()));
    return std::move(w).Take();
  }
  Bytes Sign1(const Bytes& payload) const {
    return Sign1(payload, algorithm());
  }

 private:
  EcCurve curve_;
  std::unique_ptr<EVP_PKEY, void (*)(EVP_PKEY*)> key_;
};

}  // namespace tally::test
