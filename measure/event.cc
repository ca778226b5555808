#include "measure/event.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/check.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kShownDigits = 16;

// Group is a run of events that share a line.
struct Group {
  const Event* first;
  const Event* last;
  uint64_t size_bytes;
};

// A run of processors that start alike.
bool IsSameVmsa(const Event& before, const Event& next) {
  return next.type == "vmsa" && before.type == "vmsa" &&
         next.digest == before.digest && next.gpa == before.gpa;
}

bool Continues(const Group& group, const Event& next) {
  if (IsSameVmsa(*group.last, next)) return true;
  return next.gpa.has_value() && group.first->gpa.has_value() &&
         *next.gpa == *group.first->gpa + group.size_bytes &&
         next.type == group.first->type && next.what == group.first->what;
}

std::vector<Group> GroupEvents(std::span<const Event> events) {
  std::vector<Group> groups;
  for (const Event& event : events) {
    if (!groups.empty() && Continues(groups.back(), event)) {
      groups.back().last = &event;
      groups.back().size_bytes += event.size_bytes;
    } else {
      groups.push_back({&event, &event, event.size_bytes});
    }
  }
  return groups;
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

Json EventRecord(const Event& event) {
  Json::Object record;
  record["digest"] = event.digest.empty() ? Json() : Json(event.digest);
  record["gpa"] = event.gpa ? Json(HexNumber(*event.gpa)) : Json();
  record["size"] = event.size_bytes;
  record["type"] = event.type;
  return record;
}

}  // namespace

Json EventsToJson(std::span<const Event> events) {
  Json::Array list;
  for (const Event& event : events) list.push_back(EventRecord(event));
  return list;
}

Sha256Digest DigestEvents(std::span<const Event> events) {
  const size_t all[] = {events.size()};
  return DigestEventPrefixes(events, all).front();
}

// The canonical form of a list is "[", the records with "," between, "]".
std::vector<Sha256Digest> DigestEventPrefixes(std::span<const Event> events,
                                              std::span<const size_t> lengths) {
  const std::set<size_t> wanted(lengths.begin(), lengths.end());
  TALLY_CHECK(wanted.empty() || *wanted.rbegin() <= events.size());
  std::map<size_t, Sha256Digest> digests;
  Sha256Hasher hasher;
  hasher.Update(AsBytes("["));
  for (size_t i = 0; i <= events.size(); ++i) {
    if (wanted.contains(i)) {
      digests.emplace(i, hasher.Clone().Update(AsBytes("]")).Finish());
    }
    if (i == events.size()) break;
    if (i > 0) hasher.Update(AsBytes(","));
    hasher.Update(AsBytes(EventRecord(events[i]).Canonical()));
  }
  std::vector<Sha256Digest> ordered;
  for (const size_t length : lengths) ordered.push_back(digests.at(length));
  return ordered;
}

std::string ExplainEvents(std::span<const Event> events) {
  const std::vector<Group> groups = GroupEvents(events);
  size_t type_width = 0;
  size_t size_width = 0;
  for (const Group& group : groups) {
    type_width = std::max(type_width, group.first->type.size());
    size_width = std::max(size_width, HexNumber(group.size_bytes).size());
  }
  std::string table;
  for (const Group& group : groups) {
    table += Padded(Address(group.first->gpa), 12) + " ";
    table += Padded(group.first->type, type_width) + " ";
    table += Padded(Shown(group.last->value_after), kShownDigits) + " ";
    table += Padded(HexNumber(group.size_bytes), size_width) + "  ";
    table += group.first->what;
    if (group.last->what != group.first->what) {
      table += " to " + group.last->what;
    }
    table += "\n";
  }
  return table;
}

}  // namespace tally
