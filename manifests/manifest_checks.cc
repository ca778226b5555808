#include "manifests/manifest_checks.h"

#include <algorithm>
#include <map>
#include <set>

#include "common/text.h"
#include "manifests/check_errors.h"
#include "manifests/source_checks.h"

namespace tally {
namespace {

Error FoundTwice(const Manifest& manifest, const Location& where,
                 const std::string& what, const Location& first) {
  return ErrorAt(manifest, where,
                 "found " + what + " again, expected it once (first in line " +
                     std::to_string(first.line) + ")");
}

Status CheckArchives(const Manifest& manifest) {
  std::map<std::string, Location> names;
  for (const ArchiveSpec& archive : manifest.archives) {
    const auto [first, is_new] = names.emplace(archive.name, archive.where);
    if (!is_new) {
      return FoundTwice(manifest, archive.where,
                        "archive " + Quote(archive.name), first->second);
    }
  }
  return Ok();
}

std::vector<std::string> SuitesOf(const Manifest& manifest) {
  std::vector<std::string> suites;
  for (const ArchiveSpec& archive : manifest.archives) {
    for (const std::string& suite : archive.suites) {
      if (std::ranges::find(suites, suite) == suites.end()) {
        suites.push_back(suite);
      }
    }
  }
  return suites;
}

Status CheckSuite(const Manifest& manifest, const PackageRequest& package) {
  if (!package.suite) return Ok();
  const std::vector<std::string> suites = SuitesOf(manifest);
  if (std::ranges::find(suites, *package.suite) != suites.end()) return Ok();
  std::string text =
      "found suite " + Quote(*package.suite) + " of package " +
      Quote(package.name) +
      ", expected a suite of the archives: " + Join(suites, ", ");
  if (const auto nearest = NearestName(*package.suite, suites)) {
    text += " (did you mean " + Quote(*nearest) + "?)";
  }
  return ErrorAt(manifest, package.where, text);
}

Status CheckRequests(const Manifest& manifest, const TreeRequests& requests) {
  std::map<std::string, Location> names;
  for (const PackageRequest& package : requests.packages) {
    TALLY_TRY(CheckSuite(manifest, package));
    const auto [first, is_new] = names.emplace(package.name, package.where);
    if (!is_new) {
      return FoundTwice(
          manifest, package.where,
          "package " + Quote(package.name) + " of " + requests.tree,
          first->second);
    }
    if (std::ranges::find(requests.omit, package.name) != requests.omit.end()) {
      return ErrorAt(manifest, package.where,
                     "found package " + Quote(package.name) +
                         " in both 'packages' and 'omit' of " + requests.tree +
                         ", expected one of them");
    }
  }
  return Ok();
}

// A lock has one version of a package for all trees.
Status CheckSuitesAgree(const Manifest& manifest) {
  std::map<std::string, PackageRequest> pinned;
  for (const TreeRequests& requests : RequestsOf(manifest)) {
    for (const PackageRequest& package : requests.packages) {
      if (!package.suite) continue;
      const auto [first, is_new] = pinned.emplace(package.name, package);
      if (is_new || first->second.suite == package.suite) continue;
      return ErrorAt(manifest, package.where,
                     "found package " + Quote(package.name) + " from suite " +
                         Quote(*package.suite) + ", expected " +
                         Quote(*first->second.suite) + " as in line " +
                         std::to_string(first->second.where.line));
    }
  }
  return Ok();
}

// UniqueNames refuses a name that comes twice.
class UniqueNames {
 public:
  UniqueNames(const Manifest& manifest, std::string what)
      : manifest_(manifest), what_(std::move(what)) {}

  Status Add(const std::string& name, const Location& where) {
    const auto [first, is_new] = names_.emplace(name, where);
    if (is_new) return Ok();
    return FoundTwice(manifest_, where, what_ + " " + Quote(name),
                      first->second);
  }

 private:
  const Manifest& manifest_;
  std::string what_;
  std::map<std::string, Location> names_;
};

Status CheckPaths(const Manifest& manifest, const TreeSpec& tree) {
  // A mode is for a path from a package, so it is one of these as well.
  UniqueNames entries(manifest, "path");
  for (const auto& x : tree.directories) {
    TALLY_TRY(entries.Add(x.path, x.where));
  }
  for (const auto& x : tree.files) TALLY_TRY(entries.Add(x.path, x.where));
  for (const auto& x : tree.symlinks) TALLY_TRY(entries.Add(x.path, x.where));
  for (const auto& x : tree.modes) TALLY_TRY(entries.Add(x.path, x.where));
  TALLY_TRY(CheckSourceNames(manifest, tree));

  UniqueNames conflicts(manifest, "path");
  for (const auto& x : tree.conflicts) {
    TALLY_TRY(conflicts.Add(x.path, x.where));
  }
  return Ok();
}

// The initrd has no accounts to look a name up in.
Status CheckInitrdOwners(const Manifest& manifest) {
  const auto check = [&](const OwnerSpec& owner, const Location& where) {
    const std::string& name = owner.user.empty() ? owner.group : owner.user;
    if (name.empty()) return Status(Ok());
    return Status(ErrorAt(manifest, where,
                          "found owner " + Quote(name) +
                              " in the initrd, which has no accounts, "
                              "expected a number"));
  };
  const TreeSpec& tree = manifest.initrd.tree;
  for (const auto& x : tree.directories) TALLY_TRY(check(x.owner, x.where));
  for (const auto& x : tree.files) TALLY_TRY(check(x.owner, x.where));
  for (const auto& x : tree.modes) TALLY_TRY(check(x.owner, x.where));
  return Ok();
}

Status CheckSystem(const Manifest& manifest) {
  const SystemSpec& system = manifest.system;
  UniqueNames users(manifest, "user");
  for (const auto& x : system.users) TALLY_TRY(users.Add(x.name, x.where));
  UniqueNames groups(manifest, "group");
  for (const auto& x : system.groups) TALLY_TRY(groups.Add(x.name, x.where));

  // A unit is either enabled, disabled or masked.
  UniqueNames units(manifest, "unit");
  for (const auto* list :
       {&system.units.enable, &system.units.disable, &system.units.mask}) {
    for (const UnitSpec& x : *list) TALLY_TRY(units.Add(x.name, x.where));
  }
  UniqueNames alternatives(manifest, "alternative");
  for (const auto& x : system.alternatives) {
    TALLY_TRY(alternatives.Add(x.name, x.where));
  }
  UniqueNames capabilities(manifest, "path");
  for (const auto& x : system.capabilities) {
    TALLY_TRY(capabilities.Add(x.path, x.where));
  }
  UniqueNames scripts(manifest, "script");
  for (const auto& x : system.scripts) {
    TALLY_TRY(scripts.Add(x.package + " " + x.script, x.where));
  }
  UniqueNames allow(manifest, "allowance");
  for (const auto& x : system.allow) {
    TALLY_TRY(allow.Add(x.guard + " " + x.path, x.where));
  }
  return Ok();
}

Status CheckUki(const Manifest& manifest) {
  if (!manifest.uki || manifest.disk) return Ok();
  return ErrorAt(manifest, manifest.uki->where,
                 "found 'uki' and no key 'disk' in the manifest, expected the "
                 "disk whose root its command line names");
}

// CheckBootTarget: what a target for tdx or tpm boots is built.
Status CheckBootTarget(const Manifest& manifest, const TargetSpec& target) {
  const auto missing = [&](const std::string& platform, const std::string& key,
                           const std::string& what) {
    return ErrorAt(manifest, target.where,
                   "found target " + Quote(target.name) + " for " + platform +
                       " and no key " + Quote(key) +
                       " in the manifest, expected " + what);
  };
  if (target.tdx) {
    const bool is_qemu = target.tdx->vmm == "qemu";
    if (is_qemu && !manifest.firmware) {
      return missing("tdx", "firmware", "the firmware that it launches");
    }
    if (!manifest.disk) return missing("tdx", "disk", "the disk that it boots");
    if (target.tdx->boot != "kernel" && !manifest.uki) {
      return missing("tdx", "uki", "the image that it boots");
    }
  }
  if (target.tpm && !manifest.uki) {
    return missing("tpm", "uki", "the image that it boots");
  }
  return Ok();
}

Status CheckTargets(const Manifest& manifest) {
  std::map<std::string, Location> names;
  for (const TargetSpec& target : manifest.targets) {
    const auto [first, is_new] = names.emplace(target.name, target.where);
    if (!is_new) {
      return FoundTwice(manifest, target.where, "target " + Quote(target.name),
                        first->second);
    }
    if (target.sev && !manifest.firmware) {
      return ErrorAt(manifest, target.where,
                     "found target " + Quote(target.name) + " for " +
                         target.sev->platform +
                         " and no key 'firmware' in the manifest, "
                         "expected the firmware that it launches");
    }
    TALLY_TRY(CheckBootTarget(manifest, target));
    if (target.nitro && !manifest.eif) {
      return ErrorAt(manifest, target.where,
                     "found target " + Quote(target.name) +
                         " for nitro and no key 'eif' in the manifest, "
                         "expected the enclave image that it launches");
    }
  }
  return Ok();
}

}  // namespace

bool TakesOnePackage(std::string_view tree) {
  return tree == "kernel" || tree == "firmware" || tree == "stub";
}

std::vector<TreeRequests> RequestsOf(const Manifest& manifest) {
  std::vector<TreeRequests> requests = {
      {.tree = "root",
       .packages = manifest.root.packages,
       .omit = manifest.root.omit},
      {.tree = "initrd",
       .packages = manifest.initrd.tree.packages,
       .omit = manifest.initrd.tree.omit},
      {.tree = "kernel", .packages = {manifest.kernel.package}},
      {.tree = "firmware"},
      {.tree = "stub"}};
  if (manifest.firmware) requests[3].packages = {manifest.firmware->package};
  if (manifest.uki) requests[4].packages = {manifest.uki->package};
  return requests;
}

Status CheckManifest(const Manifest& manifest) {
  TALLY_TRY(CheckArchives(manifest));
  for (const TreeRequests& requests : RequestsOf(manifest)) {
    TALLY_TRY(CheckRequests(manifest, requests));
  }
  TALLY_TRY(CheckSuitesAgree(manifest));
  for (const TreeSpec* tree : TreesOf(manifest)) {
    TALLY_TRY(CheckPaths(manifest, *tree));
  }
  TALLY_TRY(CheckSources(manifest));
  TALLY_TRY(CheckVolumes(manifest));
  TALLY_TRY(CheckInitrdOwners(manifest));
  TALLY_TRY(CheckSystem(manifest));
  TALLY_TRY(CheckUki(manifest));
  TALLY_TRY(CheckTargets(manifest));
  return Ok();
}

}  // namespace tally
