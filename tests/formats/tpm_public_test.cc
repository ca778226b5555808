#include "formats/tpm_public.h"

#include <gtest/gtest.h>

#include <string>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

TpmPublic RsaExample() {
  return {
      .name_hash = HashAlgorithm::kSha256,
      .attributes = 0x00050072,
      .auth_policy = {0xaa, 0xbb},
      .scheme = TpmKeyScheme{.scheme = TpmSignatureScheme::kRsaSsa,
                             .hash = HashAlgorithm::kSha384},
      .key = TpmRsaPublic{
          .key_bits = 2048, .exponent = 0x10003, .modulus = Bytes(256, 0xc5)}};
}

TpmPublic EccExample() {
  return {
      .name_hash = HashAlgorithm::kSha384,
      .attributes = kTpmaSign,
      .key = TpmEccPublic{
          .curve = TpmCurve::kNistP384, .x = Bytes(48, 1), .y = Bytes(47, 2)}};
}

// The head of the area, written after Part 2, section 12.2.4; tpm2_createak
// writes the same but for policy, scheme and exponent.
constexpr const char* kRsaHead =
    "0001000b000500720002aabb00100014000c0800000100030100";
constexpr const char* kEccHead = "0023000c00040000000000100010000400100030";

std::string TpmPublicRefusal(size_t offset, const Bytes& replacement,
                             const TpmPublic& example) {
  Bytes bytes = EncodeTpmtPublic(example);
  std::copy(replacement.begin(), replacement.end(),
            bytes.begin() + static_cast<ptrdiff_t>(offset));
  const auto area = ParseTpmtPublic(bytes);
  return area ? "accepted" : area.error().message();
}

TEST(TpmPublic, HasTheBytesOfTheSpecification) {
  const Bytes rsa = EncodeTpmtPublic(RsaExample());
  EXPECT_EQ(Hex(ByteSpan(rsa).first(26)), kRsaHead);
  EXPECT_EQ(rsa.size(), 26u + 256);
  EXPECT_EQ(ParseTpmtPublic(rsa).value(), RsaExample());
  const Bytes ecc = EncodeTpmtPublic(EccExample());
  EXPECT_EQ(Hex(ByteSpan(ecc).first(20)), kEccHead);
  EXPECT_EQ(ParseTpmtPublic(ecc).value(), EccExample());
}

TEST(TpmPublic, HasASizeInFrontAsTpm2b) {
  const Bytes bytes = EncodeTpm2bPublic(RsaExample());
  EXPECT_EQ(Hex(ByteSpan(bytes).first(4)), "011a0001");
  EXPECT_EQ(ParseTpm2bPublic(bytes).value(), RsaExample());
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_EQ(ParseTpm2bPublic(longer).error().message(),
            "tpm public key: end at 0x11c: 1 trailing bytes, expected the end "
            "of the data");
  longer[1] += 1;
  EXPECT_EQ(ParseTpm2bPublic(longer).error().message(),
            "tpm public area: end at 0x11c: 1 trailing bytes, expected the end "
            "of the data");
}

TEST(TpmPublic, IsNamedByItsHash) {
  EXPECT_EQ(Hex(TpmName(RsaExample())),
            "000b" + Sha256(EncodeTpmtPublic(RsaExample())).hex());
  EXPECT_EQ(Hex(TpmName(EccExample())),
            "000c" + Sha384(EncodeTpmtPublic(EccExample())).hex());
}

TEST(TpmPublic, NamesItsAttributes) {
  EXPECT_EQ(TpmObjectAttributeNames(0x00050072),
            "fixedTPM fixedParent sensitiveDataOrigin userWithAuth restricted "
            "sign");
  EXPECT_EQ(TpmObjectAttributeNames(0), "");
}

TEST(TpmPublic, RejectsEachFlaw) {
  const TpmPublic rsa = RsaExample();
  const TpmPublic ecc = EccExample();
  EXPECT_EQ(TpmPublicRefusal(0, {0, 8}, rsa),
            "tpm public area: type at 0x0: found 0x8, expected 0x1 (RSA) or "
            "0x23 (ECC)");
  EXPECT_EQ(TpmPublicRefusal(2, {0, 0x10}, rsa),
            "tpm public area: nameAlg at 0x2: found algorithm 0x10, expected "
            "sha1, sha256, sha384 or sha512");
  EXPECT_EQ(TpmPublicRefusal(4, {0x80, 0, 0, 1}, rsa),
            "tpm public area: objectAttributes at 0x4: found reserved bits "
            "0x80000001, expected zero");
  EXPECT_EQ(
      TpmPublicRefusal(8, {0, 65}, rsa),
      "tpm public area: authPolicy at 0x8: found 65, expected at most 64");
  EXPECT_EQ(
      TpmPublicRefusal(12, {0, 6}, rsa),
      "tpm public area: symmetric at 0xc: found 0x6, expected 0x10 (none) "
      "for a signing key");
  EXPECT_EQ(TpmPublicRefusal(14, {0, 0x18}, rsa),
            "tpm public area: scheme at 0xe: found 0x18, which is no signature "
            "scheme of this kind of key");
  EXPECT_EQ(TpmPublicRefusal(16, {0, 0}, rsa),
            "tpm public area: scheme hash at 0x10: found algorithm 0x0, "
            "expected sha1, sha256, sha384 or sha512");
  EXPECT_EQ(TpmPublicRefusal(18, {4, 0}, rsa),
            "tpm public area: keyBits at 0x12: found 1024, expected 2048, 3072 "
            "or 4096");
  EXPECT_EQ(TpmPublicRefusal(24, {0, 255}, rsa),
            "tpm public area: unique at 0x18: found 255 bytes, a key of 2048 "
            "bits has 256");
  EXPECT_EQ(TpmPublicRefusal(12, {0, 0x14}, ecc),
            "tpm public area: scheme at 0xc: found 0x14, which is no signature "
            "scheme of this kind of key");
  EXPECT_EQ(TpmPublicRefusal(14, {0, 5}, ecc),
            "tpm public area: curveID at 0xe: found 0x5, expected 0x3 (P-256) "
            "or 0x4 (P-384)");
  EXPECT_EQ(
      TpmPublicRefusal(16, {0, 0x20}, ecc),
      "tpm public area: kdf at 0x10: found 0x20, expected 0x10 (none) for "
      "a signing key");
  EXPECT_EQ(TpmPublicRefusal(18, {0, 49}, ecc),
            "tpm public area: x at 0x12: found 49, expected at most 48");
}

TEST(TpmPublic, RejectsEveryTruncation) {
  for (const TpmPublic& example : {RsaExample(), EccExample()}) {
    const Bytes bytes = EncodeTpmtPublic(example);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(ParseTpmtPublic(ByteSpan(bytes).first(size))) << size;
    }
  }
}

}  // namespace
}  // namespace tally
