#include "cli/inputs.h"

#include <algorithm>
#include <cstdlib>
#include <map>

#include "builder/locked_inputs.h"
#include "common/parallel.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {

Result<Inputs> LoadInputs(const fs::path& path) {
  const fs::path manifest_path = ManifestPath(path);
  TALLY_ASSIGN(Manifest manifest, LoadManifest(manifest_path));
  const fs::path lock_path = LockPathFor(manifest_path);
  if (IsAbsent(lock_path)) {
    return InputError("no lock at " + Quote(lock_path.string()))
        .Hint("make one: tally lock " + manifest_path.string());
  }
  TALLY_ASSIGN(Lock lock, LoadLock(lock_path));
  TALLY_TRY(CheckLockBelongs(manifest, lock));
  return Inputs{.manifest = std::move(manifest), .lock = std::move(lock)};
}

fs::path ManifestPath(const fs::path& path) {
  return IsDirectory(path) ? path / kManifestFile : path;
}

namespace {

Result<fs::path> StorePath(const StoreFlags& flags) {
  if (!flags.store.empty()) return fs::path(flags.store);
  std::map<std::string, std::string> environment;
  for (const char* name : {"XDG_CACHE_HOME", "HOME"}) {
    if (const char* value = std::getenv(name)) environment[name] = value;
  }
  return DefaultStorePath(environment);
}

}  // namespace

Result<Store> OpenStore(const StoreFlags& flags) {
  TALLY_ASSIGN(const fs::path path, StorePath(flags));
  return Store::Open(path);
}

Result<Store> OpenStoreThatIs(const StoreFlags& flags) {
  TALLY_ASSIGN(const fs::path path, StorePath(flags));
  if (!IsDirectory(path / "sha256")) {
    return InputError("no store at " + Quote(path.string()));
  }
  return Store::Open(path);
}

Result<Mirrors> LoadMirrors(const Manifest& manifest,
                            const NetworkFlags& flags) {
  std::vector<std::string> archives;
  for (const ArchiveSpec& archive : manifest.archives) {
    archives.push_back(archive.name);
  }
  Mirrors mirrors;
  for (const std::string& text : flags.mirrors) {
    TALLY_ASSIGN(MirrorOption option, ParseMirrorOption(text));
    if (!option.archive.empty() &&
        std::ranges::find(archives, option.archive) == archives.end()) {
      const auto nearest = NearestName(option.archive, archives);
      return UsageError("--mirror names archive " + Quote(option.archive) +
                        ", which the manifest does not have" +
                        (nearest ? ", did you mean '" + *nearest + "'?" : ""));
    }
    mirrors.options.push_back(std::move(option));
  }
  // A mirror for every archive is the only place asked: APT's files, which may
  // be odd, are then none of our business.
  const auto for_every_archive = [](const MirrorOption& option) {
    return option.archive.empty();
  };
  if (std::ranges::none_of(mirrors.options, for_every_archive)) {
    TALLY_ASSIGN(mirrors.sources, LoadAptSources("/"));
  }
  return mirrors;
}

FetchOptions MakeFetchOptions(const NetworkFlags& flags,
                              FetchProgress* progress) {
  return FetchOptions{.network = flags.offline ? NetworkAccess::kRefused
                                               : NetworkAccess::kAllowed,
                      .progress = progress};
}

Status RequireStored(const Lock& lock, const Store& store,
                     const fs::path& manifest) {
  const std::vector<StoredInput> inputs = InputsOf(lock);
  size_t num_missing = 0;
  std::string first;
  for (const StoredInput& input : inputs) {
    if (store.Contains(input.sha256, input.size_bytes)) continue;
    if (num_missing++ == 0) first = input.name;
  }
  if (num_missing == 0) return Ok();
  return InputError(std::to_string(num_missing) + " of " +
                    std::to_string(inputs.size()) +
                    " locked files are not in the store whole, the first is " +
                    Quote(first))
      .Hint("bring them: tally fetch " + manifest.string());
}

unsigned Threads(unsigned wanted) {
  return wanted > 0 ? wanted : NumProcessors();
}

}  // namespace tally
