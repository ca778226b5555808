#include "attest/guest_event_log.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/text.h"
#include "formats/event_log.h"
#include "measure/event_log_replay.h"

namespace tally {
namespace {

constexpr const char* kEventLogCheck = "event log";

// RegisterNames is how a kind of log's registers are called, and the last one
// that only firmware extends.
struct RegisterNames {
  LogRegisters registers = LogRegisters::kPcrs;
  std::string_view prefix;
  uint32_t last_of_firmware = 0;
};

constexpr RegisterNames kPcrNames = {LogRegisters::kPcrs, "pcr", 7};
constexpr RegisterNames kRtmrNames = {LogRegisters::kRtmrs, "rtmr", 1};

// NamesFor: what boots in a paravisor is measured into its TPM.
std::optional<RegisterNames> NamesFor(EvidenceKind kind) {
  switch (kind) {
    case EvidenceKind::kTdxQuote:
      return kRtmrNames;
    case EvidenceKind::kTpmQuote:
    case EvidenceKind::kAzureSnp:
    case EvidenceKind::kAzureTdx:
      return kPcrNames;
    default:
      return std::nullopt;
  }
}

// IndexOf returns 4 for "pcr4", and nothing for what no log is about.
std::optional<uint32_t> IndexOf(const AttestedRegister& attested,
                                std::string_view prefix) {
  if (!attested.name.starts_with(prefix)) return std::nullopt;
  const char* end = attested.name.data() + attested.name.size();
  uint32_t index = 0;
  const auto read =
      std::from_chars(attested.name.data() + prefix.size(), end, index);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return index;
}

// What PCRs begin with: zeros, ones for PCR 17 to 22 (PC Client Platform TPM
// Profile 1.05, section 4.6.2, table 7).
bool IsInitial(uint32_t index, const Bytes& value) {
  const uint8_t expected = index >= 17 && index <= 22 ? 0xff : 0;
  return std::ranges::all_of(
      value, [expected](uint8_t byte) { return byte == expected; });
}

// WhyNot is empty if the log gives this register its value.
std::string WhyNot(const ReplayedBank& bank, uint32_t index,
                   const AttestedRegister& attested) {
  const std::string name = attested.name + " (" + attested.algorithm + "): ";
  const auto replayed = bank.find(index);
  if (replayed == bank.end()) {
    if (IsInitial(index, attested.value)) return "";
    return name + "the log has no event for it, the quote has " +
           Hex(attested.value);
  }
  if (!replayed->second.value) return name + replayed->second.why_not;
  const Bytes& value = replayed->second.value->value;
  if (value == attested.value) return "";
  return name + "the log gives " + Hex(value) + ", the quote has " +
         Hex(attested.value);
}

EvidenceCheck Conclude(size_t num_replayed, size_t num_registers,
                       const std::vector<std::string>& not_reached) {
  const std::string text = "replays to " + std::to_string(num_replayed) +
                           " of " + std::to_string(num_registers) +
                           " registers";
  if (num_registers == 0) {
    return Failed(kEventLogCheck,
                  "the evidence has no register that a log is about");
  }
  if (not_reached.empty()) return Passed(kEventLogCheck, text);
  return Unknown(kEventLogCheck,
                 text + "; not to " + Join(not_reached, ", ") +
                     ", which were extended after the log was closed");
}

}  // namespace

EvidenceCheck CheckEventLog(ByteSpan event_log, Evidence* evidence) {
  const std::optional<RegisterNames> names = NamesFor(evidence->kind);
  if (!names) return Conclude(0, 0, {});
  const Result<EventLog> log = ParseEventLog(event_log);
  if (!log) return Failed(kEventLogCheck, log.error().message());
  const Result<EventLogReplay> replay = ReplayEventLog(*log, names->registers);
  if (!replay) return Failed(kEventLogCheck, replay.error().message());

  std::vector<std::string> not_reached;
  size_t num_registers = 0;
  for (AttestedRegister& attested : evidence->registers) {
    const auto index = IndexOf(attested, names->prefix);
    if (!index) continue;
    ++num_registers;
    const auto hash = FindHash(attested.algorithm);
    const auto bank = hash ? replay->banks.find(*hash) : replay->banks.end();
    if (bank == replay->banks.end()) {
      return Failed(kEventLogCheck, "the log has no bank " +
                                        Quote(attested.algorithm) +
                                        ", which the quote is of");
    }
    const std::string why_not = WhyNot(bank->second, *index, attested);
    if (why_not.empty()) {
      attested.origin = RegisterOrigin::kReplayed;
    } else if (*index <= names->last_of_firmware) {
      return Failed(kEventLogCheck, why_not);
    } else {
      not_reached.push_back(attested.name);
    }
  }
  return Conclude(num_registers - not_reached.size(), num_registers,
                  not_reached);
}

}  // namespace tally
