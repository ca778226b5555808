#include "builder/locker_suite.h"

#include <algorithm>
#include <utility>

#include "builder/archive.h"
#include "builder/release_file.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxInReleaseBytes = 16 << 20;
// Of one index; bookworm's main is 9 MB, and 50 MB unpacked.
constexpr uint64_t kMaxIndexBytes = uint64_t{512} << 20;
constexpr uint64_t kMaxUnpackedIndexBytes = uint64_t{1} << 30;

// PendingSuite is a verified Release, and the indexes to fetch.
struct PendingSuite {
  LoadedSuite loaded;
  ReleaseFile release;
  std::vector<std::string> index_paths;  // one for each component
};

fs::path KeyringPath(const Manifest& manifest, const ArchiveSpec& archive) {
  return manifest.path.parent_path() / archive.keyring;  // absolute ones stay
}

// At lock time, an archive's Origin and Date are not known before its Release
// is here: the snapshot service is asked for today's state.
ArchiveAsOf AsOfNow(const ArchiveSpec& archive, int64_t now) {
  const bool debian = archive.name.starts_with("debian");
  return {.name = archive.name,
          .suites = archive.suites,
          .origin = debian ? "Debian" : "",
          .date = now};
}

// ChooseIndex returns the first form of the index that the Release lists.
Result<std::string> ChooseIndex(const ReleaseFile& release,
                                const std::string& component,
                                const std::string& architecture,
                                const std::string& suite) {
  const std::string path = component + "/binary-" + architecture + "/Packages";
  for (const char* suffix : {".xz", ".gz", ""}) {
    if (release.files.contains(path + suffix)) return path + suffix;
  }
  return InputError("the Release of suite " + Quote(suite) +
                    " lists no Packages file for component " +
                    Quote(component) + " and architecture " +
                    Quote(architecture));
}

Result<PendingSuite> VerifySuite(const Manifest& manifest,
                                 const ArchiveSpec& archive,
                                 const std::string& suite, Store& store,
                                 const LockOptions& options) {
  PendingSuite pending;
  LoadedSuite& loaded = pending.loaded;
  loaded.bases = ArchiveUrls(AsOfNow(archive, options.now), options.mirrors);
  const std::string path = "dists/" + suite + "/InRelease";
  TALLY_ASSIGN(
      const FetchedText fetched,
      FetchUnknown(archive.name + " " + path, FileUrls(loaded.bases, path),
                   kMaxInReleaseBytes, options.fetch));
  const auto verify = [&]() -> Status {
    TALLY_ASSIGN(SignedText text,
                 VerifySigned(fetched.bytes, KeyringPath(manifest, archive)));
    TALLY_ASSIGN(pending.release, ParseRelease(text.text));
    TALLY_TRY(CheckRelease(pending.release, archive, suite, options.now));
    loaded.locked.signed_by = std::move(text.signed_by);
    return Ok();
  };
  Status verified = verify();
  if (!verified) {
    return std::move(verified).error().While("verifying " + Quote(fetched.url));
  }
  loaded.locked.archive = archive.name;
  loaded.locked.suite = suite;
  loaded.locked.origin = pending.release.origin;
  loaded.locked.codename = pending.release.codename;
  loaded.locked.date = FormatUtcTime(pending.release.date);
  // Kept, so that the evidence can be shown: the lock names it by digest.
  TALLY_ASSIGN(loaded.locked.inrelease_sha256, store.Put(fetched.bytes));
  for (const std::string& component : archive.components) {
    TALLY_ASSIGN(std::string index, ChooseIndex(pending.release, component,
                                                manifest.architecture, suite));
    pending.index_paths.push_back(std::move(index));
  }
  return pending;
}

FetchItem IndexItem(const PendingSuite& suite, const std::string& path) {
  const ReleaseEntry& entry = suite.release.files.at(path);
  const LockedSuite& locked = suite.loaded.locked;
  const std::string folder = "dists/" + locked.suite + "/";
  FetchItem item = {.name = locked.archive + " " + folder + path,
                    .size_bytes = entry.size_bytes,
                    .sha256 = entry.sha256};
  // By digest first: the plain path may be of another Release already.
  for (const std::string& base : suite.loaded.bases) {
    const std::vector<std::string> one = {base};
    std::vector<std::string> paths = {folder + path};
    if (suite.release.acquire_by_hash) {
      paths.insert(paths.begin(), folder + path.substr(0, path.rfind('/')) +
                                      "/by-hash/SHA256/" + entry.sha256.hex());
    }
    for (const std::string& place : paths) {
      item.urls.push_back(FileUrls(one, place)[0]);
    }
  }
  return item;
}

Status FetchIndexes(const std::vector<PendingSuite>& suites, Store& store,
                    const FetchOptions& options) {
  std::vector<FetchItem> items;
  for (const PendingSuite& suite : suites) {
    for (const std::string& path : suite.index_paths) {
      items.push_back(IndexItem(suite, path));
      if (items.back().size_bytes > kMaxIndexBytes) {
        return InputError(Quote(items.back().name) + " has " +
                          std::to_string(items.back().size_bytes) +
                          " bytes, expected at most " +
                          std::to_string(kMaxIndexBytes));
      }
    }
  }
  TALLY_TRY(FetchAll(store, items, options));
  return Ok();
}

// Unpack returns the text of an index. Its own digest is held against the
// Release as well, where that lists it.
Result<Bytes> Unpack(const PendingSuite& suite, const std::string& path,
                     const Store& store) {
  const ReleaseEntry& entry = suite.release.files.at(path);
  TALLY_ASSIGN(const MappedFile file,
               store.Read(entry.sha256, entry.size_bytes));
  const size_t dot = path.rfind('.');
  if (dot == std::string::npos) return ToBytes(file.bytes());
  const auto plain = suite.release.files.find(path.substr(0, dot));
  const bool listed = plain != suite.release.files.end();
  const uint64_t max_size_bytes =
      listed ? std::min(plain->second.size_bytes, kMaxUnpackedIndexBytes)
             : kMaxUnpackedIndexBytes;
  TALLY_ASSIGN(Bytes text, Decompress(file.bytes(), max_size_bytes));
  if (listed && Sha256(text) != plain->second.sha256) {
    return DigestMismatch("unpacked " + Quote(path), plain->second.sha256.hex(),
                          Sha256(text).hex());
  }
  return text;
}

Status UnpackIndexes(PendingSuite& suite, const Store& store) {
  for (const std::string& path : suite.index_paths) {
    const std::string subject =
        "dists/" + suite.loaded.locked.suite + "/" + path;
    Result<Bytes> text = Unpack(suite, path, store);
    if (!text)
      return std::move(text).error().While("unpacking " + Quote(subject));
    suite.loaded.packages.push_back(
        {.subject = subject, .text = *std::move(text)});
    suite.loaded.locked.indexes.push_back(
        {.path = path, .sha256 = suite.release.files.at(path).sha256});
  }
  std::ranges::sort(suite.loaded.locked.indexes, {}, &LockedIndex::path);
  return Ok();
}

}  // namespace

Result<SuiteIndex> LoadedSuite::Parse(const std::string& architecture) const {
  SuiteIndex index = {.archive = locked.archive, .suite = locked.suite};
  for (const Packages& file : packages) {
    TALLY_TRY(
        ParsePackages(file.subject, AsText(file.text), architecture, index));
  }
  return index;
}

Result<std::vector<LoadedSuite>> LoadSuites(const Manifest& manifest,
                                            Store& store,
                                            const LockOptions& options) {
  std::vector<PendingSuite> pending;
  for (const ArchiveSpec& archive : manifest.archives) {
    for (const std::string& name : archive.suites) {
      Result<PendingSuite> suite =
          VerifySuite(manifest, archive, name, store, options);
      if (!suite) {
        return std::move(suite).error().While(
            "reading suite " + Quote(name) + " of archive " +
            Quote(archive.name) + " (" + At(manifest, archive.where) + ")");
      }
      pending.push_back(*std::move(suite));
    }
  }
  TALLY_TRY(FetchIndexes(pending, store, options.fetch));
  std::vector<LoadedSuite> loaded;
  for (PendingSuite& suite : pending) {
    TALLY_TRY(UnpackIndexes(suite, store));
    loaded.push_back(std::move(suite.loaded));
  }
  return loaded;
}

Result<ArchiveAsOf> AsOf(const LockedSuite& suite) {
  TALLY_ASSIGN(const int64_t date, ParseUtcTime(suite.date));
  return ArchiveAsOf{.name = suite.archive,
                     .suites = {suite.suite},
                     .origin = suite.origin,
                     .date = date};
}

}  // namespace tally
