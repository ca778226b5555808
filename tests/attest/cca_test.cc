#include "attest/cca.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "attest/ecdsa_key.h"
#include "common/parallel.h"
#include "common/text.h"
#include "tests/attest/cose_signer.h"
#include "tests/attest/evidence_checks.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::NotPassed;

struct Vector {
  const char* token;
  const char* key;
};
constexpr Vector kVectors[] = {
    {"cca-tokens/ccatoken-tf-rmm/cca_token.cbor",
     "cca-tokens/ccatoken-tf-rmm/cca_platform.pub"},
    {"cca-tokens/trustee/cca-example-token.cbor",
     "cca-tokens/trustee/cpak-pub.json"},
};

Evidence AuthenticateToken(ByteSpan token,
                           const std::vector<CollateralFile>& collateral) {
  auto evidence =
      AuthenticateCca(token, {.at = 1790000000, .collateral = collateral});
  EXPECT_TRUE(evidence) << evidence.error().ToString();
  return evidence ? *evidence : Evidence();
}

std::string RegisterText(const Evidence& evidence, std::string_view name) {
  const auto found =
      std::ranges::find(evidence.registers, name, &AttestedRegister::name);
  if (found == evidence.registers.end()) return "none";
  return found->algorithm + ":" + Hex(found->value);
}

// Token is a token of our own, and what a test makes wrong in it.
struct Token {
  EcCurve platform_curve = EcCurve::kP384;
  CcaKeyForm form = CcaKeyForm::kCoseKey;
  bool cmw = false;
  uint64_t lifecycle = 0x3001;
  std::optional<CoseAlgorithm> named;  // in the platform's header
  bool bad_key = false;
  bool bad_challenge = false;
  bool foreign_realm = false;
};

struct SignedToken {
  Bytes bytes;
  Bytes cpak;  // SubjectPublicKeyInfo
  std::string cpak_jwk;
};

std::string Base64Url(ByteSpan bytes) {
  std::string text = Base64(bytes);
  text.erase(text.find_last_not_of('=') + 1);
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

Bytes RealmClaims(const Token& token, const Bytes& key) {
  const bool has_profile = token.form == CcaKeyForm::kCoseKey;
  CborWriter w;
  w.Map(has_profile ? 10 : 7);
  w.Integer(10).Bytes(Bytes(64, 0x10));
  w.Integer(44235).Bytes(Bytes(64, 0x35));
  w.Integer(44236).Text("sha-384");
  w.Integer(44237).Bytes(key);
  w.Integer(44238).Bytes(Bytes(48, 0x38));
  w.Integer(44239).Array(4);
  for (uint8_t i = 0; i < 4; ++i) w.Bytes(Bytes(48, i));
  w.Integer(44240).Text("sha-512");
  if (has_profile) {
    w.Integer(256).Bytes(Bytes(33, 1));
    w.Integer(265).Text("tag:arm.com,2024:realm#2.0.0");
    w.Integer(44243).Text("private");
  }
  return std::move(w).Take();
}

Bytes PlatformClaims(const Token& token, const Bytes& key) {
  Bytes challenge = HashWith(HashAlgorithm::kSha512, key);
  if (token.bad_challenge) challenge[0] ^= 1;
  CborWriter w;
  w.Map(9);
  w.Integer(10).Bytes(challenge);
  w.Integer(256).Bytes(Bytes(33, 2));
  w.Integer(265).Text("tag:arm.com,2023:cca_platform#1.0.0");
  w.Integer(2395).Unsigned(token.lifecycle);
  w.Integer(2396).Bytes(Bytes(32, 3));
  w.Integer(2399).Array(1).Map(3);
  w.Integer(1).Text("RMM").Integer(2).Bytes(Bytes(32, 4));
  w.Integer(5).Bytes(Bytes(32, 5));
  w.Integer(2401).Bytes({});
  w.Integer(2402).Text("sha-256");
  w.Integer(-75000).Boolean(true);
  return std::move(w).Take();
}

SignedToken Make(const Token& token) {
  const test::CoseSigner cpak(token.platform_curve);
  const test::CoseSigner rak(EcCurve::kP384);
  Bytes key =
      token.form == CcaKeyForm::kPoint ? rak.Point() : rak.CoseKeyBytes();
  if (token.bad_key) key.back() ^= 1;
  const Bytes platform = cpak.Sign1(PlatformClaims(token, key),
                                    token.named.value_or(cpak.algorithm()));
  const test::CoseSigner other(EcCurve::kP384);
  const Bytes realm =
      (token.foreign_realm ? other : rak).Sign1(RealmClaims(token, key));
  CborWriter w;
  w.Tag(token.cmw ? 907 : 399).Map(2);
  w.Integer(44234);
  if (token.cmw) w.Array(2).Integer(263);
  w.Bytes(platform).Integer(44241);
  if (token.cmw) w.Array(2).Integer(263);
  w.Bytes(realm);
  return {.bytes = std::move(w).Take(),
          .cpak = cpak.Spki(),
          .cpak_jwk = R"({"kty":"EC","crv":")" +
                      std::string(EcCurveName(token.platform_curve)) +
                      R"(","x":")" + Base64Url(cpak.X()) + R"(","y":")" +
                      Base64Url(cpak.Y()) + R"("})"};
}

std::vector<CollateralFile> Pem(const SignedToken& token) {
  const std::string pem = "-----BEGIN PUBLIC KEY-----\n" + Base64(token.cpak) +
                          "\n-----END PUBLIC KEY-----\n";
  return {{.name = "cpak.pem", .bytes = ToBytes(AsBytes(pem))}};
}

TEST(AuthenticateCca, AcceptsGenuineTokens) {
  // Origin: README.txt beside each vector.
  for (const Vector& vector : kVectors) {
    SCOPED_TRACE(vector.token);
    TALLY_NEED_VECTOR(token, vector.token);
    TALLY_NEED_VECTOR(key, vector.key);
    const Bytes bytes = test::MustRead(token);
    EXPECT_TRUE(LooksLikeCcaToken(bytes));
    const Evidence evidence =
        AuthenticateToken(bytes, {{"cpak", test::MustRead(key)}});
    EXPECT_EQ(NotPassed(evidence), std::vector<std::string>{});
    EXPECT_TRUE(evidence.authentic());
    EXPECT_EQ(evidence.claims.debug, false);
  }
}

TEST(AuthenticateCca, FillsTheClaims) {
  TALLY_NEED_VECTOR(token, kVectors[1].token);
  TALLY_NEED_VECTOR(key, kVectors[1].key);
  const Evidence evidence = AuthenticateToken(
      test::MustRead(token), {{"cpak-pub.json", test::MustRead(key)}});
  EXPECT_EQ(evidence.kind, EvidenceKind::kCcaToken);
  EXPECT_EQ(evidence.summary,
            "Arm CCA realm, platform secured (0x3003), 13 software components");
  EXPECT_EQ(evidence.registers.size(), 5u);
  EXPECT_EQ(RegisterText(evidence, "rim"),
            "sha512:ae87fbf7f105e71a7827cb6f0896889c73d2beaf4830d4f9cb05e3e96c3"
            "fc7b4faa04caf36a26bd094cf9c7b738617e4c189aaee184dedda5d7a03c39dbd"
            "ac7c");
  EXPECT_EQ(RegisterText(evidence, "rem3"), "sha512:" + std::string(128, '0'));
  EXPECT_EQ(Hex(*evidence.claims.nonce).substr(0, 16), "57e979ae2618de0c");
  EXPECT_EQ(evidence.claims.report_data, evidence.claims.nonce);
  const auto& identities = evidence.claims.identities;
  EXPECT_EQ(identities.size(), 3u);
  EXPECT_EQ(Hex(identities.at("implementation_id")).substr(0, 8), "7f454c46");
  EXPECT_EQ(Hex(identities.at("instance_id")).substr(0, 8), "01070605");
  EXPECT_EQ(identities.at("personalization_value"), Bytes(64));
  EXPECT_EQ(evidence.checks,
            (std::vector<EvidenceCheck>{
                Passed("platform key (CPAK)", "P-384, from 'cpak-pub.json'"),
                Passed("platform signature", "ES384"),
                Passed("realm key (RAK)", "P-384"),
                Passed("realm signature", "ES384"),
                Passed("binding of realm to platform",
                       "the platform's challenge is the sha256 of the realm's "
                       "key")}));
}

TEST(AuthenticateCca, AcceptsEveryFormAndCurve) {
  for (const EcCurve curve : {EcCurve::kP256, EcCurve::kP384, EcCurve::kP521}) {
    for (const CcaKeyForm form : {CcaKeyForm::kPoint, CcaKeyForm::kCoseKey}) {
      for (const bool cmw : {false, true}) {
        const SignedToken token =
            Make({.platform_curve = curve, .form = form, .cmw = cmw});
        EXPECT_TRUE(LooksLikeCcaToken(token.bytes));
        const Evidence evidence = AuthenticateToken(token.bytes, Pem(token));
        EXPECT_EQ(NotPassed(evidence), std::vector<std::string>{});
        EXPECT_EQ(RegisterText(evidence, "rem1"),
                  "sha384:" + Hex(Bytes(48, 1)));
        EXPECT_EQ(evidence.claims.identities.contains("realm_instance_id"),
                  form == CcaKeyForm::kCoseKey);
        const Evidence with_jwk = AuthenticateToken(
            token.bytes, {{"k", ToBytes(AsBytes(token.cpak_jwk))}});
        EXPECT_EQ(NotPassed(with_jwk), std::vector<std::string>{});
      }
    }
  }
}

TEST(AuthenticateCca, FailsWithoutThePlatformsKey) {
  const SignedToken token = Make({});
  const Evidence evidence = AuthenticateToken(token.bytes, {});
  EXPECT_FALSE(evidence.authentic());
  EXPECT_EQ(NotPassed(evidence),
            std::vector<std::string>{
                "platform key (CPAK): no collateral holds it; give the "
                "platform's public key: PEM, JWK or certificate"});
  EXPECT_EQ(NotPassed(AuthenticateToken(token.bytes, {{"a.txt", {'x'}}})),
            std::vector<std::string>{
                "platform key (CPAK): no collateral holds it; 'a.txt': found "
                "neither PEM, nor a certificate, nor a JWK"});
}

TEST(AuthenticateCca, FailsWithAnotherPlatformsKey) {
  const SignedToken token = Make({});
  const SignedToken other = Make({});
  EXPECT_EQ(NotPassed(AuthenticateToken(token.bytes, Pem(other))),
            std::vector<std::string>{
                "platform signature: the signature is not by this key over "
                "these bytes"});
  // Of several keys, the one that fits is found, in any order.
  std::vector<CollateralFile> both = Pem(other);
  both.push_back(Pem(token)[0]);
  EXPECT_TRUE(AuthenticateToken(token.bytes, both).authentic());
  std::swap(both[0], both[1]);
  EXPECT_TRUE(AuthenticateToken(token.bytes, both).authentic());
}

TEST(AuthenticateCca, FailsForAnAlgorithmThatIsNotThatOfTheKey) {
  const SignedToken token =
      Make({.platform_curve = EcCurve::kP384, .named = CoseAlgorithm::kEs384});
  const SignedToken p256 = Make({.platform_curve = EcCurve::kP256});
  EXPECT_EQ(NotPassed(AuthenticateToken(token.bytes, Pem(p256))),
            std::vector<std::string>{
                "platform signature: found ES384, expected ES256 for a key on "
                "P-256"});
}

TEST(AuthenticateCca, FailsForARealmOfAnotherPlatform) {
  const SignedToken token = Make({.bad_challenge = true});
  const std::vector<std::string> failures =
      NotPassed(AuthenticateToken(token.bytes, Pem(token)));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_TRUE(failures[0].starts_with(
      "binding of realm to platform: found the platform's challenge "))
      << failures[0];
  EXPECT_TRUE(failures[0].ends_with(", the sha512 of the realm's key"));
}

TEST(AuthenticateCca, FailsForARealmTokenThatTheRealmsKeyDidNotSign) {
  const SignedToken token = Make({.foreign_realm = true});
  EXPECT_EQ(NotPassed(AuthenticateToken(token.bytes, Pem(token))),
            std::vector<std::string>{
                "realm signature: the signature is not by this key over "
                "these bytes"});
}

TEST(AuthenticateCca, FailsForARealmKeyThatIsNoPoint) {
  const SignedToken token = Make({.bad_key = true});
  EXPECT_EQ(NotPassed(AuthenticateToken(token.bytes, Pem(token))),
            std::vector<std::string>{
                "realm key (RAK): the public key is not a point on P-384"});
}

TEST(AuthenticateCca, CallsEveryStateButSecuredDebug) {
  for (const uint64_t lifecycle :
       {0x0000u, 0x1000u, 0x20ffu, 0x4000u, 0x5000u, 0x6000u}) {
    const SignedToken token = Make({.lifecycle = lifecycle});
    const Evidence evidence = AuthenticateToken(token.bytes, Pem(token));
    EXPECT_EQ(evidence.claims.debug, true) << HexNumber(lifecycle);
    EXPECT_TRUE(evidence.authentic());
  }
  for (const uint64_t lifecycle : {0x3000u, 0x30ffu}) {
    const SignedToken token = Make({.lifecycle = lifecycle});
    EXPECT_EQ(AuthenticateToken(token.bytes, Pem(token)).claims.debug, false);
  }
}

TEST(AuthenticateCca, RefusesAFlippedBitAnywhereInWhatIsSigned) {
  TALLY_NEED_VECTOR(path, kVectors[0].token);
  TALLY_NEED_VECTOR(key, kVectors[0].key);
  const std::vector<CollateralFile> collateral = {
      {"cpak", test::MustRead(key)}};
  Bytes token = test::MustRead(path);
  const CcaToken parsed = ParseCcaToken(token).value();
  // All 9616 bits take a minute; this stride comes to every bit of a byte.
  constexpr size_t kStride = 11;
  for (const CoseSign1* sign1 : {&parsed.platform.sign1, &parsed.realm.sign1}) {
    const std::vector<CborItem>& items = sign1->message.items;
    const size_t begin = items[0].offset;
    const size_t end = items[3].offset + items[3].size_bytes;
    for (size_t bit = 8 * begin; bit < 8 * end; bit += kStride) {
      const auto mask = static_cast<uint8_t>(1 << (bit % 8));
      token[bit / 8] ^= mask;
      const auto evidence = AuthenticateCca(token, {.collateral = collateral});
      EXPECT_FALSE(evidence && evidence->authentic()) << "bit " << bit;
      token[bit / 8] ^= mask;
    }
  }
}

size_t NumAccepted(const EcdsaPublicKey& key, const CoseSign1& sign1) {
  const Bytes genuine = CoseToBeSigned(sign1);
  EXPECT_TRUE(key.Verify(genuine, sign1.signature()));
  std::atomic<size_t> accepted = 0;
  const Status done = ParallelFor(genuine.size(), 2, [&](size_t i) -> Status {
    Bytes flipped = genuine;
    for (unsigned bit = 0; bit < 8; ++bit) {
      flipped[i] = static_cast<uint8_t>(genuine[i] ^ (1u << bit));
      if (key.Verify(flipped, sign1.signature())) ++accepted;
    }
    return Ok();
  });
  EXPECT_TRUE(done);
  return accepted;
}

TEST(AuthenticateCca, EverySignedBitCounts) {
  TALLY_NEED_VECTOR(path, kVectors[0].token);
  TALLY_NEED_VECTOR(key_path, kVectors[0].key);
  const Bytes file = test::MustRead(path);
  const CcaToken token = ParseCcaToken(file).value();
  const auto platform = EcdsaPublicKey::FromFile(test::MustRead(key_path));
  const auto realm = EcdsaPublicKey::FromPoint(token.realm.public_key);
  ASSERT_TRUE(platform && realm);
  EXPECT_EQ(NumAccepted(*platform, token.platform.sign1), 0u);
  EXPECT_EQ(NumAccepted(*realm, token.realm.sign1), 0u);
}

TEST(AuthenticateCca, IsAnInputErrorForWhatIsNoToken) {
  const auto evidence = AuthenticateCca(AsBytes("\xa0"), {});
  ASSERT_FALSE(evidence);
  EXPECT_EQ(evidence.error().code(), ErrorCode::kInput);
  EXPECT_EQ(evidence.error().message(), "cca token: found no tag 399 or 907");
}

TEST(DescribeCca, NamesEveryClaim) {
  const SignedToken token = Make({});
  const auto fields = DescribeCca(token.bytes);
  ASSERT_TRUE(fields) << fields.error().ToString();
  const auto line = [&fields](std::string_view name) {
    const auto field = std::ranges::find(*fields, name, &EvidenceField::name);
    if (field == fields->end()) return std::string("no such field");
    return std::to_string(field->size_bytes) + " " +
           field->value.substr(0, 16) + " " + field->note;
  };
  EXPECT_EQ(line("platform / lifecycle"), "3 12289 0x3001: secured");
  EXPECT_EQ(line("platform / software components[0] / component type"),
            "3 RMM ");
  EXPECT_EQ(line("platform / software components[0] / signer id"),
            "32 0505050505050505 the hash of the key that signed it");
  EXPECT_EQ(line("platform / -75000"), "1 true ");
  EXPECT_EQ(line("platform / protected header"), "4 a1013822 algorithm ES384");
  EXPECT_EQ(line("realm / initial measurement"), "48 3838383838383838 RIM");
  EXPECT_EQ(line("realm / extensible measurements[2]"),
            "48 0202020202020202 REM");
  EXPECT_EQ(line("realm / mec policy"), "7 private memory encryption context");
  uint64_t end = 0;
  for (const EvidenceField& field : *fields) {
    EXPECT_GE(field.offset, end) << field.name;
    end = field.offset + field.size_bytes;
  }
  EXPECT_EQ(end, token.bytes.size());
}

}  // namespace
}  // namespace tally
