#include "formats/snp_id_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "common/hash.h"
#include "common/text.h"
#include "formats/snp_policy.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr const char* kVirteeBlock = "snp/virtee-sev/test_auth_block.bin";

std::map<std::string, std::string> ReadVector() {
  const Bytes bytes = test::MustRead(
      test::SourcePath("tests/vectors/snp/id-block-all-fields-distinct.txt"));
  std::map<std::string, std::string> values;
  for (const std::string& line : Split(AsText(bytes), '\n')) {
    const size_t equals = line.find(" = ");
    if (line.starts_with('#') || equals == std::string::npos) continue;
    values[line.substr(0, equals)] = line.substr(equals + 3);
  }
  return values;
}

template <size_t N>
std::array<uint8_t, N> ArrayFromHex(const std::string& hex) {
  const Bytes bytes = ParseHex(hex).value();
  std::array<uint8_t, N> array = {};
  EXPECT_EQ(bytes.size(), N);
  if (bytes.size() == N) std::ranges::copy(bytes, array.begin());
  return array;
}

SnpIdBlock VectorBlock() {
  std::map<std::string, std::string> v = ReadVector();
  return {.launch_digest = ArrayFromHex<48>(v.at("launch_digest")),
          .family_id = ArrayFromHex<16>(v.at("family_id")),
          .image_id = ArrayFromHex<16>(v.at("image_id")),
          .guest_svn =
              static_cast<uint32_t>(ParseUnsigned(v.at("guest_svn")).value()),
          .policy = ParseUnsigned(v.at("policy")).value()};
}

SnpIdAuth VectorAuth() {
  std::map<std::string, std::string> v = ReadVector();
  const auto number = [&v](const std::string& key) {
    return ArrayFromHex<48>(v.at(key));
  };
  return {.id_block_signature = {.r = number("id_block_signature_r"),
                                 .s = number("id_block_signature_s")},
          .id_key = {.x = number("id_key_x"), .y = number("id_key_y")},
          .author = SnpAuthor{
              .key = {.x = number("author_key_x"), .y = number("author_key_y")},
              .id_key_signature = {.r = number("id_key_signature_r"),
                                   .s = number("id_key_signature_s")}}};
}

std::string BlockRefusal(ByteSpan bytes) {
  const Result<SnpIdBlock> block = ParseSnpIdBlock(bytes);
  return block ? "accepted" : block.error().ToString();
}

std::string AuthRefusal(ByteSpan bytes) {
  const Result<SnpIdAuth> auth = ParseSnpIdAuth(bytes);
  return auth ? "accepted" : auth.error().ToString();
}

// Changed returns `bytes` with one byte set.
Bytes Changed(Bytes bytes, size_t offset, uint8_t value) {
  bytes.at(offset) = value;
  return bytes;
}

TEST(SnpIdBlock, AllFieldsDistinctAgreesWithAnotherImplementation) {
  std::map<std::string, std::string> v = ReadVector();
  EXPECT_EQ(Hex(EncodeSnpIdBlock(VectorBlock())), v.at("id_block"));
  EXPECT_EQ(ParseSnpIdBlock(ParseHex(v.at("id_block")).value()).value(),
            VectorBlock());
  EXPECT_EQ(SnpPolicyNames(VectorBlock().policy), v.at("policy_names"));
  const SnpIdAuth auth = VectorAuth();
  EXPECT_EQ(Sha384(EncodeSnpIdAuth(auth)).hex(), v.at("id_auth_sha384"));
  EXPECT_EQ(SnpKeyDigest(auth.id_key).hex(), v.at("id_key_digest"));
  EXPECT_EQ(SnpKeyDigest(auth.author->key).hex(), v.at("author_key_digest"));
  EXPECT_EQ(ParseSnpIdAuth(EncodeSnpIdAuth(auth)).value(), auth);
}

TEST(SnpIdBlock, ReadsAndWritesTheAuthBlockOfVirtee) {
  TALLY_NEED_VECTOR(path, kVirteeBlock);
  const Bytes bytes = test::MustRead(path);
  const auto auth = ParseSnpIdAuth(bytes);
  ASSERT_TRUE(auth) << auth.error().ToString();
  EXPECT_EQ(EncodeSnpIdAuth(*auth), bytes);
  EXPECT_EQ(Base64(SnpKeyDigest(auth->id_key).span()),
            "WfssaG36T+9J84M5qndckAUcKNVzg93DuvO160sUlt87DbvcuuX+J2d6ZEggdz/i");
  ASSERT_TRUE(auth->author);
  EXPECT_EQ(Base64(SnpKeyDigest(auth->author->key).span()),
            "7tgRafsMteDsNHlPEo/U4MSkb2fGWhrfqB/LJLzAiMJyNpt//D6ytq9qQoShs2xf");
}

TEST(SnpIdBlock, WithoutAuthorHasZerosThere) {
  SnpIdAuth auth = VectorAuth();
  auth.author.reset();
  const Bytes bytes = EncodeSnpIdAuth(auth);
  EXPECT_EQ(bytes.size(), kSnpIdAuthBytes);
  EXPECT_EQ(bytes.at(4), 1);
  EXPECT_TRUE(std::ranges::all_of(ByteSpan(bytes).subspan(0x644),
                                  [](uint8_t byte) { return byte == 0; }));
  EXPECT_EQ(ParseSnpIdAuth(bytes).value(), auth);
  auth.author_key_algorithm = SnpAlgorithm::kNone;
  EXPECT_EQ(ParseSnpIdAuth(EncodeSnpIdAuth(auth)).value(), auth);
}

TEST(SnpIdBlock, RejectsEveryFlawOfTheBlock) {
  const Bytes good = EncodeSnpIdBlock(VectorBlock());
  EXPECT_EQ(BlockRefusal(ByteSpan(good).first(0x5f)),
            "id block: policy at 0x58: needs 8 bytes, 7 left");
  Bytes longer = good;
  longer.push_back(0);
  EXPECT_EQ(
      BlockRefusal(longer),
      "id block: end at 0x60: 1 trailing bytes, expected the end of the data");
  EXPECT_EQ(BlockRefusal(Changed(good, 0x50, 2)),
            "id block: version at 0x50: found 2, expected 1");
  EXPECT_EQ(BlockRefusal(Changed(good, 0x5a, 1)),
            "guest policy: found 0x3013701, expected bit 17 to be one\n"
            "  while reading the id block");
  EXPECT_EQ(BlockRefusal(Changed(good, 0x5f, 1)),
            "guest policy: found 0x100000003ff3701, expected bits 26 to 63 to "
            "be zero\n  while reading the id block");
}

TEST(SnpIdBlock, RejectsEveryFlawOfTheAuthentication) {
  const Bytes good = EncodeSnpIdAuth(VectorAuth());
  const auto refusal = [&good](size_t offset, uint8_t value) {
    return AuthRefusal(Changed(good, offset, value));
  };
  EXPECT_EQ(
      refusal(0, 2),
      "id auth: id key algorithm at 0x0: found 2, expected 1 (ECDSA P-384 "
      "with SHA-384)");
  EXPECT_EQ(refusal(4, 0),
            "id auth: author key algorithm at 0x4: found 0, expected 1 (ECDSA "
            "P-384 with SHA-384)");
  EXPECT_EQ(refusal(0x8, 1),
            "id auth: reserved at 0x8: found 0x1, expected zero");
  EXPECT_EQ(refusal(0x70, 1),
            "id auth: id block signature r above 384 bits at 0x70: found 0x1, "
            "expected zero");
  EXPECT_EQ(refusal(0xb8, 1),
            "id auth: id block signature s above 384 bits at 0xb8: found 0x1, "
            "expected zero");
  EXPECT_EQ(
      refusal(0xd0, 1),
      "id auth: id block signature reserved at 0xd0: found 0x1, expected zero");
  EXPECT_EQ(refusal(0x240, 1),
            "id auth: id key curve at 0x240: found 1, expected 2 (P-384)");
  EXPECT_EQ(
      refusal(0x274, 1),
      "id auth: id key qx above 384 bits at 0x274: found 0x1, expected zero");
  EXPECT_EQ(
      refusal(0x2bc, 1),
      "id auth: id key qy above 384 bits at 0x2bc: found 0x1, expected zero");
  EXPECT_EQ(refusal(0x2d4, 1),
            "id auth: id key reserved at 0x2d4: found 0x1, expected zero");
  EXPECT_EQ(refusal(0x644, 1),
            "id auth: reserved at 0x644: found 0x1, expected zero");
  EXPECT_EQ(
      refusal(0x710, 1),
      "id auth: id key signature reserved at 0x710: found 0x1, expected zero");
  EXPECT_EQ(refusal(0x880, 0),
            "id auth: author key curve at 0x880: found 0, expected 2 (P-384)");
  EXPECT_EQ(refusal(0xc83, 1),
            "id auth: author key reserved at 0xc83: found 0x1, expected zero");
  EXPECT_EQ(refusal(0xc84, 1),
            "id auth: reserved at 0xc84: found 0x1, expected zero");
}

TEST(SnpIdBlock, RejectsEveryTruncationOfTheAuthentication) {
  Bytes bytes = EncodeSnpIdAuth(VectorAuth());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseSnpIdAuth(ByteSpan(bytes).first(size))) << size;
  }
  EXPECT_EQ(AuthRefusal(ByteSpan(bytes).first(0xfff)),
            "id auth: reserved at 0xc84: needs 892 bytes, 891 left");
  bytes.push_back(0);
  EXPECT_EQ(
      AuthRefusal(bytes),
      "id auth: end at 0x1000: 1 trailing bytes, expected the end of the data");
}

}  // namespace
}  // namespace tally
