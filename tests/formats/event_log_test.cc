#include "formats/event_log.h"

#include <gtest/gtest.h>

#include "formats/tcg_event_types.h"
#include "tests/support/make_event_log.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Joined;
using test::kSha1Bank;
using test::kSha256Bank;
using test::kSha384Bank;
using test::LogEvent2;
using test::Sha1LogEvent;
using test::SpecIdLogEvent;

constexpr size_t kHeaderOfTwoBanks = 32 + 28 + 2 * 4 + 1;

std::string EventLogError(const Bytes& file) {
  const auto log = ParseEventLog(file);
  if (log) return "parsed";
  return log.error().message();
}

Bytes TwoBanks() {
  return Joined({SpecIdLogEvent({kSha1Bank, kSha256Bank}, "us"),
                 LogEvent2(7, kEvSeparator, {kSha1Bank, kSha256Bank}, 0x11,
                           std::string_view("\0\0\0\0", 4)),
                 LogEvent2(4, kEvEfiAction, {kSha256Bank}, 0x22, "Calling")});
}

TEST(EventLog, ReadsACryptoAgileLog) {
  const Bytes file = TwoBanks();
  const auto log = ParseEventLog(file);
  ASSERT_TRUE(log) << log.error().message();
  ASSERT_TRUE(log->spec_id);
  EXPECT_EQ(log->spec_id->algorithms,
            (std::vector<EventLogAlgorithm>{{4, 20}, {11, 32}}));
  EXPECT_EQ(log->spec_id->vendor_info, ToBytes(AsBytes("us")));
  ASSERT_EQ(log->events.size(), 2u);
  EXPECT_EQ(log->events[0].offset, kHeaderOfTwoBanks + 2);
  EXPECT_EQ(log->events[0].register_index, 7u);
  EXPECT_EQ(log->events[0].type, kEvSeparator);
  EXPECT_EQ(*FindLoggedDigest(log->events[0], kTpmAlgSha256), Bytes(32, 0x11));
  EXPECT_EQ(FindLoggedDigest(log->events[1], kTpmAlgSha1), nullptr);
  EXPECT_EQ(AsText(log->events[1].data), "Calling");
  EXPECT_EQ(EncodeEventLog(*log).value(), file);
}

TEST(EventLog, ReadsALogOfSha1Alone) {
  const Bytes file = Joined({Sha1LogEvent(0, kEvSCrtmVersion, 0x33, "v1"),
                             Sha1LogEvent(8, kEvIpl, 0x44, "")});
  const auto log = ParseEventLog(file);
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_FALSE(log->spec_id);
  ASSERT_EQ(log->events.size(), 2u);
  EXPECT_EQ(log->events[1].register_index, 8u);
  EXPECT_EQ(*FindLoggedDigest(log->events[1], kTpmAlgSha1), Bytes(20, 0x44));
  EXPECT_EQ(EventLogAlgorithms(*log),
            (std::vector<EventLogAlgorithm>{{4, 20}}));
  EXPECT_EQ(EncodeEventLog(*log).value(), file);
}

TEST(EventLog, AnUnknownAlgorithmHasTheSizeThatTheHeaderSays) {
  constexpr test::LogBank kUnknown = {0x7777, 5};
  const auto log = ParseEventLog(
      Joined({SpecIdLogEvent({kUnknown, kSha256Bank}),
              LogEvent2(1, kEvAction, {kSha256Bank, kUnknown}, 0x55, "x")}));
  ASSERT_TRUE(log) << log.error().message();
  EXPECT_EQ(*FindLoggedDigest(log->events[0], 0x7777), Bytes(5, 0x55));
  EXPECT_EQ(TpmAlgorithmName(0x7777), "0x7777");
  EXPECT_EQ(TpmAlgorithmName(0x12), "sm3_256");
  EXPECT_EQ(HashOfTpmAlgorithm(0x12), std::nullopt);
  for (const HashAlgorithm hash : kHashAlgorithms) {
    EXPECT_EQ(HashOfTpmAlgorithm(TpmAlgorithmOfHash(hash)), hash);
    EXPECT_EQ(TpmAlgorithmName(TpmAlgorithmOfHash(hash)), HashName(hash));
  }
}

TEST(EventLog, EndsWhereAllThatIsLeftIsPadding) {
  for (const uint8_t byte : {uint8_t{0x00}, uint8_t{0xff}}) {
    Bytes file = TwoBanks();
    const size_t size_bytes = file.size();
    file.resize(size_bytes + 100, byte);
    const auto log = ParseEventLog(file);
    ASSERT_TRUE(log) << log.error().message();
    EXPECT_EQ(log->events.size(), 2u);
    EXPECT_EQ(log->padding, (EventLogPadding{byte, 100}));
    EXPECT_EQ(EncodeEventLog(*log).value(), file);
  }
}

TEST(EventLog, TellsACcelFromAPlatformsLog) {
  const auto is_ccel = [](const Bytes& file) {
    return IsCcel(ParseEventLog(file).value());
  };
  const Bytes header = SpecIdLogEvent({kSha384Bank});
  EXPECT_TRUE(is_ccel(
      Joined({header, LogEvent2(4, kEvSeparator, {kSha384Bank}, 1, "")})));
  EXPECT_FALSE(is_ccel(
      Joined({header, LogEvent2(7, kEvSeparator, {kSha384Bank}, 1, "")})));
  EXPECT_FALSE(is_ccel(TwoBanks()));
}

TEST(EventLog, RejectsALogWithoutEvents) {
  EXPECT_EQ(EventLogError({}), "event log: no event in it");
  EXPECT_EQ(EventLogError(Bytes(64)), "event log: no event in it");
}

TEST(EventLog, RejectsTruncation) {
  const Bytes whole = TwoBanks();
  const auto cut = [&](size_t size_bytes) {
    return EventLogError(Bytes(
        whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size_bytes)));
  };
  EXPECT_EQ(cut(3), "event log: no event in it");
  EXPECT_EQ(cut(30), "event log: event size at 0x1c: needs 4 bytes, 2 left");
  EXPECT_EQ(cut(kHeaderOfTwoBanks),
            "event log: event data at 0x20: needs 39 bytes, 37 left");
  EXPECT_EQ(cut(whole.size() - 1),
            "event log: event data at 0xc5: needs 7 bytes, 6 left");
  EXPECT_EQ(cut(kHeaderOfTwoBanks + 2 + 20),
            "event log: digest at 0x55: needs 20 bytes, 6 left");
}

TEST(EventLog, RejectsADigestOfTheHeader) {
  Bytes file = TwoBanks();
  file[27] = 1;
  EXPECT_EQ(EventLogError(file),
            "event log header: digest at 0x8: found "
            "0000000000000000000000000000000000000001, expected zeros");
}

TEST(EventLog, RejectsWrongSizesInTheHeader) {
  EXPECT_EQ(EventLogError(SpecIdLogEvent({})),
            "event log header: number of algorithms at 0x38: found 0, expected "
            "at least 1");
  EXPECT_EQ(EventLogError(SpecIdLogEvent({{0x7777, 0}})),
            "event log header: digest size at 0x3e: found 0 for 0x7777, "
            "expected at least 1");
  EXPECT_EQ(EventLogError(SpecIdLogEvent({{0xb, 31}})),
            "event log header: digest size at 0x3e: found 31 for sha256, "
            "expected 32");
  EXPECT_EQ(EventLogError(SpecIdLogEvent({kSha1Bank, kSha1Bank})),
            "event log header: algorithm at 0x40: sha1 is there twice");
  Bytes file = SpecIdLogEvent({kSha1Bank});
  file[0x38] = 17;
  EXPECT_EQ(EventLogError(file),
            "event log header: number of algorithms at 0x38: found 17, "
            "expected at most 16");
  file = SpecIdLogEvent({kSha1Bank});
  file.back() = 1;
  EXPECT_EQ(EventLogError(file),
            "event log header: vendor info at 0x41: needs 1 bytes, 0 left");
  file = SpecIdLogEvent({kSha1Bank}, "ab");
  file[0x40] = 1;
  EXPECT_EQ(EventLogError(file),
            "event log header: end at 0x42: 1 trailing bytes, expected the end "
            "of the data");
}

TEST(EventLog, RejectsDigestsThatDoNotFitTheHeader) {
  const Bytes header = SpecIdLogEvent({kSha256Bank});
  EXPECT_EQ(EventLogError(Joined({header, LogEvent2(7, kEvAction, {}, 0, "")})),
            "event log: digest count at 0x49: found 0, expected at least 1");
  EXPECT_EQ(
      EventLogError(Joined(
          {header, LogEvent2(7, kEvAction, {kSha256Bank, kSha1Bank}, 0, "")})),
      "event log: digest count at 0x49: found 2, expected at most 1");
  EXPECT_EQ(EventLogError(
                Joined({header, LogEvent2(7, kEvAction, {kSha1Bank}, 0, "")})),
            "event log: digest algorithm at 0x4d: sha1 is not in the header");
  EXPECT_EQ(EventLogError(Joined(
                {SpecIdLogEvent({kSha256Bank, kSha1Bank}),
                 LogEvent2(7, kEvAction, {kSha1Bank, kSha1Bank}, 0, "")})),
            "event log: digest algorithm at 0x67: sha1 is there twice");
}

TEST(EventLog, RejectsSizesThatLie) {
  Bytes file = Joined({SpecIdLogEvent({kSha256Bank}),
                       LogEvent2(7, kEvAction, {kSha256Bank}, 1, "data")});
  file[file.size() - 5] = 0xff;  // the size's highest byte
  EXPECT_EQ(EventLogError(file),
            "event log: event data at 0x73: needs 4278190084 bytes, 4 left");
}

TEST(EventLog, RejectsWhatFollowsThePadding) {
  Bytes file = TwoBanks();
  file.resize(file.size() + 64, 0xff);
  file.push_back(0);
  EXPECT_EQ(EventLogError(file),
            "event log: digest count at 0xd4: found 4294967295, expected at "
            "most 2");
}

TEST(EventLog, WritesNothingThatReadsOtherwise) {
  EventLog log = ParseEventLog(TwoBanks()).value();
  log.padding = {.byte = 0x20, .size_bytes = 1};
  EXPECT_FALSE(EncodeEventLog(log));
  log = ParseEventLog(Sha1LogEvent(1, kEvAction, 1, "a")).value();
  log.events.push_back({.digests = {{kTpmAlgSha1, Bytes(20)}}});
  const auto file = EncodeEventLog(log);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message(),
            "event log: there is no file that reads like it");
  log = ParseEventLog(TwoBanks()).value();
  log.spec_id->vendor_info.resize(256);
  EXPECT_EQ(EncodeEventLog(log).error().message(),
            "event log: vendor info has 256 bytes, more than its size field "
            "holds");
}

// Logs of real machines: each is written again byte for byte.
TEST(EventLog, ReadsAndWritesRealLogs) {
  TALLY_NEED_VECTOR(vectors, "tpm");
  std::vector<fs::path> files = {vectors /
                                 "canonical-tcglog/binary_bios_measurements"};
  for (const auto& entry : fs::directory_iterator(vectors / "tpm2-tools")) {
    if (entry.path().extension() == ".bin") files.push_back(entry.path());
  }
  for (const char* name :
       {"tdx/trustee/CCEL_data", "tdx/trustee/CCEL_data_grub",
        "tdx/trustee/CCEL_data_ovmf", "tdx/dstack/ccel.bin",
        "uki/dstack-gcp/tpm_eventlog.bin"}) {
    files.push_back(vectors.parent_path() / name);
  }
  EXPECT_EQ(files.size(), 16u);
  for (const fs::path& path : files) {
    const Bytes file = test::MustRead(path);
    const auto log = ParseEventLog(file);
    ASSERT_TRUE(log) << path << log.error().message();
    EXPECT_EQ(EncodeEventLog(*log).value(), file) << path;
    const bool is_ccel = path.filename().string().starts_with("CCEL") ||
                         path.filename() == "ccel.bin";
    EXPECT_EQ(IsCcel(*log), is_ccel) << path;
  }
}

}  // namespace
}  // namespace tally
