#include "formats/base64url.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string Refusal(std::string_view text, Base64Padding padding) {
  const auto bytes = ParseBase64Url(text, padding);
  return bytes ? "accepted" : bytes.error().message();
}

TEST(Base64Url, HasItsOwnAlphabet) {
  const Bytes bytes = {0xfb, 0xff, 0xbe, 0x01};
  EXPECT_EQ(ParseBase64Url("-_--AQ==", Base64Padding::kRequired).value(),
            bytes);
  EXPECT_EQ(ParseBase64Url("-_--AQ", Base64Padding::kNone).value(), bytes);
  EXPECT_EQ(ParseBase64Url("", Base64Padding::kNone).value(), Bytes());
}

TEST(Base64Url, RejectsOtherSpellings) {
  EXPECT_EQ(Refusal("+/++", Base64Padding::kRequired),
            "found '+/++', expected base64 of the URL alphabet");
  EXPECT_EQ(
      Refusal("AQ==", Base64Padding::kNone),
      "found 'AQ==', expected base64 of the URL alphabet, without padding");
  EXPECT_NE(Refusal("AQ", Base64Padding::kRequired), "accepted");
  EXPECT_NE(Refusal("AR", Base64Padding::kNone), "accepted");
  EXPECT_NE(Refusal("A", Base64Padding::kNone), "accepted");
  EXPECT_NE(Refusal("A Q", Base64Padding::kNone), "accepted");
}

}  // namespace
}  // namespace tally
