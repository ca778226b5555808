#include "measure/event_log_replay.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "common/text.h"
#include "formats/tcg_event_types.h"
#include "measure/tdx_rtmr.h"
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

EventLog Parsed(std::initializer_list<Bytes> parts) {
  auto log = ParseEventLog(Joined(parts));
  EXPECT_TRUE(log) << log.error().message();
  return std::move(log).value();
}

std::string ReplayError(const EventLog& log,
                        LogRegisters registers = LogRegisters::kPcrs) {
  const auto replay = ReplayEventLog(log, registers);
  return replay ? "replayed" : replay.error().message();
}

Bytes StartupLocality(uint8_t locality) {
  std::string data("StartupLocality\0", 16);
  data += static_cast<char>(locality);
  return LogEvent2(0, kEvNoAction, {kSha256Bank}, 0, data);
}

TEST(EventLogReplay, ExtendsInTheOrderOfTheLog) {
  const EventLog log =
      Parsed({SpecIdLogEvent({kSha256Bank}),
              LogEvent2(4, kEvAction, {kSha256Bank}, 0x11, "a"),
              LogEvent2(4, kEvNoAction, {kSha256Bank}, 0x99, "not extended"),
              LogEvent2(4, kEvAction, {kSha256Bank}, 0x22, "b")});
  const auto replay = ReplayEventLog(log, LogRegisters::kPcrs).value();
  const Bytes once =
      ExtendRegister(HashAlgorithm::kSha256, Bytes(32), Bytes(32, 0x11));
  const Bytes twice =
      ExtendRegister(HashAlgorithm::kSha256, once, Bytes(32, 0x22));
  const ReplayedBank& bank = replay.banks.at(HashAlgorithm::kSha256);
  ASSERT_EQ(bank.size(), 1u);
  EXPECT_EQ(bank.at(4).value->value, twice);
  EXPECT_EQ(bank.at(4).value->source, BootSource::kGiven);
  EXPECT_EQ(bank.at(4).value->events.size(), 2u);
}

TEST(EventLogReplay, StartupLocalityIsWherePcr0Begins) {
  const Bytes header = SpecIdLogEvent({kSha256Bank});
  const Bytes event = LogEvent2(0, kEvAction, {kSha256Bank}, 0x11, "a");
  const EventLog log = Parsed({header, StartupLocality(3), event});
  const auto replay = ReplayEventLog(log, LogRegisters::kPcrs).value();
  Bytes from(32);
  from.back() = 3;
  const Bytes expected =
      ExtendRegister(HashAlgorithm::kSha256, from, Bytes(32, 0x11));
  EXPECT_EQ(replay.startup_locality, 3);
  EXPECT_EQ(replay.banks.at(HashAlgorithm::kSha256).at(0).value->value,
            expected);
  // The same from boot events.
  const auto events = LogBootEvents(log, LogRegisters::kPcrs).value();
  EXPECT_EQ(FoldPcrs(events, HashAlgorithm::kSha256, 3).at(0).value, expected);
}

TEST(EventLogReplay, RejectsAStartupLocalityThatCannotBe) {
  const Bytes header = SpecIdLogEvent({kSha256Bank});
  const Bytes event = LogEvent2(0, kEvAction, {kSha256Bank}, 0x11, "a");
  EXPECT_EQ(ReplayError(Parsed({header, StartupLocality(2), event})),
            "event log: event at 0x41: found startup locality 2, expected 0, 3 "
            "or 4");
  EXPECT_EQ(ReplayError(Parsed({header, event, StartupLocality(3)})),
            "event log: event at 0x74: a startup locality after PCR 0 has "
            "begun");
}

TEST(EventLogReplay, ABankThatAnEventLacksHasNoValue) {
  const EventLog log =
      Parsed({SpecIdLogEvent({kSha1Bank, kSha256Bank}),
              LogEvent2(4, kEvAction, {kSha256Bank}, 0x11, "a"),
              LogEvent2(5, kEvAction, {kSha1Bank, kSha256Bank}, 0x11, "a")});
  const auto replay = ReplayEventLog(log, LogRegisters::kPcrs).value();
  const ReplayedBank& sha1 = replay.banks.at(HashAlgorithm::kSha1);
  EXPECT_FALSE(sha1.at(4).value);
  EXPECT_EQ(sha1.at(4).why_not, "event at 0x45 has no digest of sha1");
  EXPECT_TRUE(sha1.at(5).value);
  EXPECT_TRUE(replay.banks.at(HashAlgorithm::kSha256).at(4).value);
}

TEST(EventLogReplay, DynamicPcrsAreNotGuessed) {
  const auto replay =
      ReplayEventLog(Parsed({Sha1LogEvent(17, kEvAction, 1, "a")}),
                     LogRegisters::kPcrs)
          .value();
  EXPECT_EQ(replay.banks.at(HashAlgorithm::kSha1).at(17).why_not,
            "a dynamic launch sets it back, which the log does not say");
}

TEST(EventLogReplay, RejectsRegistersThatThereAreNoneOf) {
  EXPECT_EQ(ReplayError(Parsed({Sha1LogEvent(24, kEvAction, 1, "a")})),
            "event log: event at 0x0: found register 24, expected at most 23");
  EXPECT_EQ(
      ReplayError(Parsed({SpecIdLogEvent({kSha384Bank}),
                          LogEvent2(5, kEvAction, {kSha384Bank}, 1, "a")}),
                  LogRegisters::kRtmrs),
      "event log: event at 0x41: found register 5, expected at most 4");
}

TEST(EventLogReplay, RejectsLogsWithoutADigestItKnows) {
  const EventLog sm3 =
      Parsed({SpecIdLogEvent({{0x12, 32}}),
              LogEvent2(4, kEvAction, {{0x12, 32}}, 0x11, "a")});
  EXPECT_EQ(ReplayError(sm3), "event log: no digests that can be replayed");
  EXPECT_EQ(ReplayError(sm3, LogRegisters::kRtmrs),
            "event log: no sha384 digests, which RTMRs are made of");
}

TEST(EventLogReplay, ACcelCountsRtmrsFromOne) {
  const EventLog log =
      Parsed({SpecIdLogEvent({kSha384Bank}),
              LogEvent2(0, kEvAction, {kSha384Bank}, 0x10, "MRTD"),
              LogEvent2(1, kEvAction, {kSha384Bank}, 0x11, "RTMR 0"),
              LogEvent2(4, kEvAction, {kSha384Bank}, 0x14, "RTMR 3")});
  const auto replay = ReplayEventLog(log, LogRegisters::kRtmrs).value();
  const ReplayedBank& rtmrs = replay.banks.at(HashAlgorithm::kSha384);
  ASSERT_EQ(rtmrs.size(), 4u);
  EXPECT_EQ(rtmrs.at(0).value->value,
            ExtendRegister(HashAlgorithm::kSha384, Bytes(48), Bytes(48, 0x11)));
  EXPECT_EQ(rtmrs.at(1).value->value, Bytes(48));
  EXPECT_EQ(rtmrs.at(3).value->value,
            ExtendRegister(HashAlgorithm::kSha384, Bytes(48), Bytes(48, 0x14)));
  const auto events = LogBootEvents(log, LogRegisters::kRtmrs).value();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(FoldRtmrs(events).at(0).value, rtmrs.at(0).value->value);
}

// PcrsOf reads the "pcrs:" block at the end of what tpm2_eventlog prints.
using PcrTable = std::map<std::string, std::map<uint32_t, std::string>>;

PcrTable PcrsOf(const fs::path& path) {
  const Bytes bytes = test::MustRead(path);
  const std::string text(AsText(bytes));
  PcrTable table;
  std::string bank;
  const size_t start = text.rfind("\npcrs:\n");
  EXPECT_NE(start, std::string::npos) << path;
  for (const std::string& line : Split(text.substr(start + 7), '\n')) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::string key(Trim(line.substr(0, colon)));
    const std::string value(Trim(line.substr(colon + 1)));
    if (value.empty()) {
      bank = key;
    } else {
      table[bank][static_cast<uint32_t>(ParseUnsigned(key).value())] =
          value.substr(2);
    }
  }
  return table;
}

// tpm2-tools bc25f714, test/integration/fixtures: ten logs of real machines,
// and what another program replayed.
TEST(EventLogReplay, AgreesWithTpm2Tools) {
  TALLY_NEED_VECTOR(vectors, "tpm/tpm2-tools");
  size_t num_banks = 0;
  size_t num_values = 0;
  for (const auto& entry : fs::directory_iterator(vectors)) {
    if (entry.path().extension() != ".bin") continue;
    const Bytes file = test::MustRead(entry.path());
    const auto log = ParseEventLog(file).value();
    const auto replay = ReplayEventLog(log, LogRegisters::kPcrs).value();
    for (const auto& [name, pcrs] : PcrsOf(entry.path().string() + ".yaml")) {
      const ReplayedBank& bank = replay.banks.at(FindHash(name).value());
      EXPECT_EQ(bank.size(), pcrs.size()) << entry.path();
      ++num_banks;
      for (const auto& [pcr, value] : pcrs) {
        EXPECT_EQ(Hex(bank.at(pcr).value->value), value)
            << entry.path() << name << pcr;
        ++num_values;
      }
    }
  }
  EXPECT_EQ(num_banks, 18u);
  EXPECT_EQ(num_values, 126u);
}

TEST(EventLogReplay, AgreesWithCanonicalsLog) {
  TALLY_NEED_VECTOR(path, "tpm/canonical-tcglog/binary_bios_measurements");
  const auto log = ParseEventLog(test::MustRead(path)).value();
  const auto replay = ReplayEventLog(log, LogRegisters::kPcrs).value();
  const ReplayedBank& bank = replay.banks.at(HashAlgorithm::kSha256);
  EXPECT_EQ(Hex(bank.at(4).value->value).substr(0, 12), "e2e35cacd92e");
  EXPECT_EQ(Hex(bank.at(7).value->value).substr(0, 12), "41977a9f2eac");
}

// LogOfDstack makes a CCEL from a quote's JSON: digests by RTMR.
EventLog LogOfDstack(const std::string& json) {
  EventLog log;
  log.spec_id = SpecIdEvent{.algorithms = {{kTpmAlgSha384, 48}}};
  const Json events = ParseJson(json).value();
  for (const Json& event : *events.array()) {
    const std::string name = *event.Find("event")->text();
    const auto payload = ParseHex(*event.Find("event_payload")->text()).value();
    Bytes digest = ParseHex(*event.Find("digest")->text()).value();
    // dstack leaves out what follows from name and payload.
    if (digest.empty()) digest = DstackEventDigest(name, payload);
    log.events.push_back(
        {.register_index =
             static_cast<uint32_t>(*event.Find("imr")->integer() + 1),
         .type = static_cast<uint32_t>(*event.Find("event_type")->integer()),
         .digests = {{kTpmAlgSha384, digest}},
         .data = payload});
  }
  return log;
}

// Dstack-TEE/dstack 312dc605, dstack/verifier/fixtures: quotes of real TDs and
// the logs that came with them.
TEST(EventLogReplay, AgreesWithQuotesOfTds) {
  // Intel TDX DCAP quote 4: the header has 48 bytes, RTMR 0 is at 328 behind.
  constexpr size_t kRtmr0 = 48 + 328;
  for (const char* name :
       {"tdx/dstack/tdx-lite-getquote.json", "tdx/dstack/quote-report.json"}) {
    TALLY_NEED_VECTOR(path, name);
    const Bytes text = test::MustRead(path);
    const Json report = ParseJson(AsText(text)).value();
    const Bytes quote = ParseHex(*report.Find("quote")->text()).value();
    const auto made = LogOfDstack(*report.Find("event_log")->text());
    const auto log = ParseEventLog(EncodeEventLog(made).value()).value();
    EXPECT_TRUE(IsCcel(log));
    const auto replay = ReplayEventLog(log, LogRegisters::kRtmrs).value();
    const ReplayedBank& rtmrs = replay.banks.at(HashAlgorithm::kSha384);
    for (uint32_t rtmr = 0; rtmr < 4; ++rtmr) {
      EXPECT_EQ(Hex(rtmrs.at(rtmr).value->value),
                Hex(ByteSpan(quote).subspan(kRtmr0 + 48 * rtmr, 48)))
          << name << rtmr;
    }
  }
}

}  // namespace
}  // namespace tally
