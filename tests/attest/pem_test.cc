#include "attest/pem.h"

#include <gtest/gtest.h>

#include <string>

namespace tally {
namespace {

std::string PemRefusal(std::string_view pem) {
  const auto blocks = DecodePem(pem, "X", 2);
  return blocks ? "accepted" : blocks.error().ToString();
}

TEST(Pem, DecodesBlocksBetweenOtherText) {
  const auto blocks = DecodePem(
      "text\n-----BEGIN X-----\r\naGVs\r\nbG8=\r\n-----END X-----\nmore -----\n"
      "-----BEGIN X----- AA== -----END X-----",
      "X", 2);
  ASSERT_TRUE(blocks) << blocks.error().ToString();
  ASSERT_EQ(blocks->size(), 2u);
  EXPECT_EQ(AsText(blocks->at(0)), "hello");
  EXPECT_EQ(blocks->at(1), Bytes{0});
}

TEST(Pem, RejectsWhatIsNotTheBlocksThatWereAskedFor) {
  EXPECT_EQ(PemRefusal("hello"), "no PEM block, expected 'X'");
  EXPECT_EQ(PemRefusal("-----BEGIN XY-----\nAA==\n-----END XY-----\n"),
            "found PEM 'XY', expected 'X'");
  EXPECT_EQ(PemRefusal("-----BEGIN X"),
            "PEM block 1 has no end, expected "
            "'-----END X-----'");
  EXPECT_EQ(PemRefusal("-----BEGIN X-----\nAA==\n-----END Y-----\n"),
            "PEM block 1 has no end, expected '-----END X-----'");
  EXPECT_EQ(PemRefusal("-----BEGIN X-----\nProc-Type: 42\n-----END X-----\n"),
            "found '-' at character 4, expected base64\n"
            "  while decoding PEM block 1");
  const std::string one = "-----BEGIN X-----\nAA==\n-----END X-----\n";
  EXPECT_EQ(PemRefusal(one + one + one), "more than 2 PEM blocks");
}

TEST(Pem, IsToldFromDerByTheFirstBytes) {
  EXPECT_TRUE(LooksLikePem(AsBytes("-----BEGIN X-----")));
  EXPECT_TRUE(LooksLikePem(AsBytes("0 text -----BEGIN X-----")));
  EXPECT_FALSE(LooksLikePem(AsBytes("0\x82  -----BEGIN X-----")));
  EXPECT_FALSE(LooksLikePem({}));
  EXPECT_FALSE(LooksLikePem(AsBytes("BEGIN")));
}

}  // namespace
}  // namespace tally
