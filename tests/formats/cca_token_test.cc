#include "formats/cca_token.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>

#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Claims are the values of a map by their keys; a test changes one.
using Claims = std::map<int64_t, Bytes>;

template <typename Write>
Bytes Value(Write write) {
  CborWriter w;
  write(w);
  return std::move(w).Take();
}
Bytes Text(std::string_view text) {
  return Value([text](CborWriter& w) { w.Text(text); });
}
Bytes Blob(size_t size) {
  return Value([size](CborWriter& w) { w.Bytes(Bytes(size)); });
}
Bytes Number(uint64_t number) {
  return Value([number](CborWriter& w) { w.Unsigned(number); });
}

Claims PlatformClaims() {
  return {{10, Blob(32)},
          {256, Blob(33)},
          {265, Text("http://arm.com/CCA-SSD/1.0.0")},
          {2395, Number(0x3003)},
          {2396, Blob(32)},
          {2399, Value([](CborWriter& w) {
             w.Array(1).Map(3).Integer(2).Bytes(Bytes(32)).Integer(4);
             w.Text("1.2").Integer(5).Bytes(Bytes(48));
           })},
          {2401, Blob(0)},
          {2402, Text("sha-256")}};
}

Claims RealmClaims() {
  return {{10, Blob(64)},
          {44235, Blob(64)},
          {44236, Text("sha-256")},
          {44237, Blob(97)},
          {44238, Blob(32)},
          {44239, Value([](CborWriter& w) {
             w.Array(4);
             for (int i = 0; i < 4; ++i) w.Bytes(Bytes(32));
           })},
          {44240, Text("sha-512")}};
}

Bytes Sign1(const Claims& claims) {
  CborWriter head;
  head.Map(claims.size());
  ByteWriter payload;
  payload.Raw(head.bytes());
  for (const auto& [key, value] : claims) {
    payload.Raw(CborWriter().Integer(key).bytes()).Raw(value);
  }
  CborWriter w;
  w.Tag(18).Array(4).Bytes(ParseHex("a1013822").value()).Map(0);
  w.Bytes(payload.bytes()).Bytes(Bytes(96));
  return std::move(w).Take();
}

Bytes Token(const Claims& platform, const Claims& realm) {
  CborWriter w;
  w.Tag(399).Map(2).Integer(44234).Bytes(Sign1(platform));
  w.Integer(44241).Bytes(Sign1(realm));
  return std::move(w).Take();
}

// TokenRefusal returns the error without its offset, which cbor_test looks at.
std::string TokenRefusal(ByteSpan bytes) {
  const auto token = ParseCcaToken(bytes);
  if (token) return "accepted";
  std::string text = token.error().message();
  const size_t at = text.find(" at 0x");
  if (at != std::string::npos) text.erase(at, text.find(':', at) - at);
  return text;
}

std::string PlatformRefusal(int64_t key, const Bytes& value) {
  Claims claims = PlatformClaims();
  claims[key] = value;
  return TokenRefusal(Token(claims, RealmClaims()));
}
std::string RealmRefusal(int64_t key, const Bytes& value) {
  Claims claims = RealmClaims();
  claims[key] = value;
  return TokenRefusal(Token(PlatformClaims(), claims));
}

TEST(CcaToken, HasItsClaims) {
  const Bytes bytes = Token(PlatformClaims(), RealmClaims());
  const auto token = ParseCcaToken(bytes);
  ASSERT_TRUE(token) << token.error().ToString();
  EXPECT_EQ(token->platform.profile, "http://arm.com/CCA-SSD/1.0.0");
  EXPECT_EQ(token->platform.lifecycle, CcaLifecycle::kSecured);
  ASSERT_EQ(token->platform.sw_components.size(), 1u);
  EXPECT_EQ(token->platform.sw_components[0].type, "");
  EXPECT_EQ(token->platform.sw_components[0].version, "1.2");
  EXPECT_EQ(token->platform.sw_components[0].signer_id.size(), 48u);
  EXPECT_EQ(token->realm.profile, "");
  EXPECT_EQ(token->realm.key_form, CcaKeyForm::kPoint);
  EXPECT_EQ(token->realm.hash_algorithm, HashAlgorithm::kSha256);
  EXPECT_EQ(token->realm.public_key_hash_algorithm, HashAlgorithm::kSha512);
}

TEST(CcaToken, HasTheKeyInTheFormOfItsProfile) {
  Claims realm = RealmClaims();
  realm[265] = Text("tag:arm.com,2023:realm#1.0.0");
  realm[44237] = Blob(107);
  const Bytes bytes = Token(PlatformClaims(), realm);
  const CcaToken token = ParseCcaToken(bytes).value();
  EXPECT_EQ(token.realm.key_form, CcaKeyForm::kCoseKey);
  EXPECT_EQ(ToBytes(ByteSpan(bytes).subspan(token.realm.public_key_offset,
                                            token.realm.public_key.size())),
            Bytes(107));
}

TEST(CcaToken, PassesOverUnknownClaims) {
  EXPECT_EQ(PlatformRefusal(9999, Text("x")), "accepted");
  EXPECT_EQ(RealmRefusal(-9999, Text("x")), "accepted");
}

TEST(CcaToken, RejectsAnotherCollection) {
  EXPECT_EQ(TokenRefusal(CborWriter().Tag(400).Map(0).bytes()),
            "cca token: found no tag 399 or 907");
  EXPECT_EQ(TokenRefusal(CborWriter().Map(0).bytes()),
            "cca token: found no tag 399 or 907");
  EXPECT_EQ(TokenRefusal(CborWriter().Tag(399).Array(0).bytes()),
            "cca token: fields: found an array, expected a map");
  EXPECT_EQ(TokenRefusal(CborWriter().Tag(399).Map(0).bytes()),
            "cca token: platform token: is missing");
  EXPECT_EQ(TokenRefusal(
                CborWriter().Tag(399).Map(1).Integer(44234).Bytes({}).bytes()),
            "cca token: realm token: is missing");
  EXPECT_EQ(TokenRefusal(CborWriter()
                             .Tag(399)
                             .Map(3)
                             .Integer(44234)
                             .Bytes({})
                             .Integer(44241)
                             .Bytes({})
                             .Integer(44242)
                             .Bytes({})
                             .bytes()),
            "cca token: 44242: a field that this document does not have");
  EXPECT_EQ(TokenRefusal(CborWriter()
                             .Tag(907)
                             .Map(1)
                             .Integer(44234)
                             .Array(2)
                             .Integer(264)
                             .Bytes({})
                             .bytes()),
            "cca token: platform token: expected [263, a byte string]");
}

TEST(CcaToken, RejectsALongFile) {
  EXPECT_EQ(TokenRefusal(Bytes(65537)),
            "cca token: found 65537 bytes, expected at most 65536");
}

TEST(CcaToken, RejectsBadPlatformClaims) {
  const std::string prefix = "cca platform token: ";
  EXPECT_EQ(PlatformRefusal(265, Text("x")),
            prefix + "profile: found 'x', which is not known");
  EXPECT_EQ(PlatformRefusal(10, Blob(31)),
            prefix + "challenge: found 31 bytes, expected 32, 48 or 64");
  EXPECT_EQ(PlatformRefusal(256, Blob(32)),
            prefix + "instance id: found 32 bytes, expected 33");
  EXPECT_EQ(PlatformRefusal(2396, Blob(33)),
            prefix + "implementation id: found 33 bytes, expected 32");
  EXPECT_EQ(PlatformRefusal(2401, Blob(4097)),
            prefix + "config: found 4097 bytes, expected 0 to 4096");
  EXPECT_EQ(PlatformRefusal(2402, Text("md5")),
            prefix +
                "hash algorithm: found 'md5', expected 'sha-256', "
                "'sha-384' or 'sha-512'");
}

TEST(CcaToken, RejectsStatesThatAPlatformDoesNotHave) {
  const std::string prefix = "cca platform token: lifecycle: found ";
  EXPECT_EQ(PlatformRefusal(2395, Number(0x10000)),
            prefix + "65536, expected at most 65535");
  EXPECT_EQ(PlatformRefusal(2395, Number(0x7000)),
            prefix + "0x7000, which is not a state of a platform");
  EXPECT_EQ(PlatformRefusal(2395, Number(0x3100)),
            prefix + "0x3100, which is not a state of a platform");
}

TEST(CcaToken, RejectsBadComponents) {
  const std::string prefix = "cca platform token: software component";
  EXPECT_EQ(PlatformRefusal(2399, CborWriter().Array(0).bytes()),
            prefix + "s: found no component");
  EXPECT_EQ(PlatformRefusal(2399, CborWriter().Array(1).Null().bytes()),
            prefix + " 0: fields: found null, expected a map");
  EXPECT_EQ(PlatformRefusal(2399, CborWriter().Array(1).Map(0).bytes()),
            prefix + " 0: measurement: is missing");
  EXPECT_EQ(
      PlatformRefusal(
          2399,
          CborWriter().Array(1).Map(1).Integer(2).Bytes(Bytes(3)).bytes()),
      prefix + " 0: measurement: found 3 bytes, expected 32, 48 or 64");
}

TEST(CcaToken, RejectsBadRealmClaims) {
  const std::string prefix = "cca realm token: ";
  EXPECT_EQ(RealmRefusal(265, Text("x")),
            prefix + "profile: found 'x', which is not known");
  EXPECT_EQ(RealmRefusal(265, Number(1)),
            prefix +
                "profile: found an unsigned integer, expected a text "
                "string");
  EXPECT_EQ(RealmRefusal(10, Blob(32)),
            prefix + "challenge: found 32 bytes, expected 64");
  EXPECT_EQ(RealmRefusal(44235, Blob(63)),
            prefix + "personalization value: found 63 bytes, expected 64");
  EXPECT_EQ(RealmRefusal(44237, Blob(96)),
            prefix + "public key: found 96 bytes, expected 97");
  EXPECT_EQ(RealmRefusal(256, Blob(1)),
            prefix + "instance id: found 1 bytes, expected 33");
  Claims claims = RealmClaims();
  claims.erase(44240);
  EXPECT_EQ(TokenRefusal(Token(PlatformClaims(), claims)),
            prefix + "public key hash algorithm: is missing");
}

TEST(CcaToken, RejectsMeasurementsOfAnotherSizeThanTheHash) {
  const std::string prefix = "cca realm token: ";
  EXPECT_EQ(RealmRefusal(44238, Blob(64)),
            prefix + "initial measurement: found 64 bytes, expected 32");
  EXPECT_EQ(
      RealmRefusal(44239, CborWriter().Array(3).Null().Null().Null().bytes()),
      prefix + "extensible measurements: found 3, expected 4");
  EXPECT_EQ(
      RealmRefusal(44239,
                   CborWriter().Array(4).Null().Null().Null().Null().bytes()),
      prefix +
          "extensible measurements: found null of 0 bytes, expected "
          "a byte string of 32");
}

TEST(CcaToken, RejectsEveryTruncationOfARealOne) {
  TALLY_NEED_VECTOR(path, "cca-tokens/ccatoken-tf-rmm/cca_token.cbor");
  const Bytes bytes = test::MustRead(path);
  EXPECT_EQ(TokenRefusal(bytes), "accepted");
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseCcaToken(ByteSpan(bytes).first(size))) << size;
  }
}

}  // namespace
}  // namespace tally
