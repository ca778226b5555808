#include "attest/tpm_event_log.h"

#include <algorithm>
#include <string>

#include "common/text.h"
#include "formats/event_log.h"
#include "measure/event_log_replay.h"

namespace tally {
namespace {

constexpr const char* kName = "event log";
constexpr uint32_t kLastFirmwarePcr = 7;

// What PCRs begin with: zeros, ones for PCR 17 to 22 (PC Client Platform TPM
// Profile 1.05, section 4.6.2, table 7).
bool IsInitial(uint32_t index, const Bytes& value) {
  const uint8_t expected = index >= 17 && index <= 22 ? 0xff : 0;
  return std::ranges::all_of(
      value, [expected](uint8_t byte) { return byte == expected; });
}

// Explained says whether the log gives this PCR its value; if not, `why_not`.
bool Explained(const ReplayedBank& bank, const TpmPcr& pcr, const Bytes& value,
               std::string& why_not) {
  const std::string name = "pcr" + std::to_string(pcr.index) + " (" +
                           std::string(HashName(pcr.hash)) + ")";
  const auto replayed = bank.find(pcr.index);
  if (replayed == bank.end()) {
    if (IsInitial(pcr.index, value)) return true;
    why_not =
        name + ": the log has no event for it, the quote has " + Hex(value);
    return false;
  }
  if (!replayed->second.value) {
    why_not = name + ": " + replayed->second.why_not;
    return false;
  }
  if (replayed->second.value->value == value) return true;
  why_not = name + ": the log gives " + Hex(replayed->second.value->value) +
            ", the quote has " + Hex(value);
  return false;
}

}  // namespace

EvidenceCheck CheckEventLog(ByteSpan event_log, const TpmQuote& quote,
                            std::span<const Bytes> pcrs) {
  const Result<EventLog> log = ParseEventLog(event_log);
  if (!log) return Failed(kName, log.error().message());
  const Result<EventLogReplay> replay =
      ReplayEventLog(*log, LogRegisters::kPcrs);
  if (!replay) return Failed(kName, replay.error().message());

  const std::vector<TpmPcr> selected = SelectedPcrs(quote.pcr_select);
  std::vector<std::string> not_reached;
  size_t explained = 0;
  for (size_t i = 0; i < selected.size() && i < pcrs.size(); ++i) {
    const auto bank = replay->banks.find(selected[i].hash);
    if (bank == replay->banks.end()) {
      return Failed(kName, "the log has no bank '" +
                               std::string(HashName(selected[i].hash)) +
                               "', which the quote is of");
    }
    std::string why_not;
    if (Explained(bank->second, selected[i], pcrs[i], why_not)) {
      ++explained;
    } else if (selected[i].index <= kLastFirmwarePcr) {
      return Failed(kName, why_not);
    } else {
      not_reached.push_back("pcr" + std::to_string(selected[i].index));
    }
  }
  std::string text = "replays to " + std::to_string(explained) + " of " +
                     std::to_string(selected.size()) + " quoted PCRs";
  if (not_reached.empty()) return Passed(kName, std::move(text));
  return Unknown(kName, text + "; not to " + Join(not_reached, ", ") +
                            ", which were extended after the log was closed");
}

}  // namespace tally
