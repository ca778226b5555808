// Evidence of real Azure VMs, and bits of what hardware or a TPM signed.
#include <gtest/gtest.h>

#include <atomic>

#include "attest/azure.h"
#include "attest/certificate_cache.h"
#include "common/json.h"
#include "common/parallel.h"
#include "common/text.h"
#include "formats/azure_evidence.h"
#include "tests/attest/azure_world.h"
#include "tests/attest/snp_vectors.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::FailuresOf;
using test::kIn2025;
using test::kMilanChain;

constexpr const char* kGenoaChain =
    "snp-reports/go-sev-guest/ask_ark_genoa.pem";

std::vector<CollateralFile> Chain(const char* name) {
  const auto path = test::SharedVector(name);
  if (!path || !fs::is_regular_file(*path)) return {};
  return {{name, test::MustRead(*path)}};
}

std::string RegisterHex(const Evidence& evidence, const std::string& name) {
  const auto found =
      std::ranges::find(evidence.registers, name, &AttestedRegister::name);
  return found == evidence.registers.end() ? "none" : Hex(found->value);
}

// Real is one file of trustee's test_data and what an independent
// implementation says of it.
struct Real {
  const char* path;
  const char* chain;
  EvidenceKind kind;
  const char* pcr4;
  const char* paravisor;  // launch digest or MRTD
};

void Expect(const Real& real) {
  const auto path = test::SharedVector(real.path);
  if (!path) GTEST_SKIP() << "no shared vector " << real.path;
  const Bytes file = test::MustRead(*path);
  EXPECT_TRUE(LooksLikeAzure(file));
  const std::vector<CollateralFile> chain = Chain(real.chain);
  const auto evidence =
      AuthenticateAzure(file, {.at = kIn2025, .collateral = chain});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_EQ(FailuresOf(*evidence), "");
  EXPECT_EQ(evidence->kind, real.kind);
  EXPECT_TRUE(RegisterHex(*evidence, "pcr4").starts_with(real.pcr4));
  EXPECT_EQ(evidence->registers.at(23).name, "pcr23");
  const bool is_tdx = real.kind == EvidenceKind::kAzureTdx;
  EXPECT_TRUE(RegisterHex(*evidence,
                          is_tdx ? "paravisor_mrtd" : "paravisor_launch_digest")
                  .starts_with(real.paravisor))
      << RegisterHex(*evidence, "paravisor_mrtd");
  EXPECT_EQ(evidence->claims.debug, false);
  EXPECT_TRUE(DescribeAzure(file));
}

TEST(AzureVectors, Tdx) {
  Expect({"azure-vtpm/trustee/evidence-v1.json", "", EvidenceKind::kAzureTdx,
          "1d3b1cb141906329", ""});
}

TEST(AzureVectors, SnpMilanVersion2) {
  Expect({"azure-vtpm/trustee/evidence-v2.json", kMilanChain,
          EvidenceKind::kAzureSnp, "7461d6b7d5922dbd", "5b0ce64ad1c1f637"});
}

TEST(AzureVectors, SnpGenoaVersion0) {
  Expect({"azure-vtpm/trustee/evidence-genoa.json", kGenoaChain,
          EvidenceKind::kAzureSnp, "d8353e5595ec7b44", "f57dc09a507c6ecd"});
}

TEST(AzureVectors, SnpNeedsAmdsChain) {
  TALLY_NEED_VECTOR(path, "azure-vtpm/trustee/evidence-v2.json");
  const auto evidence =
      AuthenticateAzure(test::MustRead(path), {.at = kIn2025});
  ASSERT_TRUE(evidence) << evidence.error().ToString();
  EXPECT_FALSE(evidence->authentic());
}

#if defined(__has_feature)
constexpr bool kIsSanitized = __has_feature(address_sanitizer);
#else
constexpr bool kIsSanitized = false;
#endif

// Flipper changes one bit of one part and asks whether anybody notices.
struct Flipper {
  Json::Object evidence;
  std::vector<CollateralFile> chain;
  CertificateCache* certificates = nullptr;

  bool IsRefused(Json::Object changed) const {
    const std::string text = Json(std::move(changed)).Canonical();
    const auto result = AuthenticateAzure(
        AsBytes(text),
        {.at = kIn2025, .collateral = chain, .certificates = certificates});
    return !result || !result->authentic();
  }
  bool RefusesMessageBit(const Bytes& message, size_t bit) const {
    Bytes flipped = message;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Json::Object changed = evidence;
    (*changed.at("tpm_quote").object())["message"] = Hex(flipped);
    return IsRefused(std::move(changed));
  }
  bool RefusesReportBit(const Bytes& report, size_t bit) const {
    Bytes flipped = report;
    flipped[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    Json::Object changed = evidence;
    changed["hcl_report"] = test::Base64UrlOf(flipped);
    return IsRefused(std::move(changed));
  }
};

TEST(AzureVectors, FlippedBitsAreRefused) {
  TALLY_NEED_VECTOR(path, "azure-vtpm/trustee/evidence-v2.json");
  TALLY_NEED_VECTOR(chain, kMilanChain);
  const Bytes file = test::MustRead(path);
  const Json json = ParseJson(AsText(file)).value();
  CertificateCache certificates;
  const Flipper flipper = {*json.object(), Chain(kMilanChain), &certificates};
  ASSERT_FALSE(flipper.IsRefused(flipper.evidence));
  const AzureEvidence parsed = ParseAzureEvidence(file).value();
  const HclReport report = ParseHclReport(parsed.hcl_report).value();
  // The report's signed part begins behind the header and has 0x2a0 bytes; the
  // signature of the firmware follows. Sanitizers make a chain of signatures
  // for each bit too slow: they see one of each byte.
  std::vector<size_t> bits;
  const auto add = [&bits](size_t begin, size_t size) {
    for (size_t i = 0; i < 8 * size; ++i) {
      if (!kIsSanitized || i % 8 == i / 8 % 8) bits.push_back(8 * begin + i);
    }
  };
  add(kHclHeaderBytes, 0x2a0 + 144);
  add(report.runtime_data_offset, report.runtime_data.size());
  const size_t report_bits = bits.size();
  for (size_t bit = 0; bit < 8 * parsed.message.size(); ++bit) {
    bits.push_back(bit);
  }
  std::atomic<size_t> accepted = 0;
  const Status done = ParallelFor(bits.size(), 2, [&](size_t i) -> Status {
    const bool refused =
        i < report_bits ? flipper.RefusesReportBit(parsed.hcl_report, bits[i])
                        : flipper.RefusesMessageBit(parsed.message, bits[i]);
    if (!refused) ++accepted;
    return Ok();
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(accepted, 0u);
  const size_t per_byte = kIsSanitized ? 1 : 8;
  EXPECT_EQ(bits.size(), per_byte * (816 + 1110) + 8 * 161u);
}

}  // namespace
}  // namespace tally
