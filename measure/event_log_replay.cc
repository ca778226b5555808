#include "measure/event_log_replay.h"

#include <algorithm>

#include "common/text.h"
#include "formats/tcg_event_data.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

// A PC has PCR 0 to 23 (TCG PC Client Platform TPM Profile 1.05, table 6).
constexpr uint32_t kPcrs = 24;
constexpr uint32_t kRtmrs = 4;
// In a CCEL 0 is MRTD.
constexpr uint32_t kMrtdIndex = 0;
// PCR 17 to 22 are all ones until a dynamic launch.
constexpr uint32_t kFirstDynamicPcr = 17;
constexpr uint32_t kLastDynamicPcr = 22;

// TCG_EfiStartupLocalityEvent: the signature with its NUL, then the locality.
constexpr std::string_view kStartupLocality("StartupLocality\0", 16);

constexpr uint32_t kPcrOfRtmr[] = {1, 4, 9};

std::string PlaceOf(const LoggedEvent& event) {
  return "event at " + HexNumber(event.offset);
}

// RegisterOf returns which PCR or RTMR an event extends, if any.
Result<std::optional<uint32_t>> RegisterOf(const LoggedEvent& event,
                                           LogRegisters registers) {
  std::optional<uint32_t> none;
  if (event.type == kEvNoAction) return none;
  const bool is_rtmr = registers == LogRegisters::kRtmrs;
  const uint32_t limit = is_rtmr ? kRtmrs + 1 : kPcrs;
  if (event.register_index >= limit) {
    return InputError("event log: " + PlaceOf(event) + ": found register " +
                      std::to_string(event.register_index) +
                      ", expected at most " + std::to_string(limit - 1));
  }
  if (!is_rtmr) return std::optional<uint32_t>(event.register_index);
  if (event.register_index == kMrtdIndex) return none;
  return std::optional<uint32_t>(event.register_index - 1);
}

bool IsStartupLocality(const LoggedEvent& event) {
  return event.type == kEvNoAction && event.register_index == 0 &&
         event.data.size() == kStartupLocality.size() + 1 &&
         AsText(event.data).starts_with(kStartupLocality);
}

Result<std::vector<HashAlgorithm>> BanksOf(const EventLog& log,
                                           LogRegisters registers) {
  std::vector<HashAlgorithm> banks;
  for (const EventLogAlgorithm& algorithm : EventLogAlgorithms(log)) {
    const auto hash = HashOfTpmAlgorithm(algorithm.id);
    if (!hash) continue;
    if (registers == LogRegisters::kRtmrs && *hash != HashAlgorithm::kSha384) {
      continue;
    }
    banks.push_back(*hash);
  }
  if (banks.empty() && registers == LogRegisters::kRtmrs) {
    return InputError("event log: no sha384 digests, which RTMRs are made of");
  }
  if (banks.empty()) {
    return InputError("event log: no digests that can be replayed");
  }
  return banks;
}

BootEvent ToBootEvent(const LoggedEvent& event, uint32_t pcr,
                      std::span<const HashAlgorithm> banks) {
  BootEvent boot_event = {.pcr = pcr,
                          .type = event.type,
                          .what = ReadEventData(event.type, event.data).text,
                          .source = BootSource::kGiven};
  for (const HashAlgorithm bank : banks) {
    const Bytes* digest = FindLoggedDigest(event, TpmAlgorithmOfHash(bank));
    if (digest != nullptr) boot_event.digests[bank] = *digest;
  }
  return boot_event;
}

ReplayedRegister Fresh(uint32_t index, LogRegisters registers,
                       HashAlgorithm bank, uint8_t startup_locality) {
  ReplayedRegister fresh;
  fresh.value = BootRegister{.value = Bytes(HashSizeBytes(bank)),
                             .source = BootSource::kGiven};
  if (registers == LogRegisters::kRtmrs) return fresh;
  if (index == 0) fresh.value->value = StartValueOfPcr0(bank, startup_locality);
  if (index >= kFirstDynamicPcr && index <= kLastDynamicPcr) {
    fresh = {.why_not =
                 "a dynamic launch sets it back, which the log does not say"};
  }
  return fresh;
}

// ReplayBank extends the registers of one bank.
ReplayedBank ReplayBank(std::span<const RegisterEvent> events,
                        LogRegisters registers, HashAlgorithm bank,
                        uint8_t startup_locality) {
  ReplayedBank replayed;
  const auto at = [&](uint32_t index) -> ReplayedRegister& {
    const auto found = replayed.find(index);
    if (found != replayed.end()) return found->second;
    return replayed[index] = Fresh(index, registers, bank, startup_locality);
  };
  if (registers == LogRegisters::kRtmrs) {
    for (uint32_t index = 0; index < kRtmrs; ++index) at(index);
  }
  for (const RegisterEvent& event : events) {
    ReplayedRegister& replaying = at(event.index);
    if (!replaying.value) continue;
    if (!event.event.digests.contains(bank)) {
      replaying = {.value = std::nullopt,
                   .why_not = "event at " + HexNumber(event.offset) +
                              " has no digest of " +
                              std::string(HashName(bank))};
      continue;
    }
    ExtendBootRegister(event.event, bank, &*replaying.value);
  }
  return replayed;
}

}  // namespace

Result<uint8_t> LogStartupLocality(const EventLog& log,
                                   LogRegisters registers) {
  if (registers == LogRegisters::kRtmrs) return uint8_t{0};
  std::optional<uint8_t> locality;
  bool is_extended = false;
  for (const LoggedEvent& event : log.events) {
    is_extended |= event.register_index == 0 && event.type != kEvNoAction;
    if (!IsStartupLocality(event)) continue;
    if (locality || is_extended) {
      return InputError("event log: " + PlaceOf(event) +
                        ": a startup locality after PCR 0 has begun");
    }
    locality = event.data.back();
    if (*locality != 0 && *locality != 3 && *locality != 4) {
      return InputError("event log: " + PlaceOf(event) +
                        ": found startup locality " +
                        std::to_string(*locality) + ", expected 0, 3 or 4");
    }
  }
  return locality.value_or(0);
}

Bytes StartValueOfPcr0(HashAlgorithm bank, uint8_t startup_locality) {
  Bytes value(HashSizeBytes(bank));
  value.back() = startup_locality;
  return value;
}

Result<EventLogReplay> ReplayEventLog(const EventLog& log,
                                      LogRegisters registers) {
  EventLogReplay replay;
  TALLY_ASSIGN(replay.startup_locality, LogStartupLocality(log, registers));
  TALLY_ASSIGN(const std::vector<HashAlgorithm> banks, BanksOf(log, registers));
  TALLY_ASSIGN(const std::vector<RegisterEvent> events,
               LogRegisterEvents(log, registers));
  for (const HashAlgorithm bank : banks) {
    replay.banks[bank] =
        ReplayBank(events, registers, bank, replay.startup_locality);
  }
  return replay;
}

Result<std::vector<RegisterEvent>> LogRegisterEvents(const EventLog& log,
                                                     LogRegisters registers) {
  TALLY_ASSIGN(const std::vector<HashAlgorithm> banks, BanksOf(log, registers));
  std::vector<RegisterEvent> events;
  for (const LoggedEvent& event : log.events) {
    TALLY_ASSIGN(const std::optional<uint32_t> index,
                 RegisterOf(event, registers));
    if (!index) continue;
    events.push_back({.index = *index,
                      .offset = event.offset,
                      .event = ToBootEvent(event, *index, banks)});
  }
  return events;
}

Result<std::vector<BootEvent>> LogBootEvents(const EventLog& log,
                                             LogRegisters registers) {
  TALLY_ASSIGN(std::vector<RegisterEvent> logged,
               LogRegisterEvents(log, registers));
  std::vector<BootEvent> events;
  for (RegisterEvent& event : logged) {
    if (registers == LogRegisters::kRtmrs) {
      if (event.index >= std::size(kPcrOfRtmr)) continue;
      event.event.pcr = kPcrOfRtmr[event.index];
    }
    events.push_back(std::move(event.event));
  }
  return events;
}

}  // namespace tally
