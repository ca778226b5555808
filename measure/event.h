// Events: the ordered steps that fold into a measurement register.
//
// Whoever computes a register also says what went into it. The list is data:
// tests compare it, --explain prints it, its digest is published.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/any_hash.h"
#include "common/digest.h"
#include "common/hash.h"
#include "common/json.h"

namespace tally {

// Event is one step.
struct Event {
  // Why it is there, for people: "firmware, offset 0x0".
  std::string what;
  // How it is folded: "normal", "zero", "vmsa", "section" …
  std::string type;
  // Where in guest memory, if it is about memory.
  std::optional<uint64_t> gpa;
  uint64_t size_bytes = 0;
  // What was folded; none if the contents do not count.
  AnyDigest digest;
  // The register's value after this step; none if the register is extended only
  // after a later one.
  AnyDigest value_after;

  bool operator==(const Event&) const = default;
};

// EventsToJson returns the list as data: one record an event with the members
// digest, gpa (a hex string), size and type, null where there is nothing.
// `what` and `value_after` are left out: the first is prose that may get
// better, the second follows from the rest.
Json EventsToJson(std::span<const Event> events);

// DigestEvents is the SHA-256 of the canonical form (RFC 8785) of EventsToJson.
Sha256Digest DigestEvents(std::span<const Event> events);

// EventsHasher is DigestEvents of a list that is not kept.
class EventsHasher {
 public:
  void Add(const Event& event);
  // Digest returns that of the events so far.
  Sha256Digest Digest() const;
  uint64_t num_events() const { return num_events_; }

 private:
  Sha256Hasher hasher_;
  uint64_t num_events_ = 0;
};

// DigestEventPrefixes returns DigestEvents of the first `lengths[i]` events,
// for each i; each event is hashed once. Lengths are at most events.size().
std::vector<Sha256Digest> DigestEventPrefixes(std::span<const Event> events,
                                              std::span<const size_t> lengths);

// The register of SEV and SNP guests, as Coverage names it.
inline constexpr std::string_view kLaunchDigestName = "launch_digest";

// Coverage says which register binds one input of a launch.
struct Coverage {
  // "firmware", "kernel", "cmdline" …
  std::string input;
  // The registers that change with it; empty if none does.
  std::vector<std::string> registers;
  // If none: why, "the firmware has no kernel-hashes table".
  std::string why_not;
  // Whether anything that runs can be changed through this input: an input that
  // is not bound matters only then.
  bool affects_boot = true;

  bool operator==(const Coverage&) const = default;
};

}  // namespace tally
