#include "measure/nitro.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "formats/eif.h"
#include "measure/event_ranges.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

Bytes Image(const std::vector<std::string_view>& ramdisks) {
  EifContents contents{.kernel = AsBytes("kernel"), .cmdline = "quiet"};
  for (const std::string_view ramdisk : ramdisks) {
    contents.ramdisks.push_back(AsBytes(ramdisk));
  }
  return EncodeEif(MakeEif(EifArchitecture::kX86_64, contents)).value();
}

std::string Pcr(const NitroMeasurement& measurement, std::string_view name) {
  const NitroRegister* found = measurement.Find(name);
  return found == nullptr ? "none" : found->value.hex();
}

TEST(NitroMeasurement, MatchesTheVector) {
  const fs::path folder = test::SourcePath("tests/vectors/nitro");
  const auto measured = MeasureNitro(test::MustRead(folder / "signed.eif"));
  ASSERT_TRUE(measured) << measured.error().ToString();
  size_t num_registers = 0;
  const Bytes expected = test::MustRead(folder / "signed.txt");
  for (const std::string& line : Split(AsText(expected), '\n')) {
    if (!line.starts_with("PCR")) continue;
    EXPECT_EQ(Pcr(*measured, line.substr(0, 4)), line.substr(7));
    ++num_registers;
  }
  EXPECT_EQ(num_registers, 4u);
  EXPECT_EQ(measured->registers.size(), 4u);
}

TEST(NitroMeasurement, WithoutApplicationRamdiskHasTheKnownPcr2) {
  // ../shared/vectors/nitro/qos/README.txt
  const auto measured = MeasureNitro(Image({"boot"}));
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(Pcr(*measured, "PCR2"),
            "21b9efbc184807662e966d34f390821309eeac6802309798826296bf3e8bec7c10"
            "edb30948c90ba67310f7b964fc500a");
  EXPECT_EQ(Pcr(*measured, "PCR0"), Pcr(*measured, "PCR1"));
  EXPECT_EQ(measured->Find("PCR8"), nullptr);
}

TEST(NitroMeasurement, TellsWhereOneRamdiskEndsOnlyInAllRegistersTogether) {
  // PCR0 has no lengths: moving a byte between ramdisks shows in PCR1 and PCR2.
  const auto left = MeasureNitro(Image({"boota", "pp"}));
  const auto right = MeasureNitro(Image({"boot", "app"}));
  EXPECT_EQ(Pcr(*left, "PCR0"), Pcr(*right, "PCR0"));
  EXPECT_NE(Pcr(*left, "PCR1"), Pcr(*right, "PCR1"));
  EXPECT_NE(Pcr(*left, "PCR2"), Pcr(*right, "PCR2"));
}

TEST(NitroMeasurement, ExplainsItsSections) {
  const auto measured = MeasureNitro(Image({"boot", "app"}));
  const std::vector<Event>& events = measured->Find("PCR0")->events;
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].what, "kernel");
  EXPECT_EQ(events[0].size_bytes, 6u);
  // printf kernel | sha256sum
  EXPECT_EQ(events[0].digest.Text(),
            "sha256:6923dd1bc0460082c5d55a831908c24a282860b7f1cd6c2b79cf1bc885"
            "7c639c");
  EXPECT_EQ(events[4].type, "extend");
  EXPECT_EQ(events[4].value_after.hex(), Pcr(*measured, "PCR0"));
  EXPECT_EQ(ExplainEvents(measured->Find("PCR2")->events),
            "-            section -                0x3   ramdisk 1\n"
            "-            extend  " +
                Pcr(*measured, "PCR2").substr(0, 16) +
                " 0x30  SHA-384 of the bytes above, concatenated\n");
}

TEST(NitroMeasurement, CoversEverythingButTheMetadata) {
  const auto measured = MeasureNitro(Image({"boot", "app", "more"}));
  EXPECT_EQ(measured->coverage,
            (std::vector<Coverage>{
                {.input = "kernel", .registers = {"PCR0", "PCR1"}},
                {.input = "cmdline", .registers = {"PCR0", "PCR1"}},
                {.input = "metadata",
                 .why_not = "no register contains it",
                 .affects_boot = false},
                {.input = "ramdisk 0", .registers = {"PCR0", "PCR1"}},
                {.input = "ramdisk 1", .registers = {"PCR0", "PCR2"}},
                {.input = "ramdisk 2", .registers = {"PCR0", "PCR2"}}}));
}

TEST(NitroMeasurement, RejectsWhatIsNoEif) {
  const auto measured = MeasureNitro(AsBytes("not an eif"));
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().code(), ErrorCode::kInput);
  EXPECT_EQ(measured.error().message(), "eif: magic at 0x0: expected '.eif'");
  const Bytes file = Image({"boot"});
  for (size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(MeasureNitro(ByteSpan(file).first(size))) << size;
  }
}

TEST(NitroMeasurement, RejectsABadSignatureSection) {
  Eif eif = MakeEif(
      EifArchitecture::kX86_64,
      {.kernel = AsBytes("k"), .cmdline = "c", .ramdisks = {AsBytes("r")}});
  eif.sections.push_back({EifSectionType::kSignature, AsBytes("x")});
  const auto measured = MeasureNitro(EncodeEif(eif).value());
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().message(),
            "eif signature: item at 0x1: needs 1 bytes, 0 left");
}

}  // namespace
}  // namespace tally
