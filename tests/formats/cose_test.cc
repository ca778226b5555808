#include "formats/cose.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"

namespace tally {
namespace {

// The parts of a message; each test makes one of them wrong.
struct Parts {
  Bytes header = ParseHex("a1013822").value();  // {1: -35}
  Bytes unprotected = ParseHex("a0").value();
  Bytes payload = {1, 2, 3};
  size_t signature_bytes = 96;
  bool tagged = false;
};

Bytes EncodeParts(const Parts& parts) {
  CborWriter start;
  if (parts.tagged) start.Tag(18);
  start.Array(4).Bytes(parts.header);
  CborWriter end;
  end.Bytes(parts.payload).Bytes(Bytes(parts.signature_bytes, 7));
  ByteWriter w;
  w.Raw(start.bytes()).Raw(parts.unprotected).Raw(end.bytes());
  return std::move(w).Take();
}

std::string Sign1Refusal(ByteSpan bytes) {
  const auto sign1 = ParseCoseSign1("file", bytes);
  return sign1 ? "accepted" : sign1.error().message();
}

TEST(CoseSign1, KeepsItsParts) {
  for (const bool tagged : {false, true}) {
    const Bytes bytes = EncodeParts({.tagged = tagged});
    const CoseSign1 sign1 = ParseCoseSign1("file", bytes, 0x10).value();
    EXPECT_EQ(sign1.tagged, tagged);
    EXPECT_EQ(sign1.algorithm, CoseAlgorithm::kEs384);
    EXPECT_EQ(Hex(sign1.protected_header()), "a1013822");
    EXPECT_EQ(Hex(sign1.payload()), "010203");
    EXPECT_EQ(sign1.payload_offset(), tagged ? 0x19u : 0x18u);
    EXPECT_EQ(sign1.signature().size(), 96u);
  }
}

TEST(CoseSign1, SignsWhatTheSpecificationSays) {
  // RFC 9052, appendix C.2.1: the message, and what its signature is over as
  // section 4.4 writes it.
  const Bytes bytes =
      ParseHex(
          "d28443a10126a10442313154546869732069732074686520636f6e74656e742e5840"
          "8eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e2af9"
          "a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36")
          .value();
  const auto sign1 = ParseCoseSign1("file", bytes);
  ASSERT_TRUE(sign1) << sign1.error().ToString();
  EXPECT_EQ(sign1->algorithm, CoseAlgorithm::kEs256);
  EXPECT_EQ(AsText(sign1->payload()), "This is the content.");
  EXPECT_EQ(Hex(CoseToBeSigned(*sign1)),
            "846a5369676e61747572653143a101264054546869732069732074686520636f6e"
            "74656e742e");
}

TEST(CoseSign1, RejectsWhatIsNone) {
  EXPECT_EQ(Sign1Refusal(ParseHex("8340a040").value()),
            "file: found no array of 4, expected a COSE_Sign1");
  EXPECT_EQ(Sign1Refusal(ParseHex("d18440a04040").value()),
            "file: found no array of 4, expected a COSE_Sign1");
}

TEST(CoseSign1, RejectsADetachedPayload) {
  EXPECT_EQ(Sign1Refusal(ParseHex("8440a0f640").value()),
            "file: payload at 0x3: found null, expected a byte string");
}

TEST(CoseSign1, RejectsPartsOfAnotherType) {
  EXPECT_EQ(Sign1Refusal(ParseHex("84a0a04040").value()),
            "file: protected header at 0x1: found a map, expected a byte "
            "string");
  EXPECT_EQ(Sign1Refusal(ParseHex("8440404040").value()),
            "file: unprotected header at 0x2: found a byte string, expected a "
            "map");
}

TEST(CoseSign1, RejectsAHeaderWithoutAlgorithm) {
  EXPECT_EQ(Sign1Refusal(EncodeParts({.header = {}})),
            "file: protected header: item at 0x2: needs 1 bytes, 0 left");
  EXPECT_EQ(Sign1Refusal(EncodeParts({.header = ParseHex("a0").value()})),
            "file: protected header: alg at 0x2: is missing");
}

TEST(CoseSign1, RejectsOtherAlgorithms) {
  EXPECT_EQ(Sign1Refusal(EncodeParts({.header = ParseHex("a10127").value()})),
            "file: protected header: alg at 0x4: found -8, expected ES256, "
            "ES384 or ES512");
  EXPECT_EQ(Sign1Refusal(EncodeParts({.header = ParseHex("a1014100").value()})),
            "file: protected header: alg at 0x4: found a byte string, expected "
            "ES256, ES384 or ES512");
}

TEST(CoseSign1, RejectsHeadersThatMustBeUnderstood) {
  EXPECT_EQ(
      Sign1Refusal(EncodeParts({.header = ParseHex("a2013822028104").value()})),
      "file: protected header: crit at 0x7: is not supported");
}

TEST(CoseSign1, RejectsAnAlgorithmThatNobodySigns) {
  EXPECT_EQ(
      Sign1Refusal(EncodeParts({.unprotected = ParseHex("a1013822").value()})),
      "file: unprotected header: alg at 0x8: nobody signs it");
}

TEST(CoseSign1, RejectsASignatureOfAnotherSize) {
  EXPECT_EQ(Sign1Refusal(EncodeParts({.signature_bytes = 95})),
            "file: signature at 0xb: found 95 bytes, expected 96 for ES384");
}

std::string CoseKeyRefusal(std::string_view hex) {
  const Bytes bytes = ParseHex(hex).value();
  const auto key = ParseCoseKey("key", bytes);
  return key ? "accepted" : key.error().message();
}

TEST(CoseKey, ReadsAPoint) {
  const std::string x(64, 'a');
  const std::string y(64, 'b');
  const Bytes bytes = ParseHex("a401022001215820" + x + "225820" + y).value();
  const CoseKey key = ParseCoseKey("key", bytes).value();
  EXPECT_EQ(key.curve, EcCurve::kP256);
  EXPECT_EQ(Hex(key.x), x);
  EXPECT_EQ(Hex(key.y), y);
}

TEST(CoseKey, RejectsOtherKeys) {
  EXPECT_EQ(CoseKeyRefusal("a10101"), "key: kty at 0x0: found 1, expected 2");
  EXPECT_EQ(CoseKeyRefusal("a10104"),
            "key: kty at 0x2: found 4, expected at most "
            "2");
  EXPECT_EQ(CoseKeyRefusal("a20102200a"),
            "key: crv at 0x4: found 10, expected at most 3");
  EXPECT_EQ(CoseKeyRefusal("a201022000"),
            "key: crv at 0x0: found 0, expected 1 to 3");
  EXPECT_EQ(CoseKeyRefusal("a3010220012141aa"),
            "key: x at 0x6: found 1 bytes, expected 32");
  // RFC 9053, section 7.1.1: a boolean stands for a compressed point.
  EXPECT_EQ(CoseKeyRefusal("a401022001215820" + std::string(64, 'a') + "22f5"),
            "key: y at 0x29: found a boolean, expected a byte string");
}

}  // namespace
}  // namespace tally
