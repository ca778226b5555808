#include "formats/eif_signature.h"

#include <gtest/gtest.h>

#include <string>

#include "formats/eif.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Section returns a section of one signature: "\x81\xa2", key, array, key,
// array.
Bytes Section(std::string_view pem) {
  ByteWriter w;
  w.U8(0x81).U8(0xa2);
  w.U8(0x73).Text("signing_certificate");
  w.U8(0x99).U16Be(static_cast<uint16_t>(pem.size()));
  for (const char c : pem) w.U8(0x18).U8(static_cast<uint8_t>(c));
  w.U8(0x69).Text("signature");
  w.U8(0x81).U8(0x05);
  return std::move(w).Take();
}

std::string Refusal(ByteSpan section) {
  const auto der = ParseEifSigningCertificate(section);
  return der ? "accepted" : der.error().message();
}

TEST(EifSignature, RejectsIntegersInALongerForm) {
  // A newline, 0x0a, has a form of one byte; Section writes two.
  EXPECT_EQ(Refusal(Section("ab\n" + std::string(300, 'x'))),
            "eif signature: signing certificate at 0x1e: not in its shortest "
            "form");
}

TEST(EifSignature, OfTheVectorIsReadAndEveryTruncationRefused) {
  const Bytes file =
      test::MustRead(test::SourcePath("tests/vectors/nitro/signed.eif"));
  const Eif eif = ParseEif(file).value();
  const ByteSpan section = eif.sections.back().bytes;
  const auto der = ParseEifSigningCertificate(section);
  ASSERT_TRUE(der) << der.error().ToString();
  EXPECT_EQ(der->at(0), 0x30);  // SEQUENCE
  for (size_t size = 0; size < section.size(); ++size) {
    EXPECT_FALSE(ParseEifSigningCertificate(section.first(size))) << size;
  }
}

TEST(EifSignature, RejectsBadCbor) {
  EXPECT_EQ(Refusal({}),
            "eif signature: signatures at 0x0: needs 1 bytes, 0 left");
  EXPECT_EQ(Refusal(AsBytes("\x82")),
            "eif signature: signatures at 0x0: found 2, expected 1");
  EXPECT_EQ(Refusal(AsBytes("\x9f")),
            "eif signature: signatures at 0x0: found CBOR length form 31, "
            "expected at most 26");
  EXPECT_EQ(Refusal(AsBytes("\x81\xa1")),
            "eif signature: members at 0x1: found 1, expected 2");
  EXPECT_EQ(Refusal(AsBytes("\x81\xa2\x61x")),
            "eif signature: key at 0x3: found 'x', expected "
            "'signing_certificate'");
  EXPECT_EQ(Refusal(AsBytes("\x81\xa2\x7a\xff\xff\xff\xff")),
            "eif signature: key at 0x3: found 4294967295, expected at most 0");
}

TEST(EifSignature, RejectsACertificateThatIsNotPem) {
  EXPECT_EQ(Refusal(Section(std::string(300, 'x'))),
            "eif signature: the certificate is not PEM");
  EXPECT_EQ(
      Refusal(Section("-----BEGIN CERTIFICATE-----" + std::string(300, 'x'))),
      "eif signature: the certificate's PEM has no end");
  const auto der = ParseEifSigningCertificate(
      Section("-----BEGIN CERTIFICATE-----" + std::string(300, '!') +
              "-----END CERTIFICATE-----"));
  ASSERT_FALSE(der);
  EXPECT_EQ(
      der.error().frames(),
      std::vector<std::string>{"reading the certificate of the eif signature"});
}

}  // namespace
}  // namespace tally
