// Events for people: neighbouring pages of one kind that are there for one
// reason are one range, and so are processors that start alike.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "measure/event.h"

namespace tally {

// EventRange is a run of events.
struct EventRange {
  // Of the first event: address, type and reason.
  std::optional<uint64_t> gpa;
  std::string type;
  std::string what;
  // The last one's reason if it is another: "vcpu 63".
  std::string last_what;
  uint64_t size_bytes = 0;
  uint64_t num_events = 0;
  // Of the first event, as Event has it.
  std::string digest;
  // The register's value after the last one.
  std::string value_after;
};

// EventRanges joins events as they come.
class EventRanges {
 public:
  EventRanges() = default;
  explicit EventRanges(std::span<const Event> events) {
    for (const Event& event : events) Add(event);
  }

  void Add(const Event& event);

  // ToText returns a table, a line a range: address, type, the register's value
  // after it (first 16 digits), size, reason: "vcpu 1 to vcpu 63".
  std::string ToText() const;
  // ToJson returns a record a range; `digest` is null if it has several events.
  Json ToJson() const;

 private:
  std::vector<EventRange> ranges_;
};

// ExplainEvents is EventRanges(events).ToText().
std::string ExplainEvents(std::span<const Event> events);

}  // namespace tally
