#include "measure/event.h"

#include <map>
#include <set>

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

Json EventRecord(const Event& event) {
  Json::Object record;
  record["digest"] = event.digest.empty() ? Json() : Json(event.digest.Text());
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

void EventsHasher::Add(const Event& event) {
  // The canonical form of a list is "[", the records with "," between, "]".
  hasher_.Update(AsBytes(num_events_ == 0 ? "[" : ","));
  hasher_.Update(AsBytes(EventRecord(event).Canonical()));
  ++num_events_;
}

Sha256Digest EventsHasher::Digest() const {
  Sha256Hasher hasher = hasher_.Clone();
  if (num_events_ == 0) hasher.Update(AsBytes("["));
  return hasher.Update(AsBytes("]")).Finish();
}

std::vector<Sha256Digest> DigestEventPrefixes(std::span<const Event> events,
                                              std::span<const size_t> lengths) {
  const std::set<size_t> wanted(lengths.begin(), lengths.end());
  TALLY_CHECK(wanted.empty() || *wanted.rbegin() <= events.size());
  std::map<size_t, Sha256Digest> digests;
  EventsHasher hasher;
  for (size_t i = 0; i <= events.size(); ++i) {
    if (wanted.contains(i)) digests.emplace(i, hasher.Digest());
    if (i < events.size()) hasher.Add(events[i]);
  }
  std::vector<Sha256Digest> ordered;
  for (const size_t length : lengths) ordered.push_back(digests.at(length));
  return ordered;
}

}  // namespace tally
