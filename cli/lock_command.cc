// tally lock, tally fetch: the only commands that use the network.

#include <ctime>

#include "builder/locker.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {
namespace {

// PreviousLock returns the lock that is there already, if it can be read. One
// of another format epoch or with a syntax error is replaced, not an obstacle.
std::optional<Lock> PreviousLock(const fs::path& path, Console& console) {
  if (IsAbsent(path)) return std::nullopt;
  Result<Lock> lock = LoadLock(path);
  if (lock) return std::move(lock).value();
  console.Warn("the lock that is there is not used: " +
               lock.error().ToString());
  return std::nullopt;
}

std::string Counted(size_t count, const std::string& thing) {
  return std::to_string(count) + " " + thing + (count == 1 ? "" : "s");
}

Status CheckLockFlags(const LockFlags& flags) {
  if (!flags.updated.empty() && !flags.update) {
    return UsageError("found " + Quote(flags.updated[0]) +
                      " after the manifest, expected --update with it");
  }
  if (!flags.diff.empty() && (flags.update || flags.refresh)) {
    return UsageError("--diff compares two locks and makes none");
  }
  return Ok();
}

// LocalFilesOf returns where the local files of a manifest or release are.
fs::path LocalFilesOf(const fs::path& path) {
  return IsDirectory(path) ? path / kSourcesDirectory : path.parent_path();
}

}  // namespace

Status RunLock(const LockFlags& flags, Console& console) {
  TALLY_TRY(CheckLockFlags(flags));
  if (!flags.diff.empty()) return RunLockDiff(flags, console);
  const fs::path manifest_path = ManifestPath(flags.manifest);
  TALLY_ASSIGN(const Manifest manifest, LoadManifest(manifest_path));
  const fs::path lock_path = LockPathFor(manifest_path);
  const std::optional<Lock> previous = PreviousLock(lock_path, console);

  TALLY_ASSIGN(Store store, OpenStore(flags.store));
  TALLY_ASSIGN(Mirrors mirrors, LoadMirrors(manifest, flags.network));
  TerminalProgress progress(&console);
  TALLY_ASSIGN(
      const Lock lock,
      MakeLock(
          manifest, previous ? &*previous : nullptr, store,
          {.mirrors = std::move(mirrors),
           .fetch = MakeFetchOptions(flags.network, &progress),
           .warn = [&console](const std::string& text) { console.Warn(text); },
           .evidence =
               flags.refresh ? SignatureDate::kRefresh : SignatureDate::kKeep,
           .versions = flags.update && flags.updated.empty() ? Versions::kNewest
                                                             : Versions::kKeep,
           .updated = flags.updated,
           // The clock decides whether a Release has expired; it
           // reaches no output.
           .now = std::time(nullptr)}));

  const std::string text = FormatLock(lock);
  const bool unchanged = previous && FormatLock(*previous) == text;
  if (!unchanged) TALLY_TRY(WriteFileAtomic(lock_path, AsBytes(text)));
  console.Answer(lock_path.string() + (unchanged ? ": unchanged, " : ": ") +
                     Counted(lock.packages.size(), "package") + "\n",
                 Json::Object{{"lock", PathJson(lock_path)},
                              {"changed", !unchanged},
                              {"packages", uint64_t{lock.packages.size()}}});
  return Ok();
}

Status RunFetch(const FetchFlags& flags, Console& console) {
  if (IsDirectory(flags.manifest)) {
    TALLY_ASSIGN(const LoadedRelease release, LoadRelease(flags.manifest));
    console.Detail("release digest " + release.digest.hex());
  }
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.manifest));
  TALLY_ASSIGN(Store store, OpenStore(flags.store));
  TALLY_ASSIGN(const Mirrors mirrors,
               LoadMirrors(inputs.manifest, flags.network));
  TerminalProgress progress(&console);
  TALLY_ASSIGN(const FetchReport report,
               FetchLocked(inputs.lock, store, mirrors,
                           MakeFetchOptions(flags.network, &progress),
                           LocalFilesOf(flags.manifest)));
  console.Answer(Counted(report.num_fetched, "file") + " fetched (" +
                     FormatBytes(report.fetched_bytes) + "), " +
                     std::to_string(report.num_present) + " in the store\n",
                 Json::Object{{"fetched", report.num_fetched},
                              {"fetched_bytes", report.fetched_bytes},
                              {"present", report.num_present}});
  return Ok();
}

}  // namespace tally
