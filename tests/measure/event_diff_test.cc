#include "measure/event_diff.h"

#include <gtest/gtest.h>

#include "formats/tcg_event_types.h"
#include "tests/support/make_event_log.h"

namespace tally {
namespace {

BootEvent EventNamed(std::string_view what, std::string_view data,
                     uint32_t type = kEvIpl, uint32_t pcr = 11) {
  static constexpr HashAlgorithm kBanks[] = {HashAlgorithm::kSha256};
  return HashedEvent(kBanks, pcr, type, std::string(what), AsBytes(data));
}

std::vector<BootEvent> Events(std::string_view letters) {
  std::vector<BootEvent> events;
  for (size_t i = 0; i < letters.size(); ++i) {
    events.push_back(EventNamed("event", letters.substr(i, 1)));
  }
  return events;
}

// Changes writes an alignment as one letter a step: "=", "!", "-" and "+".
std::string Changes(std::span<const BootEvent> expected,
                    std::span<const BootEvent> found) {
  std::string text;
  const std::vector<EventStep> steps = AlignEvents(expected, found).value();
  for (const EventStep& step : steps) {
    text += "=!-+"[static_cast<size_t>(step.change)];
  }
  return text;
}

TEST(AlignEvents, OneEventTooManyIsOneChange) {
  EXPECT_EQ(Changes(Events("abcd"), Events("abxcd")), "==+==");
  EXPECT_EQ(Changes(Events("abcd"), Events("xabcd")), "+====");
  EXPECT_EQ(Changes(Events("abcd"), Events("abcdx")), "====+");
}

TEST(AlignEvents, OneEventTooFewIsOneChange) {
  EXPECT_EQ(Changes(Events("abcd"), Events("abd")), "==-=");
  EXPECT_EQ(Changes(Events("abcd"), {}), "----");
}

TEST(AlignEvents, AnEventOfTheSameTypeDiffers) {
  EXPECT_EQ(Changes(Events("abcd"), Events("abxd")), "==!=");
  EXPECT_EQ(Changes(Events("abcd"), Events("wxyd")), "!!!=");
  // One of another type was put in its place.
  std::vector<BootEvent> found = Events("abxd");
  found[2].type = kEvAction;
  EXPECT_EQ(Changes(Events("abcd"), found), "==-+=");
}

TEST(AlignEvents, EventsWithLikeNamesArePaired) {
  const std::vector<BootEvent> expected = {EventNamed("db: 1", "1"),
                                           EventNamed("dbx: 2", "2")};
  const std::vector<BootEvent> found = {EventNamed("dbx: 3", "3")};
  const auto steps = AlignEvents(expected, found).value();
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_EQ(steps[0].change, EventChange::kMissing);
  EXPECT_EQ(steps[1].change, EventChange::kDiffers);
  EXPECT_EQ(steps[1].expected, 1u);
}

TEST(AlignEvents, TheTypeIsNotMeasured) {
  std::vector<BootEvent> found = Events("a");
  found[0].type = kEvAction;
  EXPECT_EQ(Changes(Events("a"), found), "=");
}

TEST(AlignEvents, WithoutABankInCommonNothingIsTheSame) {
  std::vector<BootEvent> found = Events("a");
  found[0].digests = {{HashAlgorithm::kSha384, Bytes(48)}};
  EXPECT_EQ(Changes(Events("a"), found), "!");
  found[0].digests.clear();
  EXPECT_EQ(Changes(Events("a"), found), "!");
}

TEST(AlignEvents, IsBounded) {
  const std::vector<BootEvent> expected(3000, EventNamed("a", "a"));
  const std::vector<BootEvent> found(3000, EventNamed("b", "b"));
  EXPECT_EQ(AlignEvents(expected, found).error().message(),
            "too many events to align: 3000 and 3000 between the first and the "
            "last difference");
  // Events that are alike cost nothing.
  EXPECT_EQ(AlignEvents(expected, expected).value().size(), 3000u);
}

TEST(RegisterHistories, OfAPredictionFollowTheTableOfUefi) {
  const std::vector<BootEvent> events = {
      EventNamed("a", "a", kEvAction, 0), EventNamed("b", "b", kEvAction, 1),
      EventNamed("c", "c", kEvAction, 7), EventNamed("d", "d", kEvAction, 11)};
  EXPECT_EQ(PredictedHistories(events, LogRegisters::kPcrs).size(), 4u);
  const auto rtmrs = PredictedHistories(events, LogRegisters::kRtmrs);
  ASSERT_EQ(rtmrs.size(), 2u);
  EXPECT_EQ(rtmrs.at(0).events.size(), 2u);
  EXPECT_EQ(rtmrs.at(2).events.size(), 1u);
}

TEST(RegisterHistories, OfALogBeginWithTheStartupLocality) {
  const std::string locality("StartupLocality\0\3", 17);
  const Bytes header = test::SpecIdLogEvent({test::kSha256Bank});
  const Bytes event = test::LogEvent2(0, kEvAction, {test::kSha256Bank}, 1, "");
  const auto with =
      ParseEventLog(
          test::Joined({header,
                        test::LogEvent2(0, kEvNoAction, {test::kSha256Bank}, 0,
                                        locality),
                        event}))
          .value();
  const auto without = ParseEventLog(test::Joined({header, event})).value();
  const auto expected = LoggedHistories(with, LogRegisters::kPcrs).value();
  const auto found = LoggedHistories(without, LogRegisters::kPcrs).value();
  ASSERT_EQ(expected.at(0).events.size(), 2u);
  EXPECT_EQ(expected.at(0).events[0].what, "startup locality: 3");
  EXPECT_EQ(Changes(expected.at(0).events, found.at(0).events), "-=");
  EXPECT_EQ(found.at(0).offsets, std::vector<uint64_t>{0x41});
}

}  // namespace
}  // namespace tally
