// What changed from one lock to another, for people who review it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "manifests/lock.h"

namespace tally {

// kUnknownFact stands for what a lock of an older format epoch does not say.
inline constexpr char kUnknownFact[] = "unknown";

struct LockFieldChange {
  std::string field;  // "version", "size", "script postinst", …
  // Nothing: the field is not there on that side.
  std::optional<std::string> before;
  std::optional<std::string> after;

  bool operator==(const LockFieldChange&) const = default;
};

enum class LockChangeKind { kAdded, kRemoved, kChanged };

// LockChange is one entry that is not the same in both locks.
struct LockChange {
  LockChangeKind kind = LockChangeKind::kChanged;
  // "lock", "archive", "package", "user", "group", "file", "download",
  // "directory" or "OCI image".
  std::string section;
  std::string name;                     // "libc6"
  std::vector<LockFieldChange> fields;  // that differ; all, if it was added

  bool operator==(const LockChange&) const = default;
};

// DiffLocks returns the changes by section and name; none if both locks have
// the same text. A fact that one of the locks cannot have, because its format
// epoch has none of that kind, is unknown there: this alone changes no entry.
std::vector<LockChange> DiffLocks(const Lock& before, const Lock& after);

}  // namespace tally
