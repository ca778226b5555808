// Where two lists of boot events part.
//
// Registers depend on every event before, so that one event too many changes
// all values behind it. The lists are therefore aligned as texts are: each
// event is the same, differs, is missing, or was inserted. See
// docs/formats/event-log.md.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <vector>

#include "formats/event_log.h"
#include "measure/boot_event.h"
#include "measure/event_log_replay.h"

namespace tally {

enum class EventChange { kSame, kDiffers, kMissing, kInserted };

// EventChangeName returns "same", "differs", "missing" or "inserted".
std::string_view EventChangeName(EventChange change);

// EventStep is a place in the aligned lists: an event of each list, or of one.
struct EventStep {
  EventChange change = EventChange::kSame;
  std::optional<size_t> expected;  // in the first list; nothing: inserted
  std::optional<size_t> found;     // in the second list; nothing: missing
};

// AlignEvents compares digests of those banks that both events have, and needs
// one. Of all alignments it takes one with the fewest changes, where an event
// can only differ from one of its own type. More than 4 million pairs of events
// that are not alike at both ends are an input error.
Result<std::vector<EventStep>> AlignEvents(std::span<const BootEvent> expected,
                                           std::span<const BootEvent> found);

// RegisterHistory is what extended one register, in order.
struct RegisterHistory {
  std::vector<BootEvent> events;
  // Where each is in the log; empty for a prediction.
  std::vector<uint64_t> offsets;
};

// By PCR, or by the number of an RTMR.
using RegisterHistories = std::map<uint32_t, RegisterHistory>;

// PredictedHistories groups what was predicted.
RegisterHistories PredictedHistories(std::span<const BootEvent> events,
                                     LogRegisters registers);

// LoggedHistories groups what a log says. PCR 0 begins with an event that
// stands for its startup locality, unless that is 0.
Result<RegisterHistories> LoggedHistories(const EventLog& log,
                                          LogRegisters registers);

}  // namespace tally
