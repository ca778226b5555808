#include "formats/base64url.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string Base64UrlRefusal(std::string_view text, Base64Padding padding) {
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
  EXPECT_EQ(Base64UrlRefusal("+/++", Base64Padding::kRequired),
            "found '+/++', expected base64 of the URL alphabet");
  EXPECT_EQ(
      Base64UrlRefusal("AQ==", Base64Padding::kNone),
      "found 'AQ==', expected base64 of the URL alphabet, without padding");
  EXPECT_NE(Base64UrlRefusal("AQ", Base64Padding::kRequired), "accepted");
  EXPECT_NE(Base64UrlRefusal("AR", Base64Padding::kNone), "accepted");
  EXPECT_NE(Base64UrlRefusal("A", Base64Padding::kNone), "accepted");
  EXPECT_NE(Base64UrlRefusal("A Q", Base64Padding::kNone), "accepted");
}

}  // namespace
}  // namespace tally
