#include "measure/tdx_rtmr.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "tests/measure/ovmf_variables.h"
#include "tests/support/make_tdvf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::DebianVariableStore;
using test::kCfvBytes;

std::string Sha384Of(const BootEvent& event) {
  return Hex(event.digests.at(HashAlgorithm::kSha384));
}

Tdvf TdvfWithCfv() {
  Tdvf tdvf{.size_bytes = test::kTdvfBytes, .sections = test::TdvfSections()};
  tdvf.sections[1].raw_bytes = kCfvBytes;
  return tdvf;
}

// DigestsOfLog returns the digests that a guest's log has for one register.
std::vector<std::string> DigestsOfLog(const fs::path& path, int64_t rtmr) {
  const Bytes text = test::MustRead(path);
  const Json report = ParseJson(AsText(text)).value();
  const Json log = ParseJson(*report.Find("event_log")->text()).value();
  std::vector<std::string> digests;
  for (const Json& event : *log.array()) {
    if (*event.Find("imr")->integer() != rtmr) continue;
    digests.push_back(*event.Find("digest")->text());
  }
  return digests;
}

std::vector<std::string> DigestsOf(const TdxPrediction& prediction,
                                   unsigned rtmr) {
  std::vector<std::string> digests;
  for (const BootEvent& event : prediction.events) {
    if (RtmrOfPcr(event.pcr) == rtmr) digests.push_back(Sha384Of(event));
  }
  return digests;
}

// A kernel that is a PE file is not at hand here: the firmware's part alone.
void ExpectFirmwareEvents(const fs::path& path, uint64_t memory_bytes) {
  const std::optional<Bytes> store = DebianVariableStore();
  if (!store) GTEST_SKIP() << "no variable store or no gzip";
  ASSERT_EQ(Sha384(*store).hex().substr(0, 16), "344bc51c980ba621");
  const Tdvf tdvf = TdvfWithCfv();
  const TdxBoot boot{.profile = FindTdxProfile("ovmf-2023.02"),
                     .tdvf = &tdvf,
                     .variable_store = *store};
  const AcpiTables acpi;
  const TdxMachine machines[] = {{memory_bytes, &acpi}};
  const auto predictions = PredictTdx(boot, machines);
  ASSERT_TRUE(predictions) << predictions.error().ToString();
  std::vector<std::string> got = DigestsOf(predictions->front(), 0);
  std::vector<std::string> expected = DigestsOfLog(path, 0);
  ASSERT_EQ(got.size(), 13u);
  ASSERT_EQ(expected.size(), 13u);
  // The bytes of that machine's ACPI tables are not known.
  for (size_t i = 8; i < 11; ++i) got[i] = expected[i];
  EXPECT_EQ(got, expected);
}

TEST(TdxRtmr0, HasTheEventsOfAGuestWith2Gib) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/tdx-lite-getquote.json");
  ExpectFirmwareEvents(path, uint64_t{2} << 30);
}

TEST(TdxRtmr0, HasTheEventsOfAGuestWith64Gib) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/quote-report.json");
  ExpectFirmwareEvents(path, uint64_t{64} << 30);
}

TEST(TdxRtmr0, IsNotPredictableWithoutAcpiTables) {
  const std::optional<Bytes> store = DebianVariableStore();
  if (!store) GTEST_SKIP() << "no variable store or no gzip";
  const Tdvf tdvf = TdvfWithCfv();
  TdxBoot boot{.profile = FindTdxProfile("ovmf-2023.02"),
               .tdvf = &tdvf,
               .variable_store = *store};
  const TdxMachine machines[] = {{uint64_t{1} << 30}};
  EXPECT_EQ(PredictTdx(boot, machines)->front().not_predictable.at(0),
            "it needs the ACPI tables that the machine monitor makes");
  boot.profile = FindTdxProfile("ovmf-2025.05");
  EXPECT_EQ(PredictTdx(boot, machines)->front().not_predictable.at(0),
            "firmware since edk2-stable202505 also measures the SMBIOS "
            "tables, which the machine monitor makes");
}

TEST(TdxRtmr0, CountsSecureBootOnlyWhereItIsBuiltIn) {
  const std::optional<Bytes> store = DebianVariableStore();
  if (!store) GTEST_SKIP() << "no variable store or no gzip";
  const Tdvf tdvf = TdvfWithCfv();
  TdxBoot boot{.profile = FindTdxProfile("ovmf-2023.02"),
               .tdvf = &tdvf,
               .variable_store = *store};
  const TdxMachine machines[] = {{uint64_t{1} << 30}};
  const auto without = DigestsOf(PredictTdx(boot, machines)->front(), 0);
  boot.secure_boot = TdxSecureBoot::kBuiltIn;
  const auto with = DigestsOf(PredictTdx(boot, machines)->front(), 0);
  EXPECT_NE(with.at(2), without.at(2));
  EXPECT_EQ(with.at(3), without.at(3));
}

TEST(TdxRtmr0, RejectsAStoreOfAnotherSize) {
  const Tdvf tdvf = TdvfWithCfv();
  const Bytes store(0x1000);
  const TdxBoot boot{.profile = FindTdxProfile("ovmf-2023.02"),
                     .tdvf = &tdvf,
                     .variable_store = store};
  const TdxMachine machines[] = {{uint64_t{1} << 30}};
  EXPECT_EQ(PredictTdx(boot, machines).error().ToString(),
            "variable store has 0x1000 bytes, the firmware's section CFV has "
            "0x84000");
}

TEST(TdxCommandLine, MatchesTheVectors) {
  TALLY_NEED_VECTOR(path, "tdx/oasis-cli/expected.json");
  const Bytes text = test::MustRead(path);
  const Json expected = ParseJson(AsText(text)).value();
  const Json::Array& cases = *expected.Find("cmdline_sha384")->array();
  ASSERT_EQ(cases.size(), 3u);
  for (const Json& entry : cases) {
    const std::string line = *entry.Find("cmdline")->text();
    const auto event = TdxCommandLineEvent(line, false).value();
    // Firmware passes no options at all if there are none.
    ASSERT_EQ(event.has_value(), !line.empty());
    if (!event) continue;
    EXPECT_EQ(Sha384Of(*event), *entry.Find("digest")->text());
  }
}

TEST(TdxCommandLine, FirmwareAppendsTheInitrd) {
  EXPECT_EQ(TdxCommandLineEvent("quiet", true).value(),
            TdxCommandLineEvent("quiet initrd=initrd", false).value());
  EXPECT_EQ(TdxCommandLineEvent("\xc3\xa4", true).error().ToString(),
            "the command line is not ASCII text");
}

TEST(TdxRtmr3, HasTheDigestsOfADstackLog) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/quote-report.json");
  EXPECT_EQ(Hex(DstackEventDigest("system-preparing", {})),
            DigestsOfLog(path, 3).front());
}

TEST(TdxRtmr3, FoldsDigestsAndRejectsOthers) {
  const std::vector<Bytes> none;
  EXPECT_EQ(FoldRtmr3(none).value(), Bytes(48));
  const std::vector<Bytes> one = {Bytes(48, 1)};
  EXPECT_EQ(FoldRtmr3(one).value(),
            ExtendRegister(HashAlgorithm::kSha384, Bytes(48), Bytes(48, 1)));
  const std::vector<Bytes> bad = {Bytes(32)};
  EXPECT_EQ(FoldRtmr3(bad).error().ToString(),
            "rtmr3: digest has 32 bytes, expected 48");
}

}  // namespace
}  // namespace tally
