#include "measure/boot_comparison.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

BootEvent LetterEvent(std::string_view data) {
  static constexpr HashAlgorithm kBanks[] = {HashAlgorithm::kSha256,
                                             HashAlgorithm::kSha384};
  return HashedEvent(kBanks, 0, 0xd, "event", AsBytes(data));
}

// History is a register whose events are letters, each at a place in the log.
RegisterHistory History(std::string_view letters,
                        std::vector<uint64_t> offsets = {}) {
  RegisterHistory history = {.events = {}, .offsets = std::move(offsets)};
  for (size_t i = 0; i < letters.size(); ++i) {
    history.events.push_back(LetterEvent(letters.substr(i, 1)));
  }
  return history;
}

BootComparison Compare(ExpectedBoot expected, RegisterHistories found,
                       std::vector<HashAlgorithm> banks = {}) {
  return CompareBoots(LogRegisters::kPcrs, std::move(expected),
                      std::move(found), banks)
      .value();
}

TEST(BootComparison, TheFirstDifferenceIsTheFirstInTheLog) {
  const BootComparison comparison =
      Compare({.histories = {{4, History("ab")}, {9, History("c")}}},
              {{4, History("ax", {10, 50})}, {9, History("y", {30})}});
  const auto first = FindFirstDifference(comparison);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->index, 9u);
  EXPECT_EQ(first->step_number, 0u);
  EXPECT_EQ(first->step.change, EventChange::kDiffers);
  const uint32_t only[] = {4};
  const auto of_pcr4 = FindFirstDifference(comparison, only);
  ASSERT_TRUE(of_pcr4);
  EXPECT_EQ(of_pcr4->index, 4u);
  EXPECT_EQ(of_pcr4->step_number, 1u);
  EXPECT_EQ(comparison.OffsetOf(4, of_pcr4->step), 50u);
}

TEST(BootComparison, AMissingEventStandsBeforeTheNextOfItsRegister) {
  const BootComparison comparison =
      Compare({.histories = {{4, History("ab")}, {9, History("cd")}}},
              {{4, History("b", {40})}, {9, History("c", {30})}});
  const auto first = FindFirstDifference(comparison);
  ASSERT_TRUE(first);
  // The last of PCR 9 is missing behind everything.
  EXPECT_EQ(first->index, 4u);
  EXPECT_EQ(first->step.change, EventChange::kMissing);
  EXPECT_EQ(&comparison.EventOf(4, first->step),
            &comparison.ExpectedEvent(4, first->step));
}

TEST(BootComparison, WhatIsNotPredictedIsNotCompared) {
  const BootComparison comparison = Compare({.histories = {{4, History("a")}},
                                             .unknown = {{0, "no firmware"}},
                                             .is_prediction = true},
                                            {{0, History("x", {1})},
                                             {4, History("a", {2})},
                                             {23, History("y", {3})}});
  EXPECT_FALSE(FindFirstDifference(comparison));
  ASSERT_EQ(comparison.differences.size(), 3u);
  EXPECT_EQ(comparison.differences[0].why_not, "no firmware");
  EXPECT_TRUE(comparison.differences[1].is_equal());
  EXPECT_EQ(comparison.differences[2].why_not,
            "it does not belong to the boot");
  // Two logs are compared to the end.
  EXPECT_TRUE(FindFirstDifference(
      Compare({.histories = {}}, {{23, History("y", {3})}})));
}

TEST(BootComparison, OnlyTheBanksAskedForAreCompared) {
  RegisterHistory other = History("a", {1});
  other.events[0].digests[HashAlgorithm::kSha256] = Bytes(32, 7);
  const ExpectedBoot expected = {.histories = {{4, History("a")}}};
  EXPECT_TRUE(FindFirstDifference(Compare(expected, {{4, other}})));
  EXPECT_FALSE(FindFirstDifference(
      Compare(expected, {{4, other}}, {HashAlgorithm::kSha384})));
}

}  // namespace
}  // namespace tally
