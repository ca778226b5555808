#include "formats/eif_signature.h"

#include <gtest/gtest.h>

#include <string>

#include "formats/eif.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// SignatureSection returns a section of one signature: "\x81\xa2", key, array,
// key, array.
Bytes SignatureSection(std::string_view pem) {
  ByteWriter w;
  w.U8(0x81).U8(0xa2);
  w.U8(0x73).Text("signing_certificate");
  w.U8(0x99).U16Be(static_cast<uint16_t>(pem.size()));
  for (const char c : pem) w.U8(0x18).U8(static_cast<uint8_t>(c));
  w.U8(0x69).Text("signature");
  w.U8(0x81).U8(0x05);
  return std::move(w).Take();
}

std::string SigningCertificateRefusal(ByteSpan section) {
  const auto der = ParseEifSigningCertificate(section);
  return der ? "accepted" : der.error().message();
}

TEST(EifSignature, RejectsIntegersInALongerForm) {
  // A newline, 0x0a, has a form of one byte; SignatureSection writes two.
  EXPECT_EQ(SigningCertificateRefusal(
                SignatureSection("ab\n" + std::string(300, 'x'))),
            "eif signature: [0]/signing_certificate[2] at 0x1e: not in its "
            "shortest form");
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
  EXPECT_EQ(SigningCertificateRefusal({}),
            "eif signature: item at 0x0: needs 1 bytes, 0 left");
  EXPECT_EQ(SigningCertificateRefusal(AsBytes("\x9f")),
            "eif signature: item at 0x0: found an indefinite length, expected "
            "a definite one");
}

TEST(EifSignature, RejectsOtherFields) {
  EXPECT_EQ(SigningCertificateRefusal(AsBytes("\x82\x01\x02")),
            "eif signature: expected an array of one signature");
  EXPECT_EQ(SigningCertificateRefusal(AsBytes("\x81\xa1\x61x\x01")),
            "eif signature: signing_certificate at 0x1: is missing");
  EXPECT_EQ(SigningCertificateRefusal(
                AsBytes("\x81\xa1\x73signing_certificate\x61x")),
            "eif signature: signing_certificate at 0x16: found a text string, "
            "expected an array");
  EXPECT_EQ(SigningCertificateRefusal(
                AsBytes("\x81\xa1\x73signing_certificate\x81\x61x")),
            "eif signature: signing_certificate at 0x17: an element is not a "
            "byte");
}

TEST(EifSignature, RejectsACertificateThatIsNotPem) {
  EXPECT_EQ(SigningCertificateRefusal(SignatureSection(std::string(300, 'x'))),
            "eif signature: the certificate is not PEM");
  EXPECT_EQ(SigningCertificateRefusal(SignatureSection(
                "-----BEGIN CERTIFICATE-----" + std::string(300, 'x'))),
            "eif signature: the certificate's PEM has no end");
  const auto der = ParseEifSigningCertificate(
      SignatureSection("-----BEGIN CERTIFICATE-----" + std::string(300, '!') +
                       "-----END CERTIFICATE-----"));
  ASSERT_FALSE(der);
  EXPECT_EQ(
      der.error().frames(),
      std::vector<std::string>{"reading the certificate of the eif signature"});
}

}  // namespace
}  // namespace tally
