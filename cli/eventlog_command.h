// tally eventlog: what a machine's event log says.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "common/file.h"
#include "formats/event_log.h"
#include "measure/event_log_replay.h"

namespace tally {

struct EventLogFlags {
  fs::path log;
  std::string format = "auto";     // or "tcg" or "ccel"
  std::vector<std::string> banks;  // empty: all that the log has
  bool replay = false;
};
// RunEventLog prints the log's events, or with `replay` the registers that they
// give.
Status RunEventLog(const EventLogFlags& flags, Console& console);

// OpenedLog is a log with what its registers are.
struct OpenedLog {
  EventLog log;
  LogRegisters registers = LogRegisters::kPcrs;
};

// OpenEventLog reads a log; `format` is "auto", "tcg" or "ccel".
Result<OpenedLog> OpenEventLog(const fs::path& path, const std::string& format);

// ParseHashNames reads names of banks, each once and in the order of sizes;
// `option` begins error texts: "--bank".
Result<std::vector<HashAlgorithm>> ParseHashNames(
    const std::vector<std::string>& names, const std::string& option);

// LogRegisterName returns "pcr4" or "rtmr1".
std::string LogRegisterName(uint32_t index, LogRegisters registers);

// BankRecord maps "sha256" to a digest in hex.
Json BankRecord(const BankDigests& digests);

}  // namespace tally
