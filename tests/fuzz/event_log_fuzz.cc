// Whatever parses encodes to the same bytes, and replays in every bank or is
// refused with a reason.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/event_log.h"
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto log = tally::ParseEventLog(file);
  if (!log) return 0;
  const auto again = tally::EncodeEventLog(*log);
  TALLY_CHECK(again);
  TALLY_CHECK(*again == tally::ToBytes(file));
  Replay(*log, tally::LogRegisters::kPcrs);
  Replay(*log, tally::LogRegisters::kRtmrs);
  return 0;
}
