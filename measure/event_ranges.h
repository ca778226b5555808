// Events for people: neighbouring pages of one kind that are there for one
// reason are one range, and so are processors that start alike.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "common/json_writer.h"
#include "measure/event.h"

namespace tally {

// EventRange is a run of events. EventRanges keeps the texts.
struct EventRange {
  // Of the first event: address, type and reason.
  std::optional<uint64_t> gpa;
  const std::string* type = nullptr;
  const std::string* what = nullptr;
  // The last one's reason if it is another: "vcpu 63".
  const std::string* last_what = nullptr;
  uint64_t size_bytes = 0;
  uint64_t num_events = 0;
  // Of the first event.
  AnyDigest digest;
  // The register's value after the last one.
  AnyDigest value_after;
};

// EventRanges joins events as they come.
class EventRanges {
 public:
  EventRanges() = default;
  explicit EventRanges(std::span<const Event> events) {
    for (const Event& event : events) Add(event);
  }
  // Ranges point to the texts.
  EventRanges(const EventRanges&) = delete;
  EventRanges& operator=(const EventRanges&) = delete;

  void Add(const Event& event);

  // WriteText writes a table, a line a range: address, type, the register's
  // value after it (first 16 digits), size, reason: "vcpu 1 to vcpu 63".
  void WriteText(const TextSink& sink) const;
  // ToJson returns a list, a record a range; `digest` is null if it has several
  // events. WriteJson writes the same.
  Json ToJson() const;
  void WriteJson(JsonWriter& writer) const;

 private:
  const std::string* Keep(std::string_view text);

  // Neither moves what it has.
  std::deque<EventRange> ranges_;
  std::set<std::string, std::less<>> texts_;
};

// ExplainEvents returns what EventRanges(events).WriteText writes.
std::string ExplainEvents(std::span<const Event> events);

}  // namespace tally
