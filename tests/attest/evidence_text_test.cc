#include "attest/evidence_text.h"

#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

std::string Decoded(std::string_view text) {
  return std::string(AsText(DecodeEvidenceText(AsBytes(text))));
}

TEST(EvidenceText, DecodesHex) {
  EXPECT_EQ(Decoded("68656c6c6f20\n"), "hello ");
  EXPECT_EQ(Decoded("0x68656C6C6F20"), "hello ");
  EXPECT_EQ(Decoded("  6865 6c6c\r\n\t6f20 "), "hello ");
}

TEST(EvidenceText, DecodesBase64OfBothAlphabets) {
  EXPECT_EQ(Decoded("aGVs\nbG8=\n"), "hello");
  EXPECT_EQ(Decoded("aGVsbG8"), "hello");
  EXPECT_EQ(Decoded("+/+/"), "\xfb\xff\xbf");
  EXPECT_EQ(Decoded("-_-_"), "\xfb\xff\xbf");
}

TEST(EvidenceText, LeavesEverythingElse) {
  for (const std::string_view text :
       {std::string_view(""), std::string_view("\n"),
        std::string_view("{\"a\":1}"), std::string_view("\x02\0\0\0", 4),
        std::string_view("a=b="),
        std::string_view("aGVsbG8"
                         "=="),
        std::string_view("abcde"),
        std::string_view("-----BEGIN CERTIFICATE-----\nAAAA\n"
                         "-----END CERTIFICATE-----\n")}) {
    EXPECT_EQ(Decoded(text), text);
  }
}

}  // namespace
}  // namespace tally
