#include "attest/nitro.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <string>

#include "attest/certificate.h"
#include "common/hash.h"
#include "common/parallel.h"
#include "common/text.h"
#include "tests/attest/evidence_checks.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::NotPassed;

constexpr int64_t kIn2026 = 1790000000;  // 2026-09-21; all documents are older

Evidence AuthenticateDocument(ByteSpan document, int64_t at = kIn2026) {
  auto evidence = AuthenticateNitro(document, {.at = at});
  EXPECT_TRUE(evidence) << evidence.error().ToString();
  return evidence ? *evidence : Evidence();
}

Bytes RegisterValue(const Evidence& evidence, std::string_view name) {
  const auto found =
      std::ranges::find(evidence.registers, name, &AttestedRegister::name);
  return found == evidence.registers.end() ? Bytes() : found->value;
}

std::string Text(const std::optional<Bytes>& bytes) {
  return bytes ? std::string(AsText(*bytes)) : "nothing";
}

TEST(AuthenticateNitro, AcceptsGenuineDocuments) {
  // Origin: README.txt beside each vector; PCR0 as another implementation read
  // it.
  struct Row {
    const char* file;
    const char* pcr0;
    bool debug;
  };
  constexpr Row kRows[] = {
      {"nitro/anjuna/sample_prod_doc.bin", "2d151586641b790f", false},
      {"nitro/anjuna/attester_sample_prod_doc.bin", "0f0b6b3e05d75450", false},
      {"nitro/anjuna/sample_attestation_doc_full.bin", "0000000000000000",
       true},
      {"nitro/dstack/nitro_attestation.bin", "eb7d0dab08ff4154", false},
      {"nitro/dstack/nitro_attestation_dbg.bin", "0000000000000000", true},
      {"nitro/dstack/nsm_nitro_attestation.bin", "5cb702954321826d", false},
      {"nitro/fortanix/request_proper.bin", "0000000000000000", true},
      {"nitro/qos/mock_attestation_doc", "f8bb0133c427bc49", false},
      {"signing/nitro-evervault/test-data/beta/"
       "debug-mode-attestation-doc-bytes",
       "0000000000000000", true},
      {"signing/nitro-evervault/test-data/beta/valid-attestation-doc-bytes",
       "f4d48b81a460c991", false},
  };
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.file);
    TALLY_NEED_VECTOR(path, row.file);
    const Bytes document = test::MustRead(path);
    EXPECT_TRUE(LooksLikeNitroDocument(document));
    const Evidence evidence = AuthenticateDocument(document);
    EXPECT_TRUE(evidence.authentic());
    EXPECT_EQ(NotPassed(evidence), std::vector<std::string>{});
    EXPECT_EQ(Hex(RegisterValue(evidence, "PCR0")).substr(0, 16), row.pcr0);
    EXPECT_EQ(evidence.claims.debug, row.debug);
    EXPECT_EQ(evidence.registers.size(), 16u);
  }
}

TEST(AuthenticateNitro, AcceptsADocumentThatWasSentAsBase64) {
  TALLY_NEED_VECTOR(
      path, "signing/nitro-evervault/test-data/valid-attestation-doc-base64");
  const Bytes text = test::MustRead(path);
  const Evidence evidence =
      AuthenticateDocument(ParseBase64(Trim(AsText(text))).value());
  EXPECT_EQ(NotPassed(evidence), std::vector<std::string>{});
  EXPECT_EQ(evidence.claims.debug, true);
}

TEST(AuthenticateNitro, FillsTheClaims) {
  TALLY_NEED_VECTOR(path,
                    "signing/nitro-evervault/test-data/beta/"
                    "debug-mode-attestation-doc-bytes");
  const Evidence evidence = AuthenticateDocument(test::MustRead(path));
  EXPECT_EQ(evidence.kind, EvidenceKind::kNitroDocument);
  EXPECT_EQ(evidence.summary,
            "AWS Nitro Enclave 'i-03ad7cdb817437eeb-enc0183cc7569b3f6e1', "
            "2022-10-12T13:50:06Z, in debug mode");
  EXPECT_EQ(Text(evidence.claims.nonce), "nothing");
  EXPECT_EQ(Text(evidence.claims.report_data), "hello, world!");
  EXPECT_EQ(Text(evidence.claims.identities.at("module_id")),
            "i-03ad7cdb817437eeb-enc0183cc7569b3f6e1");
  EXPECT_EQ(Text(evidence.claims.identities.at("public_key")),
            "my super secret key");
  EXPECT_EQ(evidence.checks,
            (std::vector<EvidenceCheck>{
                Passed("document time", "of 2022-10-12T13:50:06Z"),
                Passed("certificate chain",
                       "5 certificates to 'aws.nitro-enclaves', valid at the "
                       "document's time"),
                Passed("certificate key", "P-384"),
                Passed("document signature",
                       "ES384, by 'i-03ad7cdb817437eeb-enc0183cc7569b3f6e1."
                       "us-east-1.aws'"),
                Passed("PCR0", "present")}));
}

TEST(AuthenticateNitro, ReportsTheRoleAndTheInstanceAsTheGuideSays) {
  // AWS user guide, "Cryptographic attestation": PCR3 and PCR4 are one
  // extension of zero, of the role's name and of the instance's.
  const auto extend = [](std::string_view text) {
    const Bytes zero(48);
    return ToBytes(
        Sha384Hasher().Update(zero).Update(AsBytes(text)).Finish().span());
  };
  EXPECT_EQ(
      Hex(extend("arn:aws:iam::123456789012:role/Webserver")),
      "78fce75db17cd4e0a3fb8dad3ad128ca5e77edbb2b2c7f75329dccd99aa5f6ef4fc1f1"
      "a452e315b9e98f9e312e6921e6");
  for (const char* file : {"nitro/anjuna/sample_prod_doc.bin",
                           "nitro/anjuna/attester_sample_prod_doc.bin",
                           "nitro/anjuna/sample_attestation_doc_full.bin"}) {
    SCOPED_TRACE(file);
    TALLY_NEED_VECTOR(path, file);
    const Evidence evidence = AuthenticateDocument(test::MustRead(path));
    const std::string module(
        AsText(evidence.claims.identities.at("module_id")));
    EXPECT_EQ(RegisterValue(evidence, "PCR4"),
              extend(module.substr(0, module.find("-enc"))));
  }
}

TEST(AuthenticateNitro, RefusesTamperedDocuments) {
  TALLY_NEED_VECTOR(signature, "nitro/fortanix/tampered_signature.bin");
  const Evidence evidence = AuthenticateDocument(test::MustRead(signature));
  EXPECT_FALSE(evidence.authentic());
  EXPECT_EQ(NotPassed(evidence),
            std::vector<std::string>{
                "document signature: the signature is not by the key of "
                "'i-02e3a660059b27d87-enc017bca11991e5083.us-west-1.aws' over "
                "these bytes"});
  TALLY_NEED_VECTOR(certificate, "nitro/fortanix/tampered_certificate.bin");
  EXPECT_EQ(NotPassed(AuthenticateDocument(test::MustRead(certificate))),
            std::vector<std::string>{
                "certificates: certificate: certificate is not well-formed "
                "DER"});
}

TEST(AuthenticateNitro, RefusesADocumentOfTheFuture) {
  TALLY_NEED_VECTOR(path, "nitro/qos/mock_attestation_doc");
  const Bytes document = test::MustRead(path);
  constexpr int64_t kTime = 1657117102;
  EXPECT_TRUE(AuthenticateDocument(document, kTime).authentic());
  EXPECT_TRUE(
      AuthenticateDocument(document, kTime - kNitroClockToleranceSeconds)
          .authentic());
  const Evidence evidence =
      AuthenticateDocument(document, kTime - kNitroClockToleranceSeconds - 1);
  EXPECT_FALSE(evidence.authentic());
  EXPECT_EQ(NotPassed(evidence),
            std::vector<std::string>{
                "document time: of 2022-07-06T14:18:22Z, which is later than "
                "2022-07-06T14:17:21Z"});
}

TEST(AuthenticateNitro, RefusesAFlippedBitAnywhereInWhatIsSigned) {
  TALLY_NEED_VECTOR(path, "nitro/dstack/nitro_attestation.bin");
  Bytes document = test::MustRead(path);
  const NitroDocument parsed = ParseNitroDocument(document).value();
  const std::vector<CborItem>& items = parsed.sign1.message.items;
  const size_t begin = items[0].offset;
  const size_t end = items[3].offset + items[3].size_bytes;
  // All 36 000 bits take minutes. A stride that is odd and no multiple of any
  // field's size comes to every field and to every bit of a byte.
  constexpr size_t kStride = 37;
  for (size_t bit = 8 * begin; bit < 8 * end; bit += kStride) {
    const auto mask = static_cast<uint8_t>(1 << (bit % 8));
    document[bit / 8] ^= mask;
    const auto evidence = AuthenticateNitro(document, {.at = kIn2026});
    EXPECT_FALSE(evidence && evidence->authentic()) << "bit " << bit;
    document[bit / 8] ^= mask;
  }
}

// What is signed does not change the certificate: its chain is not verified
// again for each bit.
TEST(AuthenticateNitro, EverySignedBitCounts) {
  TALLY_NEED_VECTOR(path, "nitro/dstack/nitro_attestation.bin");
  const Bytes file = test::MustRead(path);
  const NitroDocument document = ParseNitroDocument(file).value();
  const Certificate leaf = Certificate::FromDer(document.certificate).value();
  const ByteSpan r = document.sign1.signature().first(48);
  const ByteSpan s = document.sign1.signature().subspan(48);
  const Bytes genuine = CoseToBeSigned(document.sign1);
  ASSERT_TRUE(leaf.VerifyEcdsa(genuine, r, s));
  std::atomic<size_t> accepted = 0;
  const Status done = ParallelFor(genuine.size(), 2, [&](size_t i) -> Status {
    Bytes flipped = genuine;
    for (unsigned bit = 0; bit < 8; ++bit) {
      flipped[i] = static_cast<uint8_t>(genuine[i] ^ (1u << bit));
      if (leaf.VerifyEcdsa(flipped, r, s)) ++accepted;
    }
    return Ok();
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(accepted, 0u);
}

TEST(AuthenticateNitro, IsAnInputErrorForWhatIsNoDocument) {
  const auto evidence = AuthenticateNitro(AsBytes("\x84\x40"), {});
  ASSERT_FALSE(evidence);
  EXPECT_EQ(evidence.error().code(), ErrorCode::kInput);
  EXPECT_FALSE(LooksLikeNitroDocument({}));
}

TEST(DescribeNitro, NamesEveryField) {
  TALLY_NEED_VECTOR(path, "nitro/dstack/nitro_attestation.bin");
  const Bytes document = test::MustRead(path);
  const auto fields = DescribeNitro(document);
  ASSERT_TRUE(fields) << fields.error().ToString();
  const auto line = [&fields](std::string_view name) {
    const auto field = std::ranges::find(*fields, name, &EvidenceField::name);
    if (field == fields->end()) return std::string("no such field");
    return HexNumber(field->offset) + " " + std::to_string(field->size_bytes) +
           " " + field->value.substr(0, 16) + " " + field->note;
  };
  EXPECT_EQ(fields->size(), 31u);
  EXPECT_EQ(line("wrapper"),
            "0x0 4 0002b946 dstack's attestation, signed by nobody");
  EXPECT_EQ(line("protected header"), "0x6 4 a1013822 algorithm ES384");
  EXPECT_EQ(line("module_id"),
            "0x1b 39 i-0827e799ec9232 the instance and the enclave");
  EXPECT_EQ(line("timestamp"), "0x5a 9 1766678659346 2025-12-25T16:04:19Z");
  EXPECT_EQ(line("pcrs / 1"),
            "0x9f 48 0343b056cd8485ca PCR1: kernel and boot ramdisk");
  EXPECT_EQ(line("cabundle[0]"),
            "0x634 533 3082021130820196 'aws.nitro-enclaves', issued by "
            "'aws.nitro-enclaves', valid from 2019-10-28T13:28:05Z to "
            "2049-10-28T14:28:05Z");
  EXPECT_EQ(line("public_key"),
            "0x10fb 1 null for answers that only the enclave can read");
  EXPECT_EQ(line("signature"),
            "0x1152 96 91939dc709f3ff13 r and s, by the certificate's key");
  EXPECT_EQ(line("wrapper end"),
            "0x11b2 179 04186170702d6964 dstack's attestation, signed by "
            "nobody");
}

TEST(DescribeNitro, CoversEveryByteThatIsAValue) {
  TALLY_NEED_VECTOR(path, "nitro/qos/mock_attestation_doc");
  const Bytes document = test::MustRead(path);
  const std::vector<EvidenceField> fields = DescribeNitro(document).value();
  uint64_t end = 0;
  for (const EvidenceField& field : fields) {
    EXPECT_GE(field.offset, end) << field.name;
    end = field.offset + field.size_bytes;
  }
  EXPECT_EQ(end, document.size());
}

}  // namespace
}  // namespace tally
