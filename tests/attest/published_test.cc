#include "attest/published.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

const std::string kZeros96(96, '0');

std::string Document(const std::string& register_record) {
  return R"({"targets":[{"name":"snp","platform":"sev-snp","profile":)"
         R"({"vcpus":4,"vmm":"qemu"},"registers":{"launch_digest":)" +
         register_record + R"(},"coverage":{},"warnings":[]}]})";
}

const ReleaseIdentity kRelease = {.name = "gateway", .version = "1.4.0"};

std::string MeasurementsRefusal(const std::string& text) {
  const auto targets = ParseMeasurements(text, kRelease);
  return targets ? "accepted" : targets.error().ToString();
}

TEST(ParseMeasurements, ReadsTargetsWithTheirRegisters) {
  const auto targets = ParseMeasurements(
      Document(R"({"algorithm":"sha384","value":")" + kZeros96 +
               R"(","status":"predicted","events_sha256":""})"),
      kRelease);
  ASSERT_TRUE(targets) << targets.error().ToString();
  ASSERT_EQ(targets->size(), 1u);
  const PublishedTarget& target = targets->front();
  EXPECT_EQ(target.release_name, "gateway");
  EXPECT_EQ(target.platform, "sev-snp");
  EXPECT_EQ(TargetText(target), "snp (vcpus 4, vmm qemu)");
  EXPECT_EQ(target.registers,
            (std::vector<PublishedRegister>{{.name = "launch_digest",
                                             .algorithm = "sha384",
                                             .value = Bytes(48)}}));
}

TEST(ParseMeasurements, KnowsRegistersWithoutAValue) {
  const auto targets = ParseMeasurements(
      Document(R"({"algorithm":"sha384","value":null,)"
               R"("status":"not predictable","events_sha256":null})"),
      kRelease);
  ASSERT_TRUE(targets) << targets.error().ToString();
  EXPECT_EQ(targets->front().registers.front().status,
            PublishedStatus::kNotPredictable);
}

TEST(ParseMeasurements, RejectsWhatIsNotMeasurements) {
  EXPECT_EQ(MeasurementsRefusal("{}"),
            "measurements.json: has no list 'targets'");
  EXPECT_EQ(MeasurementsRefusal(R"({"targets":[{"name":"snp"}]})"),
            "a target has no name, platform, profile or registers of the right "
            "type");
  EXPECT_EQ(MeasurementsRefusal(Document("{}")),
            "register 'launch_digest': has no text 'algorithm'\n  while "
            "reading target 'snp'");
  EXPECT_EQ(MeasurementsRefusal(
                Document(R"({"algorithm":"sha384","status":"guessed"})")),
            "status: found 'guessed', expected 'predicted', 'given' or 'not "
            "predictable'\n  while reading target 'snp'");
  EXPECT_EQ(MeasurementsRefusal(
                Document(R"({"algorithm":"sha256","status":"predicted",)"
                         R"("value":")" +
                         kZeros96 + "\"}")),
            "register 'launch_digest': found a value of 48 bytes, expected one "
            "of 'sha256'\n  while reading target 'snp'");
}

TEST(PublishedValues, TakesOneValueForThePlatformsMainRegister) {
  const auto target =
      PublishedValues(std::string(96, 'a'), EvidenceKind::kTdxQuote);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->platform, "tdx");
  EXPECT_EQ(target->registers.front().name, "mrtd");
  EXPECT_EQ(target->registers.front().algorithm, "sha384");
}

TEST(PublishedValues, TakesNamedValues) {
  const auto target = PublishedValues("PCR0=" + kZeros96 + ",PCR1=" + kZeros96,
                                      EvidenceKind::kNitroDocument);
  ASSERT_TRUE(target);
  ASSERT_EQ(target->registers.size(), 2u);
  EXPECT_EQ(target->registers[1].name, "PCR1");
}

TEST(PublishedValues, RejectsWhatIsNoDigest) {
  const auto refusal = [](const std::string& text) {
    const auto target = PublishedValues(text, EvidenceKind::kSnpReport);
    return target ? "accepted" : target.error().ToString();
  };
  EXPECT_EQ(refusal("abcd"),
            "--measurement: found 'abcd', expected a digest in hexadecimal, or "
            "REGISTER=HEX");
  EXPECT_EQ(refusal("=" + kZeros96),
            "--measurement: found '=" + kZeros96 +
                "', expected a digest in hexadecimal, or REGISTER=HEX");
  EXPECT_EQ(refusal(kZeros96 + "," + kZeros96),
            "--measurement: found 'launch_digest' twice");
}

TEST(PlatformOf, IsTheGuestsTpmOnAzure) {
  EXPECT_EQ(PlatformOf(EvidenceKind::kSnpReport), "sev-snp");
  EXPECT_EQ(PlatformOf(EvidenceKind::kAzureSnp), "tpm");
  EXPECT_EQ(PlatformOf(EvidenceKind::kAzureTdx), "tpm");
}

}  // namespace
}  // namespace tally
