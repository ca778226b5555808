// Does this lock belong to this manifest?
#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "manifests/check_errors.h"
#include "manifests/lock.h"
#include "manifests/manifest_checks.h"
#include "manifests/source_checks.h"

namespace tally {
namespace {

Status CheckArchitecture(const Manifest& manifest, const Lock& lock) {
  if (lock.architecture == manifest.architecture) return Ok();
  return StaleLock(manifest, lock,
                   "found architecture " + Quote(lock.architecture) +
                       ", expected " + Quote(manifest.architecture) +
                       " as in " + manifest.path.string());
}

struct SuiteName {
  std::string archive;
  std::string suite;
  std::string where;  // in the manifest

  bool operator==(const SuiteName& other) const {
    return archive == other.archive && suite == other.suite;
  }
  std::string text() const {
    return "suite " + Quote(suite) + " of archive " + Quote(archive);
  }
};

Status CheckSuites(const Manifest& manifest, const Lock& lock) {
  std::vector<SuiteName> named;
  for (const ArchiveSpec& archive : manifest.archives) {
    for (const std::string& suite : archive.suites) {
      named.push_back({archive.name, suite, At(manifest, archive.where)});
    }
  }
  std::vector<SuiteName> locked;
  for (const LockedSuite& suite : lock.suites) {
    const SuiteName name = {suite.archive, suite.suite, ""};
    // The entries of one suite, of several dates, stand together.
    if (locked.empty() || !(locked.back() == name)) locked.push_back(name);
  }
  for (const SuiteName& suite : named) {
    if (std::ranges::find(locked, suite) != locked.end()) continue;
    return StaleLock(
        manifest, lock,
        suite.text() + " is named by " + suite.where + " but not in the lock");
  }
  for (size_t i = 0; i < locked.size(); ++i) {
    if (std::ranges::find(named, locked[i]) == named.end()) {
      return StaleLock(manifest, lock,
                       locked[i].text() + " is in the lock but not named by " +
                           manifest.path.string());
    }
    if (i >= named.size() || !(locked[i] == named[i])) {
      return StaleLock(manifest, lock,
                       "found " + locked[i].text() + " as number " +
                           std::to_string(i + 1) +
                           ", expected the order of the suites in " +
                           manifest.path.string());
    }
  }
  return Ok();
}

const LockedPackage* FindPackage(const Lock& lock, const std::string& name) {
  const auto found =
      std::ranges::find(lock.packages, name, &LockedPackage::name);
  return found == lock.packages.end() ? nullptr : &*found;
}

Status CheckRequest(const Manifest& manifest, const Lock& lock,
                    const std::string& tree, const PackageRequest& request) {
  const std::string subject = "package " + Quote(request.name);
  const std::string where = At(manifest, request.where);
  const LockedPackage* package = FindPackage(lock, request.name);
  if (package == nullptr) {
    return StaleLock(
        manifest, lock,
        subject + " is requested by " + where + " but not in the lock");
  }
  const auto reason = package->why.find(tree);
  if (reason == package->why.end()) {
    return StaleLock(manifest, lock,
                     subject + " is requested by " + where +
                         " but not in the lock for " + tree);
  }
  if (reason->second != request.name) {
    return StaleLock(manifest, lock,
                     subject + " is requested by " + where +
                         " but in the lock for " + tree + " only because of " +
                         Quote(reason->second));
  }
  if (request.suite && *request.suite != package->suite) {
    return StaleLock(manifest, lock,
                     subject + " is from suite " + Quote(package->suite) +
                         ", but " + where + " requests " +
                         Quote(*request.suite));
  }
  return Ok();
}

// CheckReason: every chain begins at a request, and omitted packages are
// absent.
Status CheckReason(const Manifest& manifest, const Lock& lock,
                   const std::vector<TreeRequests>& all_requests,
                   const LockedPackage& package, const std::string& tree) {
  const auto requests =
      std::ranges::find(all_requests, tree, &TreeRequests::tree);
  const std::string& chain = package.why.at(tree);
  const std::string first = chain.substr(0, chain.find(" > "));
  const std::string subject =
      "package " + Quote(package.name) + " is in the lock for " + tree;
  if (requests == all_requests.end() ||
      std::ranges::find(requests->packages, first, &PackageRequest::name) ==
          requests->packages.end()) {
    return StaleLock(manifest, lock,
                     subject + " because of " + Quote(first) + ", but " +
                         manifest.path.string() +
                         " does not request that there");
  }
  if (TakesOnePackage(tree) && package.name != first) {
    return StaleLock(manifest, lock,
                     subject + ", expected " + Quote(first) + " alone there");
  }
  if (std::ranges::find(requests->omit, package.name) != requests->omit.end()) {
    return StaleLock(
        manifest, lock,
        subject + ", but " + manifest.path.string() + " omits it there");
  }
  return Ok();
}

Status CheckPackages(const Manifest& manifest, const Lock& lock) {
  const std::vector<TreeRequests> all_requests = RequestsOf(manifest);
  for (const TreeRequests& requests : all_requests) {
    for (const PackageRequest& request : requests.packages) {
      TALLY_TRY(CheckRequest(manifest, lock, requests.tree, request));
    }
  }
  for (const LockedPackage& package : lock.packages) {
    for (const auto& reason : package.why) {
      TALLY_TRY(
          CheckReason(manifest, lock, all_requests, package, reason.first));
    }
  }
  return Ok();
}

Status CheckFiles(const Manifest& manifest, const Lock& lock) {
  std::map<std::string, Location> sources;
  for (const TreeSpec* tree : TreesOf(manifest)) {
    for (const FileSpec& file : tree->files) {
      if (file.source) sources.emplace(*file.source, file.where);
    }
  }
  std::set<std::string> locked;
  for (const LockedFile& file : lock.files) {
    locked.insert(file.path);
    if (sources.contains(file.path)) continue;
    return StaleLock(manifest, lock,
                     "file " + Quote(file.path) +
                         " is in the lock but not named by " +
                         manifest.path.string());
  }
  for (const auto& [source, where] : sources) {
    if (locked.contains(source)) continue;
    return StaleLock(manifest, lock,
                     "file " + Quote(source) + " is named by " +
                         At(manifest, where) + " but not in the lock");
  }
  return Ok();
}

const ScriptSpec* FindSpec(const Manifest& manifest, const std::string& package,
                           const std::string& script) {
  for (const ScriptSpec& spec : manifest.system.scripts) {
    if (spec.package == package && spec.script == script) return &spec;
  }
  return nullptr;
}

// CheckScripts: the lock says "acknowledged" of exactly the scripts that the
// manifest names, with its actions. What is "known" is for `tally lock` to say.
Status CheckScripts(const Manifest& manifest, const Lock& lock) {
  std::set<const ScriptSpec*> acknowledged;
  for (const LockedPackage& package : lock.packages) {
    for (const LockedScript& script : package.scripts) {
      if (script.disposition != ScriptDisposition::kAcknowledged) continue;
      const std::string subject =
          script.name + " of package " + Quote(package.name);
      const ScriptSpec* spec = FindSpec(manifest, package.name, script.name);
      if (spec == nullptr) {
        return StaleLock(manifest, lock,
                         subject + " is acknowledged in the lock but not by " +
                             manifest.path.string());
      }
      if (spec->sha256 != script.sha256 || spec->actions != script.actions) {
        return StaleLock(manifest, lock,
                         subject +
                             " has another digest or other actions in the " +
                             "lock than " + At(manifest, spec->where));
      }
      acknowledged.insert(spec);
    }
  }
  for (const ScriptSpec& spec : manifest.system.scripts) {
    if (acknowledged.contains(&spec)) continue;
    return StaleLock(manifest, lock,
                     spec.script + " of package " + Quote(spec.package) +
                         " is acknowledged by " + At(manifest, spec.where) +
                         " but not in the lock");
  }
  return Ok();
}

}  // namespace

Status CheckLockBelongs(const Manifest& manifest, const Lock& lock) {
  TALLY_TRY(CheckArchitecture(manifest, lock));
  TALLY_TRY(CheckSuites(manifest, lock));
  TALLY_TRY(CheckPackages(manifest, lock));
  // Epoch 1 has digests of scripts only.
  if (lock.format_epoch > 1) TALLY_TRY(CheckScripts(manifest, lock));
  TALLY_TRY(CheckFiles(manifest, lock));
  TALLY_TRY(CheckLockedSources(manifest, lock));
  return Ok();
}

}  // namespace tally
