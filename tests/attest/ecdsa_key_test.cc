#include "attest/ecdsa_key.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "tests/attest/cose_signer.h"

namespace tally {
namespace {

// The key of RFC 9052, appendix C.7.1, "11", which signed the message of C.2.1.
constexpr const char* kJwk =
    R"({"kty":"EC","crv":"P-256","kid":"11",)"
    R"("x":"usWxHK2PmfnHKwXPS54m0kTcGJ90UiglWiGahtagnv8",)"
    R"("y":"IBOL-C3BttVivg-lSreASjpkttcsz-1rb7btKLv8EX4"})";
constexpr const char* kSigned =
    "846a5369676e61747572653143a101264054546869732069732074686520636f6e74656e74"
    "2e";
constexpr const char* kSignature =
    "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9a291aa"
    "32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36";

std::string KeyRefusal(std::string_view file) {
  const auto key = EcdsaPublicKey::FromFile(AsBytes(file));
  return key ? "accepted" : key.error().message();
}

std::string SignatureRefusal(const Status& status) {
  return status ? "verified" : status.error().message();
}

TEST(EcdsaPublicKey, VerifiesTheExampleOfTheSpecification) {
  const auto key = EcdsaPublicKey::FromFile(AsBytes(kJwk));
  ASSERT_TRUE(key) << key.error().ToString();
  EXPECT_EQ(key->curve(), EcCurve::kP256);
  Bytes message = ParseHex(kSigned).value();
  const Bytes signature = ParseHex(kSignature).value();
  EXPECT_EQ(SignatureRefusal(key->Verify(message, signature)), "verified");
  message[0] ^= 1;
  EXPECT_EQ(SignatureRefusal(key->Verify(message, signature)),
            "the signature is not by this key over these bytes");
}

TEST(EcdsaPublicKey, VerifiesOnEveryCurve) {
  for (const EcCurve curve : {EcCurve::kP256, EcCurve::kP384, EcCurve::kP521}) {
    const test::CoseSigner signer(curve);
    const Bytes signature = signer.Sign(AsBytes("message"));
    for (const auto& key :
         {EcdsaPublicKey::FromSpki(signer.Spki()),
          EcdsaPublicKey::FromPoint(signer.Point()),
          EcdsaPublicKey::FromCoordinates(curve, signer.X(), signer.Y())}) {
      ASSERT_TRUE(key) << key.error().ToString();
      EXPECT_EQ(key->curve(), curve);
      EXPECT_EQ(key->point(), signer.Point());
      EXPECT_EQ(SignatureRefusal(key->Verify(AsBytes("message"), signature)),
                "verified");
      EXPECT_NE(SignatureRefusal(key->Verify(AsBytes("messagE"), signature)),
                "verified");
    }
  }
}

TEST(EcdsaPublicKey, RejectsSignaturesThatAreNone) {
  const test::CoseSigner signer(EcCurve::kP384);
  const EcdsaPublicKey key = EcdsaPublicKey::FromPoint(signer.Point()).value();
  EXPECT_EQ(SignatureRefusal(key.Verify({}, Bytes(95))),
            "found a signature of 95 bytes, expected 96 for P-384");
  // r = s = 0 is a signature of nothing (CVE-2022-21449 elsewhere).
  EXPECT_EQ(SignatureRefusal(key.Verify({}, Bytes(96))),
            "the signature is not by this key over these bytes");
  EXPECT_EQ(SignatureRefusal(key.Verify({}, Bytes(96, 0xff))),
            "the signature is not by this key over these bytes");
}

TEST(EcdsaPublicKey, RejectsPointsThatAreNotOnTheCurve) {
  const test::CoseSigner signer(EcCurve::kP384);
  Bytes point = signer.Point();
  point.back() ^= 1;
  const auto key = EcdsaPublicKey::FromPoint(point);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().message(), "the public key is not a point on P-384");
  point[0] = 0x02;
  const auto compressed = EcdsaPublicKey::FromPoint(point);
  ASSERT_FALSE(compressed);
  EXPECT_EQ(compressed.error().message(),
            "found 97 bytes that are no uncompressed point on P-256, P-384 or "
            "P-521");
  const auto shorter =
      EcdsaPublicKey::FromCoordinates(EcCurve::kP384, signer.X(), Bytes(47));
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().message(),
            "found coordinates of 48 and 47 bytes, expected 48 for P-384");
}

TEST(EcdsaPublicKey, RejectsOtherFiles) {
  EXPECT_EQ(KeyRefusal(""), "found neither PEM, nor a certificate, nor a JWK");
  EXPECT_EQ(KeyRefusal(R"({"kty":"RSA"})"),
            "jwk: found kty 'RSA', expected 'EC'");
  EXPECT_EQ(KeyRefusal(R"({"kty":"EC","crv":"secp256k1"})"),
            "jwk: found crv 'secp256k1', expected 'P-256', 'P-384' or "
            "'P-521'");
  EXPECT_EQ(KeyRefusal(R"({"kty":"EC","crv":"P-256","x":"+","y":""})"),
            "not base64url");
  EXPECT_EQ(KeyRefusal(R"({"kty":"EC","crv":"P-256"})"),
            "found coordinates of 0 and 0 bytes, expected 32 for P-256");
  EXPECT_EQ(KeyRefusal("-----BEGIN PUBLIC KEY-----\n"),
            "PEM block 1 has no end, expected '-----END PUBLIC KEY-----'");
  EXPECT_EQ(
      KeyRefusal("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"),
      "found no SubjectPublicKeyInfo");
  // An Ed25519 key.
  EXPECT_EQ(
      KeyRefusal("-----BEGIN PUBLIC KEY-----\n"
                 "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZu"
                 "E=\n-----END PUBLIC KEY-----"),
      "found a key of another kind, expected ECDSA");
}

}  // namespace
}  // namespace tally
