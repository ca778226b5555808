// tally store list, verify, gc.

#include <array>

#include "builder/store_care.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::array<StoreEntryKind, 4> kKinds = {
    StoreEntryKind::kFile, StoreEntryKind::kTree, StoreEntryKind::kPartial,
    StoreEntryKind::kOther};

std::string Counted(size_t count, const std::string& one,
                    const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string Entries(size_t count) { return Counted(count, "entry", "entries"); }

uint64_t TotalSize(const std::vector<StoreEntry>& entries) {
  uint64_t total = 0;
  for (const StoreEntry& entry : entries) total += entry.size_bytes;
  return total;
}

// Line is "tree     0123…  123456 bytes".
std::string Line(const StoreEntry& entry) {
  std::string kind = KindName(entry.kind);
  kind.resize(8, ' ');
  return kind + entry.name() + "  " + std::to_string(entry.size_bytes) +
         " bytes\n";
}

Json Record(const StoreEntry& entry) {
  return Json::Object{{"kind", KindName(entry.kind)},
                      {"name", PathJson(entry.name())},
                      {"size", entry.size_bytes}};
}

Json Records(const std::vector<StoreEntry>& entries) {
  Json::Array records;
  for (const StoreEntry& entry : entries) records.push_back(Record(entry));
  return records;
}

std::vector<StoreEntry> OfKind(const std::vector<StoreEntry>& entries,
                               StoreEntryKind kind) {
  std::vector<StoreEntry> found;
  for (const StoreEntry& entry : entries) {
    if (entry.kind == kind) found.push_back(entry);
  }
  return found;
}

// LoadKept returns what the lock of a manifest or release names. The manifest
// may have changed since: what the lock names stays all the same.
Result<std::set<Sha256Digest>> LoadKept(const fs::path& path) {
  // The lock beside a mistyped manifest is not the one that was meant.
  if (IsAbsent(path)) {
    return InputError("no manifest or release at " + Quote(path.string()))
        .Hint("nothing was removed");
  }
  const fs::path lock_path = LockPathFor(ManifestPath(path));
  if (IsAbsent(lock_path)) {
    return InputError("no lock at " + Quote(lock_path.string()))
        .Hint("nothing was removed");
  }
  TALLY_ASSIGN(const Lock lock, LoadLock(lock_path));
  return DigestsNamedBy(lock);
}

}  // namespace

Status RunStoreList(const StoreListFlags& flags, Console& console) {
  TALLY_ASSIGN(const Store store, OpenStoreThatIs(flags.store));
  TALLY_ASSIGN(const std::vector<StoreEntry> entries, ListStore(store));
  std::string text;
  for (const StoreEntry& entry : entries) text += Line(entry);
  Json::Array totals;
  for (const StoreEntryKind kind : kKinds) {
    const std::vector<StoreEntry> found = OfKind(entries, kind);
    totals.push_back(Json::Object{{"kind", KindName(kind)},
                                  {"entries", uint64_t{found.size()}},
                                  {"size", TotalSize(found)}});
    if (found.empty()) continue;
    text += KindName(kind) + ": " + Entries(found.size()) + ", " +
            FormatBytes(TotalSize(found)) + "\n";
  }
  text += "total: " + Entries(entries.size()) + ", " +
          FormatBytes(TotalSize(entries)) + "\n";
  console.Answer(text, Json::Object{{"store", PathJson(store.path())},
                                    {"entries", Records(entries)},
                                    {"totals", std::move(totals)}});
  return Ok();
}

Status RunStoreVerify(const StoreVerifyFlags& flags, Console& console) {
  TALLY_ASSIGN(Store store, OpenStoreThatIs(flags.store));
  if (flags.repair) TALLY_TRY(store.LockAlone());
  TALLY_ASSIGN(const std::vector<StoreEntry> entries, ListStore(store));
  TALLY_ASSIGN(const std::vector<BadEntry> bad,
               FindBadEntries(store, entries, Threads(flags.num_threads)));
  if (flags.repair) TALLY_TRY(RemoveBadEntries(store, bad));
  std::string text;
  Json::Array records;
  for (const BadEntry& one : bad) {
    const bool removed =
        flags.repair && one.entry.kind != StoreEntryKind::kOther;
    text += Quote(one.entry.path) + ": " + one.reason +
            (removed ? " (removed)" : "") + "\n";
    records.push_back(Json::Object{{"kind", KindName(one.entry.kind)},
                                   {"name", PathJson(one.entry.name())},
                                   {"reason", one.reason},
                                   {"removed", removed}});
  }
  console.Answer(
      text + (bad.empty() ? Entries(entries.size()) + ", " +
                                FormatBytes(TotalSize(entries)) + ": good\n"
                          : ""),
      Json::Object{{"result", bad.empty() ? "good" : "bad"},
                   {"store", PathJson(store.path())},
                   {"entries", uint64_t{entries.size()}},
                   {"size", TotalSize(entries)},
                   {"bad", std::move(records)}});
  if (bad.empty()) return Ok();
  return MismatchError("store " + Quote(store.path().string()) + ": " +
                       std::to_string(bad.size()) + " of " +
                       Entries(entries.size()) + " are bad")
      .Hint(flags.repair ? "bring removed files again with 'tally fetch'"
                         : "'tally store verify --repair' removes them, 'tally "
                           "fetch' brings files again");
}

Status RunStoreGc(const StoreGcFlags& flags, Console& console) {
  std::set<Sha256Digest> keep;
  for (const fs::path& path : flags.keep) {
    TALLY_ASSIGN(const std::set<Sha256Digest> named, LoadKept(path));
    keep.insert(named.begin(), named.end());
  }
  TALLY_ASSIGN(Store store, OpenStoreThatIs(flags.store));
  if (!flags.dry_run) TALLY_TRY(store.LockAlone());
  TALLY_ASSIGN(const Garbage garbage, FindGarbage(store, keep));
  if (!flags.dry_run) TALLY_TRY(RemoveGarbage(store, garbage.unneeded));

  std::string text;
  for (const StoreEntry& entry : garbage.unneeded) text += Line(entry);
  for (const StoreEntry& entry : garbage.in_use) {
    console.Warn(Quote(entry.path) + " is being written and stays");
  }
  text += Entries(garbage.unneeded.size()) +
          (flags.dry_run ? " would be removed" : " removed") + " (" +
          FormatBytes(TotalSize(garbage.unneeded)) + "), " +
          std::to_string(garbage.num_kept + garbage.in_use.size()) + " kept\n";
  console.Answer(
      text, Json::Object{{"store", PathJson(store.path())},
                         {"dry_run", flags.dry_run},
                         {"removed", Records(garbage.unneeded)},
                         {"removed_size", TotalSize(garbage.unneeded)},
                         {"in_use", Records(garbage.in_use)},
                         {"kept", garbage.num_kept + garbage.in_use.size()}});
  return Ok();
}

}  // namespace tally
