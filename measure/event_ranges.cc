#include "measure/event_ranges.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kShownDigits = 16;

// A run of processors that start alike.
bool IsSameVmsa(const EventRange& range, const Event& next) {
  return next.type == "vmsa" && *range.type == "vmsa" &&
         next.gpa == range.gpa && next.digest == range.digest;
}

bool Continues(const EventRange& range, const Event& next) {
  if (IsSameVmsa(range, next)) return true;
  return next.gpa.has_value() && range.gpa.has_value() &&
         *next.gpa == *range.gpa + range.size_bytes &&
         next.type == *range.type && next.what == *range.what;
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

std::string Shown(const AnyDigest& value) {
  return value.empty() ? "-" : value.hex().substr(0, kShownDigits);
}

std::string Reason(const EventRange& range) {
  if (range.last_what == nullptr) return *range.what;
  return *range.what + " to " + *range.last_what;
}

Json OrNull(const std::string& text) {
  return text.empty() ? Json() : Json(text);
}

Json RangeRecord(const EventRange& range) {
  return Json::Object{
      {"digest", range.num_events == 1 ? OrNull(range.digest.Text()) : Json()},
      {"gpa", range.gpa ? Json(HexNumber(*range.gpa)) : Json()},
      {"num_events", range.num_events},
      {"size", range.size_bytes},
      {"type", *range.type},
      {"value_after", OrNull(range.value_after.hex())},
      {"what", Reason(range)}};
}

}  // namespace

void EventRanges::Add(const Event& event) {
  if (ranges_.empty() || !Continues(ranges_.back(), event)) {
    ranges_.push_back({.gpa = event.gpa,
                       .type = Keep(event.type),
                       .what = Keep(event.what),
                       .digest = event.digest});
  }
  EventRange& range = ranges_.back();
  if (event.what != *range.what) range.last_what = Keep(event.what);
  range.size_bytes += event.size_bytes;
  ++range.num_events;
  range.value_after = event.value_after;
}

void EventRanges::WriteText(const TextSink& sink) const {
  size_t type_width = 0;
  size_t size_width = 0;
  for (const EventRange& range : ranges_) {
    type_width = std::max(type_width, range.type->size());
    size_width = std::max(size_width, HexNumber(range.size_bytes).size());
  }
  for (const EventRange& range : ranges_) {
    sink(Padded(Address(range.gpa), 12) + " " +
         Padded(*range.type, type_width) + " " +
         Padded(Shown(range.value_after), kShownDigits) + " " +
         Padded(HexNumber(range.size_bytes), size_width) + "  " +
         Reason(range) + "\n");
  }
}

Json EventRanges::ToJson() const {
  Json::Array list;
  for (const EventRange& range : ranges_) list.push_back(RangeRecord(range));
  return list;
}

void EventRanges::WriteJson(JsonWriter& writer) const {
  writer.BeginArray();
  for (const EventRange& range : ranges_) writer.Value(RangeRecord(range));
  writer.EndArray();
}

const std::string* EventRanges::Keep(std::string_view text) {
  const auto kept = texts_.find(text);
  if (kept != texts_.end()) return &*kept;
  return &*texts_.emplace(text).first;
}

std::string ExplainEvents(std::span<const Event> events) {
  std::string table;
  EventRanges(events).WriteText([&](std::string_view line) { table += line; });
  return table;
}

}  // namespace tally
