#include "builder/locker.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "builder/archive.h"
#include "builder/local_files.h"
#include "builder/locker_suite.h"
#include "builder/resolve.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

FetchItem ItemFor(const LockedPackage& package,
                  std::span<const std::string> bases) {
  return {
      .name = package.name + " " + package.version + " " + package.architecture,
      .size_bytes = package.size_bytes,
      .sha256 = package.sha256,
      .urls = FileUrls(bases, package.path)};
}

Result<std::vector<LockedPackage>> LockPackages(
    const std::vector<ResolvedPackage>& resolved) {
  std::vector<LockedPackage> packages;
  for (const ResolvedPackage& entry : resolved) {
    TALLY_ASSIGN(const PackageFacts facts, FactsOf(entry.candidate));
    const BinaryPackage& package = *entry.candidate.package;
    packages.push_back({.name = std::string(package.name),
                        .version = std::string(package.version),
                        .architecture = std::string(package.architecture),
                        .archive = entry.candidate.suite->archive,
                        .suite = entry.candidate.suite->suite,
                        .path = facts.path,
                        .size_bytes = facts.size_bytes,
                        .sha256 = facts.sha256,
                        .source = facts.source,
                        .source_version = facts.source_version,
                        .why = entry.why});
  }
  return packages;
}

// CheckControl refuses a .deb that is another package than its archive says.
Status CheckControl(const LockedPackage& package, const std::string& text) {
  TALLY_ASSIGN(const Deb822Paragraph control, ParseDeb822One("control", text));
  const std::vector<std::pair<const char*, std::string>> fields = {
      {"Package", package.name},
      {"Version", package.version},
      {"Architecture", package.architecture}};
  for (const auto& [name, expected] : fields) {
    if (control.Value(name) != expected) {
      return InputError("found " + std::string(name) + " " +
                        Quote(control.Value(name)) + " in control, expected " +
                        Quote(expected) + " as in Packages");
    }
  }
  return Ok();
}

Status AddScripts(LockedPackage& package, const Store& store) {
  TALLY_ASSIGN(const MappedFile deb,
               store.Read(package.sha256, package.size_bytes));
  TALLY_ASSIGN(const DebControl control, ReadDebControl(deb.bytes()));
  TALLY_TRY(CheckControl(package, control.control_text));
  for (const auto& [name, script] : control.scripts) {
    package.scripts[name] = Sha256(script);
  }
  return Ok();
}

Result<std::vector<LockedFile>> LockFiles(const Manifest& manifest) {
  std::map<std::string, LockedFile> files;
  for (const TreeSpec* tree : {&manifest.initrd.tree, &manifest.root}) {
    for (const FileSpec& file : tree->files) {
      if (!file.source || files.contains(*file.source)) continue;
      const Result<Bytes> bytes =
          ReadLocalFile(manifest.path.parent_path(), *file.source);
      if (!bytes) {
        return Error(bytes.error())
            .While("reading the file named at " + At(manifest, file.where));
      }
      files[*file.source] = {.path = *file.source,
                             .size_bytes = bytes->size(),
                             .sha256 = Sha256(*bytes)};
    }
  }
  std::vector<LockedFile> sorted;
  for (const auto& entry : files) sorted.push_back(entry.second);
  return sorted;
}

bool SameFacts(const LockedPackage& a, const LockedPackage& b) {
  const auto facts = [](const LockedPackage& p) {
    return std::tie(p.name, p.version, p.architecture, p.archive, p.suite,
                    p.path, p.size_bytes, p.sha256, p.source, p.source_version,
                    p.why, p.scripts);
  };
  return facts(a) == facts(b);
}

bool SamePlace(const LockedSuite& a, const LockedSuite& b) {
  return std::tie(a.archive, a.suite, a.origin, a.codename) ==
             std::tie(b.archive, b.suite, b.origin, b.codename) &&
         std::ranges::equal(a.indexes, b.indexes, {}, &LockedIndex::path,
                            &LockedIndex::path);
}

// KeepEvidence takes the suites of the previous lock if the packages are the
// same: a Release is signed anew every day, and a lock must not change by that.
void KeepEvidence(const Lock& previous, Lock& lock) {
  if (lock.architecture != previous.architecture ||
      !std::ranges::equal(lock.packages, previous.packages, SameFacts)) {
    return;
  }
  for (LockedSuite& suite : lock.suites) {
    const auto old = std::ranges::find_if(
        previous.suites,
        [&](const LockedSuite& s) { return SamePlace(s, suite); });
    if (old != previous.suites.end()) suite = *old;
  }
}

// SourceOf tells where the packages of a suite are fetched from.
using ArchiveBases =
    std::map<std::pair<std::string, std::string>, std::vector<std::string>>;

Status FetchPackages(std::vector<LockedPackage>& packages,
                     const ArchiveBases& bases, Store& store,
                     const FetchOptions& options) {
  std::vector<FetchItem> items;
  for (const LockedPackage& package : packages) {
    items.push_back(
        ItemFor(package, bases.at({package.archive, package.suite})));
  }
  TALLY_TRY(FetchAll(store, items, options));
  for (LockedPackage& package : packages) {
    Status status = AddScripts(package, store);
    if (!status) {
      return std::move(status).error().While("reading the control files of " +
                                             ItemFor(package, {}).name);
    }
  }
  return Ok();
}

}  // namespace

Result<Lock> MakeLock(const Manifest& manifest, const Lock* previous,
                      Store& store, const LockOptions& options) {
  TALLY_ASSIGN(std::vector<LockedFile> files, LockFiles(manifest));

  // Nothing in a suite is believed before its signature was verified.
  TALLY_ASSIGN(const std::vector<LoadedSuite> suites,
               LoadSuites(manifest, store, options));

  std::vector<SuiteIndex> indexes;
  ArchiveBases bases;
  Lock lock = {.architecture = manifest.architecture};
  for (const LoadedSuite& suite : suites) {
    TALLY_ASSIGN(SuiteIndex index, suite.Parse(manifest.architecture));
    indexes.push_back(std::move(index));
    lock.suites.push_back(suite.locked);
    bases[{suite.locked.archive, suite.locked.suite}] = suite.bases;
  }
  const Catalog catalog(indexes);
  TALLY_ASSIGN(const std::vector<ResolvedPackage> resolved,
               Resolve(manifest, catalog));

  TALLY_ASSIGN(lock.packages, LockPackages(resolved));
  TALLY_TRY(FetchPackages(lock.packages, bases, store, options.fetch));
  lock.files = std::move(files);
  if (previous != nullptr && options.evidence == Evidence::kKeep) {
    KeepEvidence(*previous, lock);
  }
  return lock;
}

Result<FetchReport> FetchLocked(const Lock& lock, Store& store,
                                const Mirrors& mirrors,
                                const FetchOptions& options) {
  ArchiveBases bases;
  for (const LockedSuite& suite : lock.suites) {
    TALLY_ASSIGN(const ArchiveAsOf archive, AsOf(suite));
    bases[{suite.archive, suite.suite}] = ArchiveUrls(archive, mirrors);
  }
  std::vector<FetchItem> items;
  for (const LockedPackage& package : lock.packages) {
    const auto found = bases.find({package.archive, package.suite});
    if (found == bases.end()) {
      return InputError("package " + Quote(package.name) + " is from suite " +
                        Quote(package.suite) + " of archive " +
                        Quote(package.archive) +
                        ", which the lock does not describe");
    }
    items.push_back(ItemFor(package, found->second));
  }
  return FetchAll(store, items, options);
}

}  // namespace tally
