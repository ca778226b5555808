// tally eventlog diff: the first event at which a boot parted from what was
// expected, register by register.
#pragma once

#include "cli/eventlog_command.h"
#include "cli/measure_tdx_command.h"
#include "cli/measure_tpm_command.h"

namespace tally {

struct EventLogDiffFlags {
  fs::path log;
  // A release, or a log; empty: what the inputs below give.
  fs::path expected;
  std::string format = "auto";
  std::vector<std::string> banks;  // empty: all that the log has
  // Whether there is any of the inputs of a prediction below, those of `measure
  // tpm` and `measure tdx`. Files that are not given are the release's. If
  // there is none, a release's own targets say what boots.
  bool has_inputs = false;
  MeasureTpmFlags tpm;
  MeasureTdxFlags tdx;
};
// RunEventLogDiff prints what differs. A mismatch if anything does.
Status RunEventLogDiff(const EventLogDiffFlags& flags, Console& console);

}  // namespace tally
