#include "measure/boot_event.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

BootEvent Separator(uint32_t pcr) {
  static constexpr uint8_t kZeros[4] = {};
  return HashedEvent(kHashAlgorithms, pcr, kEvSeparator, "separator", kZeros);
}

// What firmware leaves in PCR 2 and 3 if nothing but the separator is measured:
// read from a TPM 2.0 by many people, for instance in systemd-pcrlock's tests.
TEST(BootEvent, AnOnlySeparatorGivesTheKnownValue) {
  const auto pcrs =
      FoldPcrs(std::vector<BootEvent>{Separator(2)}, HashAlgorithm::kSha256);
  ASSERT_EQ(pcrs.size(), 1u);
  EXPECT_EQ(Hex(pcrs.at(2).value),
            "3d458cfe55cc03ea1f443f1562beec8df51c75e14a9fcf9a7234a13f198e7969");
  ASSERT_EQ(pcrs.at(2).events.size(), 1u);
  EXPECT_EQ(pcrs.at(2).events[0].type, "EV_SEPARATOR");
  EXPECT_EQ(pcrs.at(2).events[0].value_after.hex(), Hex(pcrs.at(2).value));
}

TEST(BootEvent, ARegisterIsAsGoodAsItsWeakestEvent) {
  std::vector<BootEvent> events = {Separator(1), Separator(7), Separator(2)};
  events[0].source = BootSource::kGiven;
  const auto pcrs = FoldPcrs(events, HashAlgorithm::kSha1);
  EXPECT_EQ(pcrs.at(1).source, BootSource::kGiven);
  EXPECT_EQ(pcrs.at(7).source, BootSource::kPredicted);
  // PCR 1 and PCR 7 share an RTMR.
  const auto rtmrs = FoldRtmrs(events);
  EXPECT_EQ(rtmrs.at(0).source, BootSource::kGiven);
  EXPECT_EQ(rtmrs.at(0).events.size(), 2u);
  EXPECT_EQ(rtmrs.at(1).source, BootSource::kPredicted);
}

TEST(BootEvent, RtmrsFollowTheTableOfUefi) {
  const std::vector<std::optional<unsigned>> expected = {
      std::nullopt, 0, 1, 1, 1, 1, 1, 0, 2, 2, 2, 2, 2, 2, 2, 2, std::nullopt};
  for (uint32_t pcr = 0; pcr < expected.size(); ++pcr) {
    EXPECT_EQ(RtmrOfPcr(pcr), expected[pcr]) << pcr;
  }
}

TEST(BootEvent, RegistersWithoutEventsAreZero) {
  const auto rtmrs = FoldRtmrs({});
  ASSERT_EQ(rtmrs.size(), 3u);
  EXPECT_EQ(rtmrs.at(2).value, Bytes(48));
  EXPECT_TRUE(FoldPcrs({}, HashAlgorithm::kSha256).empty());
}

TEST(BootEvent, AnUnknownTypeIsShownAsANumber) {
  EXPECT_EQ(BootEventTypeName(0x80000006), "EV_EFI_GPT_EVENT");
  EXPECT_EQ(BootEventTypeName(0x99), "0x99");
}

}  // namespace
}  // namespace tally
