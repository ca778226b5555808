// A boot that a log tells of, held against an expected one: register by
// register the events that differ, and which of all differences came first.
//
// See docs/formats/event-log.md.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "measure/event_diff.h"

namespace tally {

// ExpectedBoot is what a log is compared with.
struct ExpectedBoot {
  RegisterHistories histories;
  // The registers that were not predicted, with the reason.
  std::map<uint32_t, std::string> unknown;
  // Predictions know nothing of PCR 16 and above: debugging, dynamic launches,
  // applications.
  bool is_prediction = false;
};

// PredictedBoot is what a prediction expects: its events, and the registers
// that it does not know with the reasons. RTMR 3 is always one of those.
ExpectedBoot PredictedBoot(std::span<const BootEvent> events,
                           std::map<uint32_t, std::string> not_predictable,
                           LogRegisters registers);

// RegisterDifference is the alignment of one register.
struct RegisterDifference {
  uint32_t index = 0;   // PCR, or number of the RTMR
  std::string why_not;  // it was not compared
  std::vector<EventStep> steps;

  bool is_equal() const;
};

// BootComparison is both sides and what came out.
struct BootComparison {
  LogRegisters registers = LogRegisters::kPcrs;
  ExpectedBoot expected;
  RegisterHistories found;
  // By index.
  std::vector<RegisterDifference> differences;

  // The events of a step, which must have one.
  const BootEvent& ExpectedEvent(uint32_t index, const EventStep& step) const;
  const BootEvent& FoundEvent(uint32_t index, const EventStep& step) const;
  // EventOf returns the event that a step is about: what was found, if
  // anything.
  const BootEvent& EventOf(uint32_t index, const EventStep& step) const;
  // NamedEvent returns the event in words: the expected one, if any. A
  // prediction knows what an event is for; a log only what is in it.
  const BootEvent& NamedEvent(uint32_t index, const EventStep& step) const;
  uint64_t OffsetOf(uint32_t index, const EventStep& step) const;
};

// CompareBoots compares digests of these banks alone, or of all that both sides
// have if there are none.
Result<BootComparison> CompareBoots(LogRegisters registers,
                                    ExpectedBoot expected,
                                    RegisterHistories found,
                                    std::span<const HashAlgorithm> banks);

// EventDifference is the one that comes first in the log; an event that is
// missing there stands where the next event of its register is.
struct EventDifference {
  uint32_t index = 0;  // PCR, or number of the RTMR
  // Into the register's steps.
  size_t step_number = 0;
  EventStep step;
};

// FindFirstDifference looks in these registers, or in all if there are none.
std::optional<EventDifference> FindFirstDifference(
    const BootComparison& comparison, std::span<const uint32_t> registers = {});

}  // namespace tally
