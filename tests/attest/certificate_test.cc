#include "attest/certificate.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "tests/support/make_certificate.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakeCertificate;
using test::TestCertificate;
using test::TestExtension;
using test::TestKey;

std::string CertificateRefusal(ByteSpan der) {
  const auto certificate = Certificate::FromDer(der);
  return certificate ? "accepted" : certificate.error().ToString();
}

TEST(Certificate, SaysWhatItHolds) {
  const TestKey key = TestKey::P384();
  const Bytes der = MakeCertificate(
      {.subject = "machine \"7\"",
       .issuer = "maker",
       .serial = 0xab01,
       .not_before = 1'600'000'000,
       .not_after = 4'000'000'000,  // GeneralizedTime
       .extensions = {{.oid = "1.3.6.1.4.1.3704.1.4", .value = {1, 2, 3}}}},
      key, key);
  const auto certificate = Certificate::FromDer(der);
  ASSERT_TRUE(certificate) << certificate.error().ToString();
  EXPECT_EQ(certificate->subject(), "machine \"7\"");
  EXPECT_EQ(certificate->issuer(), "maker");
  EXPECT_EQ(certificate->serial(), "ab01");
  EXPECT_EQ(certificate->not_before(), 1'600'000'000);
  EXPECT_EQ(certificate->not_after(), 4'000'000'000);
  EXPECT_EQ(certificate->key(), CertificateKey::kEcP384);
  EXPECT_EQ(certificate->der(), der);
  EXPECT_EQ(certificate->sha256(), Sha256(der));
  // The SubjectPublicKeyInfo ends with the point.
  EXPECT_TRUE(Hex(certificate->spki()).ends_with(Hex(key.Point())));
  EXPECT_EQ(certificate->Extension("1.3.6.1.4.1.3704.1.4"), (Bytes{1, 2, 3}));
  EXPECT_EQ(certificate->Extension("1.3.6.1.4.1.3704.1.5"), std::nullopt);
  EXPECT_EQ(certificate->Extension("no oid"), std::nullopt);
}

TEST(Certificate, KnowsKinds) {
  const TestKey issuer = TestKey::P256();
  const auto kind = [&](const TestKey& key) {
    return Certificate::FromDer(MakeCertificate({}, key, issuer))->key();
  };
  EXPECT_EQ(kind(TestKey::P256()), CertificateKey::kEcP256);
  EXPECT_EQ(kind(TestKey::Curve("P-521")), CertificateKey::kOther);
  EXPECT_EQ(kind(TestKey::Curve("secp256k1")), CertificateKey::kOther);
  EXPECT_EQ(kind(TestKey::Ed25519()), CertificateKey::kOther);
  EXPECT_EQ(kind(TestKey::Rsa(1024)), CertificateKey::kOther);
  EXPECT_EQ(kind(TestKey::Rsa(2048)), CertificateKey::kRsa2048);
}

TEST(Certificate, AcceptsTheSerialNumberZero) {
  // All of AMD's VCEKs have it, and RFC 5280 section 4.1.2.2 does not want it.
  const TestKey key = TestKey::P256();
  const auto certificate =
      Certificate::FromDer(MakeCertificate({.serial = 0}, key, key));
  ASSERT_TRUE(certificate);
  EXPECT_EQ(certificate->serial(), "0");
}

TEST(Certificate, RejectsWhatIsNotOneCertificateInDer) {
  const TestKey key = TestKey::P256();
  const Bytes der = MakeCertificate({}, key, key);
  EXPECT_EQ(CertificateRefusal({}), "certificate is not well-formed DER");
  EXPECT_EQ(CertificateRefusal(ByteSpan(der).first(der.size() - 1)),
            "certificate is not well-formed DER");
  Bytes longer = der;
  longer.push_back(0);
  EXPECT_EQ(CertificateRefusal(longer), "certificate has 1 trailing bytes");
  EXPECT_EQ(CertificateRefusal(Bytes(kMaxCertificateBytes + 1)),
            "certificate has 16385 bytes, expected at most 16384");
}

// Nested is sequences in sequences, and nothing in the innermost.
Bytes Nested(size_t depth) {
  Bytes der;
  for (size_t i = 0; i < depth; ++i) {
    const size_t size = der.size();
    const Bytes head = {0x30, 0x82, static_cast<uint8_t>(size >> 8),
                        static_cast<uint8_t>(size)};
    der.insert(der.begin(), head.begin(), head.end());
  }
  return der;
}

TEST(Certificate, RejectsDerBombs) {
  EXPECT_EQ(CertificateRefusal(Nested(kMaxCertificateBytes / 4)),
            "certificate is not well-formed DER");
  // The same where a certificate may have anything: in an extension.
  const TestKey key = TestKey::P256();
  EXPECT_EQ(CertificateRefusal(MakeCertificate(
                {.extensions = {{.oid = "2.5.29.19", .value = Nested(3000)}}},
                key, key)),
            "certificate's basicConstraints are malformed");
  // Of indefinite length, which never ends.
  Bytes endless;
  for (size_t i = 0; i < kMaxCertificateBytes / 2; ++i) {
    endless.insert(endless.end(), {0x30, 0x80});
  }
  EXPECT_EQ(CertificateRefusal(endless), "certificate is not well-formed DER");
}

TEST(Certificate, RejectsAnotherEncodingOfTheSameValue) {
  // The outermost length in three bytes instead of two.
  const TestKey key = TestKey::P256();
  Bytes der = MakeCertificate({}, key, key);
  ASSERT_EQ(der[1], 0x82);
  der[1] = 0x83;
  der.insert(der.begin() + 2, 0);
  EXPECT_EQ(CertificateRefusal(der),
            "certificate is not DER, which has one form for a value");
}

TEST(Certificate, RejectsBadExtensions) {
  const TestKey key = TestKey::P256();
  const auto with = [&](std::vector<TestExtension> extensions) {
    return CertificateRefusal(
        MakeCertificate({.extensions = std::move(extensions)}, key, key));
  };
  EXPECT_EQ(with({{.oid = "1.2.3", .value = {5, 0}},
                  {.oid = "1.2.3", .value = {5, 0}}}),
            "certificate has extension 1.2.3 twice");
  EXPECT_EQ(with({{.oid = "2.5.29.19", .value = {1, 2, 3}}}),
            "certificate's basicConstraints are malformed");
  // CA, with a path length of -1.
  EXPECT_EQ(
      with({{.oid = "2.5.29.19", .value = {0x30, 6, 1, 1, 0xff, 2, 1, 0xff}}}),
      "certificate's pathLenConstraint is malformed");
  EXPECT_EQ(with({{.oid = "2.5.29.15", .value = {1, 2, 3}}}),
            "certificate's keyUsage is malformed");
  std::vector<TestExtension> many;
  for (int i = 0; i < 65; ++i) {
    many.push_back({.oid = "1.2.3." + std::to_string(i), .value = {5, 0}});
  }
  EXPECT_EQ(with(many), "certificate has 65 extensions, expected at most 64");
}

TEST(Certificate, ReadsPem) {
  const TestKey key = TestKey::P256();
  const Bytes one = MakeCertificate({.subject = "one"}, key, key);
  const Bytes two = MakeCertificate({.subject = "two"}, key, key);
  const std::string text = "subject: one\n" + test::Pem("CERTIFICATE", one) +
                           "\nsubject: two\r\n" +
                           test::Pem("CERTIFICATE", two) + std::string(1, '\0');
  const auto certificates = Certificate::FromFile(AsBytes(text));
  ASSERT_TRUE(certificates) << certificates.error().ToString();
  ASSERT_EQ(certificates->size(), 2u);
  EXPECT_EQ(certificates->at(0).subject(), "one");
  EXPECT_EQ(certificates->at(1).subject(), "two");
  EXPECT_EQ(Certificate::FromFile(two).value().at(0).subject(), "two");
}

TEST(Certificate, RejectsBadPem) {
  const TestKey key = TestKey::P256();
  const Bytes der = MakeCertificate({}, key, key);
  const auto refusal = [](const std::string& pem) {
    const auto certificates = Certificate::FromPem(pem);
    return certificates ? "accepted" : certificates.error().ToString();
  };
  EXPECT_EQ(refusal(""), "no PEM block, expected 'CERTIFICATE'");
  EXPECT_EQ(refusal(test::Pem("PRIVATE KEY", der)),
            "found PEM 'PRIVATE KEY', expected 'CERTIFICATE'");
  EXPECT_EQ(refusal("-----BEGIN CERTIFICATE-----\nAAAA\n"),
            "PEM block 1 has no end, expected '-----END CERTIFICATE-----'");
  EXPECT_EQ(refusal(test::Pem("CERTIFICATE", der) +
                    test::Pem("CERTIFICATE", Bytes{1, 2})),
            "certificate is not well-formed DER\n"
            "  while reading certificate 2 of the PEM text");
  EXPECT_EQ(refusal("-----BEGIN CERTIFICATE-----\nAB*=\n"
                    "-----END CERTIFICATE-----\n"),
            "found '*' at character 2, expected base64\n"
            "  while decoding PEM block 1");
  std::string many;
  for (int i = 0; i < 33; ++i) many += test::Pem("CERTIFICATE", der);
  EXPECT_EQ(refusal(many), "more than 32 PEM blocks");
}

TEST(Certificate, VerifiesEcdsa) {
  for (const bool is_p256 : {true, false}) {
    const TestKey key = is_p256 ? TestKey::P256() : TestKey::P384();
    const size_t size = is_p256 ? 32 : 48;
    const auto certificate =
        Certificate::FromDer(MakeCertificate({}, key, key)).value();
    const Bytes signature = key.SignEcdsa(AsBytes("message"));
    const ByteSpan r = ByteSpan(signature).first(size);
    const ByteSpan s = ByteSpan(signature).last(size);
    EXPECT_TRUE(certificate.VerifyEcdsa(AsBytes("message"), r, s));
    const auto refusal = [&](std::string_view message, ByteSpan a, ByteSpan b) {
      const Status status = certificate.VerifyEcdsa(AsBytes(message), a, b);
      return status ? "accepted" : status.error().message();
    };
    const std::string other =
        "the signature is not by the key of 'leaf' over these bytes";
    EXPECT_EQ(refusal("massage", r, s), other);
    EXPECT_EQ(refusal("message", s, r), other);
    EXPECT_EQ(refusal("message", Bytes(size), Bytes(size)), other);
    EXPECT_EQ(refusal("message", Bytes(size, 0xff), s), other);
    EXPECT_EQ(refusal("message", r.first(size - 1), s),
              "signature has numbers of " + std::to_string(size - 1) + " and " +
                  std::to_string(size) + " bytes, expected " +
                  std::to_string(size));
  }
  const TestKey rsa = TestKey::Rsa(2048);
  EXPECT_EQ(Certificate::FromDer(MakeCertificate({}, rsa, rsa))
                ->VerifyEcdsa({}, {}, {})
                .error()
                .message(),
            "the key of 'leaf' is not on P-256 or P-384");
}

}  // namespace
}  // namespace tally
