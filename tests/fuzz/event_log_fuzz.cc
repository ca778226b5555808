// Whatever parses encodes to the same bytes, replays in every bank or is
// refused with a reason, is explained in printable ASCII, and does not differ
// from itself.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/event_log.h"
#include "formats/tcg_event_data.h"
#include "measure/event_diff.h"
#include "measure/event_log_replay.h"

namespace {

void Replay(const tally::EventLog& log, tally::LogRegisters registers) {
  const auto replay = tally::ReplayEventLog(log, registers);
  const auto events = tally::LogBootEvents(log, registers);
  if (!replay) return;
  TALLY_CHECK(events);
  for (const auto& [bank, replayed] : replay->banks) {
    size_t num_events = 0;
    for (const auto& [index, value] : replayed) {
      TALLY_CHECK(value.value.has_value() == value.why_not.empty());
      if (!value.value) continue;
      TALLY_CHECK(value.value->value.size() == tally::HashSizeBytes(bank));
      num_events += value.value->events.size();
    }
    TALLY_CHECK(num_events <= log.events.size());
  }
}

void Explain(const tally::EventLog& log) {
  for (const tally::LoggedEvent& event : log.events) {
    const auto data = tally::ReadEventData(event.type, event.data);
    TALLY_CHECK(!data.text.empty());
    for (const char c : data.text) TALLY_CHECK(c >= 0x20 && c < 0x7f);
    const auto notes = tally::EventNotes(event);
    TALLY_CHECK(data.problem.empty() || !notes.empty());
  }
  TALLY_CHECK(tally::MissingSeparators(log).size() <= 8);
}

void Diff(const tally::EventLog& log, tally::LogRegisters registers) {
  const auto histories = tally::LoggedHistories(log, registers);
  if (!histories) return;
  for (const auto& [index, history] : *histories) {
    TALLY_CHECK(history.events.size() == history.offsets.size());
    const auto steps = tally::AlignEvents(history.events, history.events);
    if (!steps) continue;
    TALLY_CHECK(steps->size() == history.events.size() ||
                std::any_of(history.events.begin(), history.events.end(),
                            [](const tally::BootEvent& event) {
                              return event.digests.empty();
                            }));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto log = tally::ParseEventLog(file);
  if (!log) return 0;
  const auto again = tally::EncodeEventLog(*log);
  TALLY_CHECK(again);
  TALLY_CHECK(*again == tally::ToBytes(file));
  Explain(*log);
  Diff(*log, tally::LogRegisters::kPcrs);
  Diff(*log, tally::LogRegisters::kRtmrs);
  Replay(*log, tally::LogRegisters::kPcrs);
  Replay(*log, tally::LogRegisters::kRtmrs);
  return 0;
}
