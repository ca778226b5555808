#include "measure/tdx_given.h"

#include <gtest/gtest.h>

#include "formats/tcg_event_types.h"
#include "measure/event_log_replay.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

BootEvent ActionEvent(uint32_t pcr, std::string_view data) {
  static constexpr HashAlgorithm kBanks[] = {HashAlgorithm::kSha384};
  return HashedEvent(kBanks, pcr, kEvAction, std::string(data), AsBytes(data));
}

TEST(TakeGivenRtmrs, ReplacesOnlyWhatCannotBePredicted) {
  TdxPrediction prediction;
  prediction.events = {ActionEvent(1, "half"), ActionEvent(4, "image")};
  prediction.not_predictable = {{0, "no ACPI tables"}, {2, "no kernel"}};
  TakeGivenRtmrs(
      std::vector<BootEvent>{ActionEvent(1, "logged"), ActionEvent(4, "other")},
      &prediction);
  EXPECT_EQ(prediction.not_predictable,
            (std::map<uint32_t, std::string>{{2, "no kernel"}}));
  ASSERT_EQ(prediction.events.size(), 2u);
  const auto rtmrs = FoldRtmrs(prediction.events);
  EXPECT_EQ(rtmrs.at(0).source, BootSource::kGiven);
  EXPECT_EQ(rtmrs.at(1).source, BootSource::kPredicted);
  EXPECT_EQ(rtmrs.at(0).events.at(0).what, "logged");
  EXPECT_EQ(rtmrs.at(1).events.at(0).what, "image");
}

TEST(TakeGivenRtmrs, GivesTheRegistersOfTheLog) {
  TALLY_NEED_VECTOR(path, "tdx/dstack/ccel.bin");
  const EventLog log = ParseEventLog(test::MustRead(path)).value();
  TdxPrediction prediction;
  prediction.not_predictable = {{0, "x"}, {1, "x"}};
  TakeGivenRtmrs(LogBootEvents(log, LogRegisters::kRtmrs).value(), &prediction);
  const auto replay = ReplayEventLog(log, LogRegisters::kRtmrs).value();
  const auto rtmrs = FoldRtmrs(prediction.events);
  const ReplayedBank& bank = replay.banks.at(HashAlgorithm::kSha384);
  EXPECT_EQ(rtmrs.at(0).value, bank.at(0).value->value);
  EXPECT_EQ(rtmrs.at(1).value, bank.at(1).value->value);
}

}  // namespace
}  // namespace tally
