#include "measure/event_ranges.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kShownDigits = 16;

// A run of processors that start alike.
bool IsSameVmsa(const EventRange& range, const Event& next) {
  return next.type == "vmsa" && range.type == "vmsa" &&
         next.digest == range.digest && next.gpa == range.gpa;
}

bool Continues(const EventRange& range, const Event& next) {
  if (IsSameVmsa(range, next)) return true;
  return next.gpa.has_value() && range.gpa.has_value() &&
         *next.gpa == *range.gpa + range.size_bytes &&
         next.type == range.type && next.what == range.what;
}

std::string Padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// Address returns 12 digits without a prefix: enough for 48-bit guests.
std::string Address(const std::optional<uint64_t>& gpa) {
  if (!gpa) return "-";
  const std::string digits = HexNumber(*gpa).substr(2);
  return std::string(digits.size() < 12 ? 12 - digits.size() : 0, '0') + digits;
}

std::string Shown(const std::string& hex) {
  return hex.empty() ? "-" : hex.substr(0, kShownDigits);
}

std::string Reason(const EventRange& range) {
  if (range.last_what.empty()) return range.what;
  return range.what + " to " + range.last_what;
}

Json TextOrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

}  // namespace

void EventRanges::Add(const Event& event) {
  if (ranges_.empty() || !Continues(ranges_.back(), event)) {
    ranges_.push_back({.gpa = event.gpa,
                       .type = event.type,
                       .what = event.what,
                       .digest = event.digest});
  }
  EventRange& range = ranges_.back();
  if (event.what != range.what) range.last_what = event.what;
  range.size_bytes += event.size_bytes;
  ++range.num_events;
  range.value_after = event.value_after;
}

std::string EventRanges::ToText() const {
  size_t type_width = 0;
  size_t size_width = 0;
  for (const EventRange& range : ranges_) {
    type_width = std::max(type_width, range.type.size());
    size_width = std::max(size_width, HexNumber(range.size_bytes).size());
  }
  std::string table;
  for (const EventRange& range : ranges_) {
    table += Padded(Address(range.gpa), 12) + " ";
    table += Padded(range.type, type_width) + " ";
    table += Padded(Shown(range.value_after), kShownDigits) + " ";
    table += Padded(HexNumber(range.size_bytes), size_width) + "  ";
    table += Reason(range) + "\n";
  }
  return table;
}

Json EventRanges::ToJson() const {
  Json::Array list;
  for (const EventRange& range : ranges_) {
    const std::string digest = range.num_events == 1 ? range.digest : "";
    list.push_back(
        Json::Object{{"digest", TextOrNull(digest)},
                     {"gpa", range.gpa ? Json(HexNumber(*range.gpa)) : Json()},
                     {"num_events", range.num_events},
                     {"size", range.size_bytes},
                     {"type", range.type},
                     {"value_after", TextOrNull(range.value_after)},
                     {"what", Reason(range)}});
  }
  return list;
}

std::string ExplainEvents(std::span<const Event> events) {
  return EventRanges(events).ToText();
}

}  // namespace tally
