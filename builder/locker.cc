#include "builder/locker.h"

#include <algorithm>
#include <map>
#include <utility>

#include "builder/kept_packages.h"
#include "builder/local_files.h"
#include "builder/locker_evidence.h"
#include "builder/locker_suite.h"
#include "builder/pin.h"
#include "builder/resolve.h"
#include "builder/sources/lock_sources.h"
#include "common/hash.h"
#include "common/text.h"

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

Result<std::vector<LockedFile>> LockFiles(const Manifest& manifest) {
  std::map<std::string, LockedFile> files;
  for (const TreeSpec* tree : TreesOf(manifest)) {
    for (const FileSpec& file : tree->files) {
      if (!file.source || files.contains(*file.source)) continue;
      const Result<FileDigest> digest =
          DigestLocalFile(manifest.path.parent_path(), *file.source);
      if (!digest) {
        return Error(digest.error())
            .While("reading the file named at " + At(manifest, file.where));
      }
      files[*file.source] = {.path = *file.source,
                             .size_bytes = digest->size_bytes,
                             .sha256 = digest->sha256};
    }
  }
  std::vector<LockedFile> sorted;
  for (const auto& entry : files) sorted.push_back(entry.second);
  return sorted;
}

// ArchiveBases has the URLs of an archive, for each evidence of a lock.
using ArchiveBases = std::map<const LockedSuite*, std::vector<std::string>>;

// TodayUrls returns where the packages of a suite are to be had at present.
std::vector<std::string> TodayUrls(const std::vector<LoadedSuite>& suites,
                                   const std::string& archive,
                                   const std::string& suite) {
  for (const LoadedSuite& loaded : suites) {
    if (loaded.locked.archive == archive && loaded.locked.suite == suite) {
      return loaded.bases;
    }
  }
  return {};
}

// UrlsOf returns where the packages of one evidence are: today's places first,
// then those of its date.
Result<std::vector<std::string>> UrlsOf(const std::vector<LoadedSuite>& suites,
                                        const LockedSuite& evidence,
                                        const Mirrors& mirrors) {
  std::vector<std::string> urls =
      TodayUrls(suites, evidence.archive, evidence.suite);
  TALLY_ASSIGN(const ArchiveAsOf archive, AsOf(evidence));
  for (const std::string& url : ArchiveUrls(archive, mirrors)) {
    if (std::ranges::find(urls, url) == urls.end()) urls.push_back(url);
  }
  return urls;
}

Status FetchPackages(const Lock& lock, const std::vector<LoadedSuite>& suites,
                     Store& store, const LockOptions& options) {
  ArchiveBases bases;
  for (const LockedSuite& suite : lock.suites) {
    TALLY_ASSIGN(bases[&suite], UrlsOf(suites, suite, options.mirrors));
  }
  std::vector<FetchItem> items;
  for (const LockedPackage& package : lock.packages) {
    items.push_back(ItemFor(package, bases.at(EvidenceFor(lock, package))));
  }
  TALLY_ASSIGN(const FetchReport report, FetchAll(store, items, options.fetch));
  (void)report;
  return Ok();
}

// CheckUpdated refuses to let go of what is not locked.
Status CheckUpdated(const Lock* previous, const LockOptions& options) {
  std::vector<std::string> names;
  if (previous != nullptr) {
    for (const LockedPackage& package : previous->packages) {
      names.push_back(package.name);
    }
  }
  for (const std::string& name : options.updated) {
    if (std::ranges::find(names, name) != names.end()) continue;
    const auto nearest = NearestName(name, names);
    return UsageError("package " + Quote(name) + " is not in the lock" +
                      (nearest ? ", did you mean '" + *nearest + "'?" : ""));
  }
  return Ok();
}

// Resolution is the packages of a new lock, and who vouches for them.
struct Resolution {
  std::vector<LockedPackage> packages;
  EvidenceInputs evidence;
};

Result<Resolution> ResolveAll(const Manifest& manifest, const Lock* previous,
                              const std::vector<LoadedSuite>& suites,
                              Store& store, const LockOptions& options) {
  Resolution result;
  result.evidence.wanted = options.evidence;
  if (previous != nullptr && previous->architecture == manifest.architecture) {
    result.evidence.previous = previous;
  }
  std::vector<SuiteIndex> indexes;
  for (const LoadedSuite& suite : suites) {
    TALLY_ASSIGN(SuiteIndex index, suite.Parse(manifest.architecture));
    indexes.push_back(std::move(index));
    result.evidence.today.push_back(suite.locked);
  }
  KeptPackages kept;
  if (result.evidence.previous != nullptr &&
      options.versions == Versions::kKeep) {
    const auto urls = [&](const LockedPackage& package) {
      const LockedSuite* evidence = EvidenceFor(*previous, package);
      auto found = UrlsOf(suites, *evidence, options.mirrors);
      return FileUrls(found ? *found : std::vector<std::string>(),
                      package.path);
    };
    TALLY_TRY(kept.Offer(*previous, options.updated, urls, store, options.fetch,
                         indexes));
  }
  const Catalog catalog(indexes);
  TALLY_ASSIGN(const std::vector<ResolvedPackage> resolved,
               Resolve(manifest, catalog));
  TALLY_TRY(kept.CheckAtHand(resolved));
  for (const ResolvedPackage& entry : resolved) {
    const BinaryPackage& package = *entry.candidate.package;
    if (!package.listed) result.evidence.unlisted.emplace(package.name);
  }
  TALLY_ASSIGN(result.packages, LockPackages(resolved));
  return result;
}

}  // namespace

Result<Lock> MakeLock(const Manifest& manifest, const Lock* previous,
                      Store& store, const LockOptions& options) {
  TALLY_TRY(CheckUpdated(previous, options));
  TALLY_ASSIGN(std::vector<LockedFile> files, LockFiles(manifest));

  // Nothing in a suite is believed before its signature was verified.
  TALLY_ASSIGN(const std::vector<LoadedSuite> suites,
               LoadSuites(manifest, store, options));

  TALLY_ASSIGN(Resolution resolution,
               ResolveAll(manifest, previous, suites, store, options));
  Lock lock = {.architecture = manifest.architecture,
               .packages = std::move(resolution.packages)};
  TALLY_TRY(PickEvidence(resolution.evidence, lock));
  TALLY_TRY(FetchPackages(lock, suites, store, options));
  lock.files = std::move(files);
  TALLY_TRY(LockSources(manifest, options.fetch, options.warn, store, lock));
  TALLY_TRY(PinFacts(manifest, store, previous, lock));
  return lock;
}

Result<FetchReport> FetchLocked(const Lock& lock, Store& store,
                                const Mirrors& mirrors,
                                const FetchOptions& options,
                                const fs::path& local_files) {
  ArchiveBases bases;
  for (const LockedSuite& suite : lock.suites) {
    TALLY_ASSIGN(const ArchiveAsOf archive, AsOf(suite));
    bases[&suite] = ArchiveUrls(archive, mirrors);
  }
  std::vector<FetchItem> items;
  for (const LockedPackage& package : lock.packages) {
    const auto found = bases.find(EvidenceFor(lock, package));
    if (found == bases.end()) {
      return InputError("package " + Quote(package.name) + " is from suite " +
                        Quote(package.suite) + " of archive " +
                        Quote(package.archive) +
                        ", which the lock does not describe");
    }
    items.push_back(ItemFor(package, found->second));
  }
  TALLY_ASSIGN(FetchReport report, FetchAll(store, items, options));
  TALLY_ASSIGN(const FetchReport sources,
               FetchSources(lock, local_files, options, store));
  report.num_present += sources.num_present;
  report.num_fetched += sources.num_fetched;
  report.fetched_bytes += sources.fetched_bytes;
  return report;
}

}  // namespace tally
