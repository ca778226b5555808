// tally lock --diff: what changed between two locks. Nothing is resolved or
// fetched.

#include "cli/commands.h"
#include "cli/inputs.h"
#include "common/text.h"
#include "manifests/lock_diff.h"

namespace tally {
namespace {

constexpr uint64_t kMaxLockBytes = 64 << 20;
constexpr std::string_view kLockHeader = "# Written by tally lock";

// LoadEither reads a lock, or the one beside a manifest or in a release.
Result<Lock> LoadEither(const fs::path& path) {
  if (!IsDirectory(path)) {
    TALLY_ASSIGN(const std::string text, ReadTextFile(path, kMaxLockBytes));
    if (text.starts_with(kLockHeader)) return ParseLock(text, path);
  }
  const fs::path manifest = ManifestPath(path);
  const fs::path lock_path = LockPathFor(manifest);
  if (IsAbsent(lock_path)) {
    return InputError("no lock at " + Quote(lock_path.string()))
        .Hint("make one: tally lock " + manifest.string());
  }
  return LoadLock(lock_path);
}

const char* KindName(LockChangeKind kind) {
  if (kind == LockChangeKind::kAdded) return "added";
  return kind == LockChangeKind::kRemoved ? "removed" : "changed";
}

std::string ChangeText(const LockChange& change) {
  const std::string sign = change.kind == LockChangeKind::kAdded     ? "+"
                           : change.kind == LockChangeKind::kRemoved ? "-"
                                                                     : "~";
  std::string text = sign + " " + change.section + " " + change.name + "\n";
  for (const LockFieldChange& field : change.fields) {
    text += "    " + field.field + ": ";
    if (change.kind == LockChangeKind::kChanged) {
      text += field.before.value_or("(none)") + " -> " +
              field.after.value_or("(none)") + "\n";
    } else {
      text += (field.before ? *field.before : field.after.value_or("")) + "\n";
    }
  }
  return text;
}

Json ChangeJson(const LockChange& change) {
  const auto side = [](const std::optional<std::string>& value) {
    return value ? Json(*value) : Json(nullptr);
  };
  Json::Array fields;
  for (const LockFieldChange& field : change.fields) {
    fields.push_back(Json::Object{{"field", field.field},
                                  {"before", side(field.before)},
                                  {"after", side(field.after)}});
  }
  return Json::Object{{"change", KindName(change.kind)},
                      {"section", change.section},
                      {"name", change.name},
                      {"fields", std::move(fields)}};
}

}  // namespace

Status RunLockDiff(const LockFlags& flags, Console& console) {
  TALLY_ASSIGN(const Lock before, LoadEither(flags.diff));
  TALLY_ASSIGN(const Lock after, LoadEither(flags.manifest));
  const std::vector<LockChange> changes = DiffLocks(before, after);

  std::string text;
  Json::Array records;
  for (const LockChange& change : changes) {
    text += ChangeText(change);
    records.push_back(ChangeJson(change));
  }
  const bool same = changes.empty();
  console.Answer(same ? "same\n" : text,
                 Json::Object{{"result", same ? "same" : "different"},
                              {"before", before.sha256.hex()},
                              {"after", after.sha256.hex()},
                              {"changes", std::move(records)}});
  if (same) return Ok();
  return MismatchError("the locks differ in " + std::to_string(changes.size()) +
                       (changes.size() == 1 ? " entry" : " entries"));
}

}  // namespace tally
