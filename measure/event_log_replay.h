// Replay: the registers that a machine has if its event log is true.
//
// Follows the TCG PC Client Platform Firmware Profile 1.06, sections 3.3 and
// 10.4.5.3 (StartupLocality), and for a CCEL the UEFI specification 2.10,
// section 38.4.1. A log is a claim: only a register that the hardware reports,
// equal to the replayed one, says that it is true. See
// docs/formats/event-log.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "formats/event_log.h"
#include "measure/boot_event.h"

namespace tally {

// What a log's register indices are. IsCcel(log) guesses.
enum class LogRegisters { kPcrs, kRtmrs };

// ReplayedRegister is one PCR or RTMR: its value, or why there is none.
struct ReplayedRegister {
  std::optional<BootRegister> value;
  std::string why_not;
};

// By PCR, or by number of the RTMR.
using ReplayedBank = std::map<uint32_t, ReplayedRegister>;

struct EventLogReplay {
  // The banks of the log that this program can compute. A bank has the
  // registers that some event names, and of a CCEL all of RTMR 0 to 3.
  std::map<HashAlgorithm, ReplayedBank> banks;
  // What PCR 0 began with.
  uint8_t startup_locality = 0;
};

// ReplayEventLog extends what the log says, bank by bank. EV_NO_ACTION is not
// extended, nor is what a CCEL says of MRTD. Input errors: registers that there
// are none of, a startup locality that no firmware has, or that comes too late;
// a log without a bank that can be computed; a CCEL without SHA-384.
Result<EventLogReplay> ReplayEventLog(const EventLog& log,
                                      LogRegisters registers);

// RegisterEvent is one logged event that extends a register.
struct RegisterEvent {
  uint32_t index = 0;   // PCR, or number of the RTMR
  uint64_t offset = 0;  // in the log
  // `pcr` is `index`; `what` is what the event's data says; given.
  BootEvent event;
};

// LogRegisterEvents are the events that extend a register, in order, with their
// digests in those banks that can be computed: not EV_NO_ACTION, not MRTD.
Result<std::vector<RegisterEvent>> LogRegisterEvents(const EventLog& log,
                                                     LogRegisters registers);

// LogBootEvents are the same for FoldPcrs and FoldRtmrs. A CCEL has no PCRs:
// its RTMR 0, 1 and 2 become PCR 1, 4 and 9, which FoldRtmrs maps back; events
// of RTMR 3 are left out.
Result<std::vector<BootEvent>> LogBootEvents(const EventLog& log,
                                             LogRegisters registers);

// LogStartupLocality returns what the log says of PCR 0; 0 for a CCEL.
Result<uint8_t> LogStartupLocality(const EventLog& log, LogRegisters registers);

// StartValueOfPcr0 is PCR 0 before its first extension.
Bytes StartValueOfPcr0(HashAlgorithm bank, uint8_t startup_locality);

}  // namespace tally
