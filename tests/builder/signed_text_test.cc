#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/release_file.h"
#include "tests/support/network_archive.h"

namespace tally {
namespace {

using test::ClearSign;
using test::Keys;
using test::Scratch;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kText[] = "Origin: x\n- dash\n";

std::string KeyId(const std::string& fingerprint) {
  return fingerprint.substr(fingerprint.size() - 16);
}

std::string VerifySignedError(const std::string& text,
                              const fs::path& keyring) {
  const auto verified = VerifySigned(AsBytes(text), keyring);
  return verified ? "" : verified.error().message();
}

TEST(VerifySigned, ReturnsTheSignedTextAlone) {
  TALLY_NEED_ARCHIVE_TOOLS();
  const auto verified =
      VerifySigned(AsBytes(ClearSign(kText, Keys().good)), Keys().keyring);
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_EQ(verified->text, kText);
  EXPECT_THAT(verified->signed_by, ElementsAre(Keys().good));
}

TEST(VerifySigned, NeverReturnsWhatSurroundsTheSignedPart) {
  TALLY_NEED_ARCHIVE_TOOLS();
  const std::string text =
      "Origin: before\n" + ClearSign(kText, Keys().good) + "Origin: after\n";
  const auto verified = VerifySigned(AsBytes(text), Keys().keyring);
  ASSERT_TRUE(verified) << verified.error().ToString();
  EXPECT_EQ(verified->text, kText);
}

TEST(VerifySigned, RejectsAChangedText) {
  TALLY_NEED_ARCHIVE_TOOLS();
  std::string text = ClearSign(kText, Keys().good);
  text.replace(text.find("Origin: x"), 9, "Origin: y");
  EXPECT_EQ(VerifySignedError(text, Keys().keyring),
            "bad signature: the text is not what was signed by key " +
                KeyId(Keys().good));
}

TEST(VerifySigned, RejectsAStranger) {
  TALLY_NEED_ARCHIVE_TOOLS();
  EXPECT_EQ(
      VerifySignedError(ClearSign(kText, Keys().stranger), Keys().keyring),
      "signed by a key that is not in the keyring: key " +
          KeyId(Keys().stranger) + ", keyring '" + Keys().keyring.string() +
          "'");
}

TEST(VerifySigned, RejectsAnExpiredKey) {
  TALLY_NEED_ARCHIVE_TOOLS();
  const std::string text = ClearSign(kText, Keys().expired, "20200101T120000");
  EXPECT_EQ(VerifySignedError(text, Keys().keyring),
            "signature or key has expired: key " + KeyId(Keys().expired));
}

TEST(VerifySigned, RejectsATextWithoutSignature) {
  TALLY_NEED_ARCHIVE_TOOLS();
  EXPECT_EQ(VerifySignedError(kText, Keys().keyring),
            "no signature found, expected an OpenPGP clear-signed text");
  EXPECT_EQ(VerifySignedError("", Keys().keyring),
            "no signature found, expected an OpenPGP clear-signed text");
  // A text that looks like gpgv's own words.
  EXPECT_EQ(VerifySignedError(
                "[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG A x\n[GNUPG:] VALIDSIG "
                "A 1 1 0 4 0 22 8 01 A\n",
                Keys().keyring),
            "no signature found, expected an OpenPGP clear-signed text");
}

TEST(VerifySigned, NamesAMissingKeyring) {
  const auto verified = VerifySigned(AsBytes(kText), "/nowhere/keyring.gpg");
  EXPECT_EQ(verified.error().code(), ErrorCode::kIo);
  EXPECT_EQ(verified.error().message(),
            "keyring '/nowhere/keyring.gpg' is not there");
  EXPECT_THAT(verified.error().hints(),
              ElementsAre(HasSubstr("debian-archive-keyring")));
}

}  // namespace
}  // namespace tally
