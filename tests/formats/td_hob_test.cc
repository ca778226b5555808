#include "formats/td_hob.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "tests/support/make_tdvf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

Tdvf SampleTdvf() {
  return {.size_bytes = test::kTdvfBytes, .sections = test::TdvfSections()};
}

std::string TdHobError(const Tdvf& tdvf, uint64_t memory_bytes) {
  const Result<Bytes> hob = MeasuredTdHob(tdvf, memory_bytes);
  return hob ? "" : hob.error().ToString();
}

TEST(TdHob, MatchesTheVectors) {
  TALLY_NEED_VECTOR(path, "tdx/oasis-cli/expected.json");
  const Bytes text = test::MustRead(path);
  const Json expected = ParseJson(AsText(text)).value();
  const Json::Array& cases = *expected.Find("td_hob_sha384")->array();
  ASSERT_EQ(cases.size(), 15u);
  for (const Json& entry : cases) {
    const auto mib =
        static_cast<uint64_t>(*entry.Find("memory_mib")->integer());
    const Result<Bytes> hob = MeasuredTdHob(SampleTdvf(), mib << 20);
    ASSERT_TRUE(hob) << hob.error().ToString();
    EXPECT_EQ(Sha384(*hob).hex(), *entry.Find("digest")->text()) << mib;
  }
}

// The log of a guest with 64 GiB: dstack verifier/fixtures/quote-report.json.
TEST(TdHob, MatchesTheLogOfAGuest) {
  EXPECT_EQ(
      Sha384(MeasuredTdHob(SampleTdvf(), uint64_t{64} << 30).value()).hex(),
      "8ae1e425351df7992c444586eff99d35af3b779aa2b0e981cb4b73bc5b279f2a"
      "de19b6a62a203fc3c3bbdaae80af596d");
}

TEST(TdHob, SplitsMemoryAt2816Mib) {
  const auto below = TdMemoryMap(SampleTdvf(), 0xb0000000 - 8192).value();
  EXPECT_EQ(below.back(),
            (TdMemory{0x820000, 0xb0000000 - 8192 - 0x820000, false}));
  const auto at = TdMemoryMap(SampleTdvf(), 0xb0000000).value();
  EXPECT_EQ(at.back(), (TdMemory{0x100000000, 0x30000000, false}));
}

TEST(TdHob, RejectsSizesThatQemuRefusesOrRounds) {
  EXPECT_EQ(TdHobError(SampleTdvf(), 0),
            "td hob: memory size 0x0 is not a multiple of 0x2000, to which "
            "QEMU rounds");
  EXPECT_EQ(TdHobError(SampleTdvf(), 0x40001000),
            "td hob: memory size 0x40001000 is not a multiple of 0x2000, to "
            "which QEMU rounds");
  EXPECT_EQ(TdHobError(SampleTdvf(), uint64_t{1} << 60),
            "td hob: memory size is 0x1000000000000000, expected at most "
            "0x400000000000");
  EXPECT_EQ(TdHobError(SampleTdvf(), 0x800000),
            "td hob: section TEMP_MEM at 0x810000 needs memory up to 0x820000, "
            "which the guest does not have");
}

TEST(TdHob, RejectsAListThatDoesNotFit) {
  Tdvf tdvf = SampleTdvf();
  tdvf.sections[4].size_bytes = 0x1000;
  for (uint64_t i = 0; i < 50; ++i) {
    tdvf.sections.push_back(
        {0, 0, 0x1000000 + i * 0x2000, 0x1000, TdvfSectionKind::kTempMem, 0});
  }
  EXPECT_EQ(TdHobError(tdvf, uint64_t{1} << 30),
            "td hob: needs 0x14b0 bytes, section TD_HOB has 0x1000");
}

}  // namespace
}  // namespace tally
