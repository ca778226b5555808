// Reports of real machines, and what was changed in them.
#include "tests/attest/snp_vectors.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "attest/evidence_text.h"
#include "attest/snp.h"
#include "common/json.h"
#include "common/parallel.h"
#include "common/text.h"
#include "tests/attest/snp_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::FailuresOf;
using test::kIn2025;
using test::kMilanChain;
using test::TextOf;

constexpr int64_t kIn2024 = 1'714'521'600;  // 2024-05-01

std::vector<CollateralFile> Files(const std::vector<std::string>& names) {
  std::vector<CollateralFile> files;
  for (const std::string& name : names) {
    const auto path = test::SharedVector(name);
    if (!path) continue;
    files.push_back({name, test::MustRead(*path)});
  }
  return files;
}

Evidence AuthenticateReport(ByteSpan evidence,
                            const std::vector<std::string>& collateral,
                            int64_t at) {
  const std::vector<CollateralFile> files = Files(collateral);
  auto result = AuthenticateSnp(evidence, {.at = at, .collateral = files});
  EXPECT_TRUE(result) << result.error().ToString();
  return std::move(result).value();
}

std::string Measurement(const Evidence& evidence) {
  return Hex(evidence.registers.at(0).value);
}

TEST(SnpVectors, GoSevGuest) {
  TALLY_NEED_VECTOR(path, "snp-reports/go-sev-guest/attestation.bin");
  const Evidence evidence = AuthenticateReport(
      test::MustRead(path),
      {"snp-reports/go-sev-guest/vcek.testcer", kMilanChain}, kIn2024);
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(evidence.claims.debug, true);
  EXPECT_EQ(evidence.summary,
            "AMD Milan, VCEK chain to ARK-Milan, TCB bootloader 2 tee 0 snp 5 "
            "microcode 68");
  EXPECT_TRUE(Measurement(evidence).starts_with("b07af9620f3b839b4799"));
}

TEST(SnpVectors, TrusteeVcek) {
  TALLY_NEED_VECTOR(path, "snp-reports/trustee/test-report.bin");
  const Evidence evidence = AuthenticateReport(
      test::MustRead(path), {"snp-reports/trustee/test-vcek.der", kMilanChain},
      kIn2024);
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_TRUE(Measurement(evidence).starts_with("a1f3930413247bb38cfc"));
}

TEST(SnpVectors, TrusteeVcekWithOtherContents) {
  TALLY_NEED_VECTOR(path, "snp-reports/trustee/test-report.bin");
  for (const std::string name : {"legacy", "new"}) {
    const Evidence evidence = AuthenticateReport(
        test::MustRead(path),
        {"snp-reports/trustee/test-vcek-invalid-" + name + ".der", kMilanChain},
        kIn2024);
    EXPECT_FALSE(evidence.authentic());
    EXPECT_EQ(TextOf(evidence, "certificate chain"),
              "failed: certificate 'SEV-VCEK' is not signed by the key of "
              "'SEV-Milan'; AMD has ASK and ARK at "
              "https://kdsintf.amd.com/vcek/v1/Milan/cert_chain");
    EXPECT_TRUE(TextOf(evidence, "chip of the certificate")
                    .starts_with("failed: the certificate is of chip 000102"));
  }
}

TEST(SnpVectors, TrusteeVlek) {
  TALLY_NEED_VECTOR(path, "snp-reports/trustee/test-vlek-report.bin");
  const std::vector<std::string> collateral = {
      "snp-reports/trustee/test-vlek.der",
      "snp-reports/go-sev-guest/ask_ark_milan_vlek.pem"};
  const Evidence evidence =
      AuthenticateReport(test::MustRead(path), collateral, kIn2025);
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(evidence.claims.vmpl, 1u);
  EXPECT_EQ(TextOf(evidence, "provider of the certificate"),
            "passed: 'CN=cc-us-east-2.amazonaws.com'");
  EXPECT_EQ(evidence.summary,
            "AMD Milan, VLEK chain to ARK-Milan, TCB bootloader 4 tee 0 snp 24 "
            "microcode 217");
  EXPECT_TRUE(Measurement(evidence).starts_with("8922ebbdd00ec2c541f3"));
  EXPECT_FALSE(AuthenticateReport(test::MustRead(path), collateral, kIn2024)
                   .authentic());
}

TEST(SnpVectors, VirteeInHex) {
  TALLY_NEED_VECTOR(path, "snp/virtee-sev/report_milan.hex");
  const Evidence evidence = AuthenticateReport(
      DecodeEvidenceText(test::MustRead(path)),
      {"snp/virtee-sev/vcek_milan.der", "snp/virtee-sev/cert_chain_milan"},
      kIn2024);
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_TRUE(Measurement(evidence).starts_with("7a1e5c266c0108dbc9bb"));
}

TEST(SnpVectors, Dstack) {
  TALLY_NEED_VECTOR(path, "snp/dstack/sev_snp_attestation.bin");
  const Bytes file = test::MustRead(path);
  const Evidence evidence =
      AuthenticateReport(ByteSpan(file).subspan(4, kSnpReportBytes),
                         {"snp/dstack/sev_snp_vcek.pem",
                          "snp/dstack/sev_snp_ask.pem", kMilanChain},
                         1'782'864'000);  // 2026-07-01
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(Measurement(evidence),
            "7f51e17f72a04d5422cb2c00998166536019a217376f3aa45a630e59c805a599"
            "847ff250dbffcd07e1ba639771d6f05d");
}

TEST(SnpVectors, GenoaWithAnAuxblob) {
  TALLY_NEED_VECTOR(
      path,
      "signing/veraison-services-sevsnp/scheme/sevsnp/test/evidence/"
      "sevsnp-tsm-report.json");
  const Json json = ParseJson(AsText(test::MustRead(path))).value();
  const auto blob = [&](const char* name) {
    return DecodeEvidenceText(AsBytes(*json.Find(name)->text()));
  };
  const std::vector<CollateralFile> files = {{"auxblob", blob("auxblob")}};
  const auto evidence =
      AuthenticateSnp(blob("outblob"), {.at = kIn2025, .collateral = files});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_EQ(FailuresOf(*evidence), "");
  EXPECT_EQ(
      evidence->summary,
      "AMD Genoa, VCEK chain to ARK-Genoa, TCB bootloader 10 tee 0 snp 23 "
      "microcode 84");
}

TEST(SnpVectors, ExtendedReport) {
  TALLY_NEED_VECTOR(path, "signing/real-tool-outputs/snp-check/att.full.bin");
  TALLY_NEED_VECTOR(tampered,
                    "signing/real-tool-outputs/snp-check/att.tamper.bin");
  const Evidence evidence =
      AuthenticateReport(test::MustRead(path), {}, kIn2024);
  EXPECT_EQ(FailuresOf(evidence), "");
  EXPECT_EQ(
      FailuresOf(AuthenticateReport(test::MustRead(tampered), {}, kIn2024)),
      "report signature: the signature is not by the key of 'SEV-VCEK' "
      "over these bytes");
  EXPECT_EQ(DescribeSnp(test::MustRead(path))->back().note,
            "'ARK-Milan' of 'ARK-Milan'");
}

TEST(SnpVectors, EveryFlippedBitIsRefused) {
  TALLY_NEED_VECTOR(path, "snp-reports/trustee/test-report.bin");
  TALLY_NEED_VECTOR(key_path, "snp-reports/trustee/test-vcek.der");
  const Certificate key =
      Certificate::FromDer(test::MustRead(key_path)).value();
  const Bytes report = test::MustRead(path);
  ASSERT_TRUE(VerifySnpSignature(report, key));
  const Status refused = ParallelFor(report.size(), 2, [&](size_t i) -> Status {
    Bytes flipped = report;
    for (unsigned bit = 0; bit < 8; ++bit) {
      flipped[i] = static_cast<uint8_t>(report[i] ^ (1u << bit));
      if (VerifySnpSignature(flipped, key)) {
        return MismatchError("accepted, byte " + HexNumber(i));
      }
    }
    return Ok();
  });
  EXPECT_TRUE(refused) << refused.error().message();
}

TEST(SnpVectors, EveryTruncationIsRefused) {
  TALLY_NEED_VECTOR(path, "snp-reports/trustee/test-report.bin");
  const Bytes report = test::MustRead(path);
  for (size_t size = 0; size < report.size(); ++size) {
    EXPECT_FALSE(AuthenticateSnp(ByteSpan(report).first(size), {}));
  }
}

}  // namespace
}  // namespace tally
