#include "manifests/lock_diff.h"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

// An entry's facts in the order in which they are shown.
using Facts = std::vector<std::pair<std::string, std::string>>;
// By name.
using Entries = std::map<std::string, Facts>;

struct Section {
  const char* name;
  Entries (*entries)(const Lock& lock);
};

Entries LockEntries(const Lock& lock) {
  return {{"format",
           {{"format epoch", std::to_string(lock.format_epoch)},
            {"architecture", lock.architecture}}}};
}

// ArchiveEntries: a suite may have evidence of several days.
Entries ArchiveEntries(const Lock& lock) {
  Entries entries;
  for (const LockedSuite& suite : lock.suites) {
    const Facts facts = {
        {"date", suite.date},
        {"origin", suite.origin},
        {"codename", suite.codename},
        {"InRelease", suite.inrelease_sha256.hex()},
        {"signed by", Join(suite.signed_by, " ")},
    };
    Facts& all = entries[suite.archive + " " + suite.suite];
    if (all.empty()) {
      all = facts;
    } else {
      for (size_t i = 0; i < facts.size(); ++i) {
        all[i].second += ", " + facts[i].second;
      }
    }
  }
  return entries;
}

Facts PackageFactsOf(const Lock& lock, const LockedPackage& package) {
  const bool pinned = lock.format_epoch > 1;
  const auto known = [&](std::string fact) {
    return pinned ? std::move(fact) : std::string(kUnknownFact);
  };
  Facts facts = {
      {"version", package.version},
      {"suite", package.archive + " " + package.suite},
      {"date", package.date},
      {"architecture", package.architecture},
      {"size", std::to_string(package.size_bytes)},
      {"entries", known(std::to_string(package.num_entries))},
      {"source", package.source + " " + package.source_version},
  };
  for (const auto& [tree, chain] : package.why) {
    facts.emplace_back("in " + tree, chain);
  }
  for (const LockedScript& script : package.scripts) {
    const std::string what = "script " + script.name;
    facts.emplace_back(what, script.sha256.hex());
    facts.emplace_back(what + " disposition",
                       known(std::string(NameOf(script.disposition))));
    facts.emplace_back(
        what + " actions",
        known(script.actions.empty() ? "none" : Join(script.actions, "; ")));
  }
  facts.emplace_back("path", package.path);
  facts.emplace_back("sha256", package.sha256.hex());
  facts.emplace_back("tree sha256", known(package.tree_sha256.hex()));
  return facts;
}

Entries PackageEntries(const Lock& lock) {
  Entries entries;
  for (const LockedPackage& package : lock.packages) {
    entries[package.name] = PackageFactsOf(lock, package);
  }
  return entries;
}

Entries IdEntries(const std::map<std::string, uint32_t>& ids) {
  Entries entries;
  for (const auto& [name, id] : ids) {
    entries[name] = {{"id", std::to_string(id)}};
  }
  return entries;
}

Entries UserEntries(const Lock& lock) { return IdEntries(lock.accounts.users); }
Entries GroupEntries(const Lock& lock) {
  return IdEntries(lock.accounts.groups);
}

Entries FileEntries(const Lock& lock) {
  Entries entries;
  for (const LockedFile& file : lock.files) {
    entries[file.path] = {{"size", std::to_string(file.size_bytes)},
                          {"sha256", file.sha256.hex()}};
  }
  return entries;
}

Entries DownloadEntries(const Lock& lock) {
  Entries entries;
  for (const LockedDownload& download : lock.downloads) {
    entries[download.name] = {{"url", download.url},
                              {"size", std::to_string(download.size_bytes)},
                              {"sha256", download.sha256.hex()}};
  }
  return entries;
}

Entries DirectoryEntries(const Lock& lock) {
  Entries entries;
  for (const LockedDirectory& directory : lock.directories) {
    entries[directory.path] = {
        {"entries", std::to_string(directory.num_entries)},
        {"size", std::to_string(directory.size_bytes)},
        {"sha256", directory.sha256.hex()}};
  }
  return entries;
}

Entries OciImageEntries(const Lock& lock) {
  Entries entries;
  for (const LockedOciImage& image : lock.oci_images) {
    Facts& facts = entries[image.name];
    facts = {{"from", image.layout.value_or(image.registry.value_or(""))},
             {"manifest", image.manifest.sha256.hex()},
             {"config", image.config.sha256.hex()}};
    if (image.index) facts.emplace_back("index", image.index->sha256.hex());
    for (size_t i = 0; i < image.layers.size(); ++i) {
      const LockedLayer& layer = image.layers[i];
      facts.emplace_back("layer " + std::to_string(i + 1),
                         layer.blob.sha256.hex() + " " +
                             std::to_string(layer.blob.size_bytes) + " " +
                             layer.media_type);
    }
  }
  return entries;
}

constexpr std::array<Section, 9> kSections = {{
    {"lock", LockEntries},
    {"archive", ArchiveEntries},
    {"package", PackageEntries},
    {"user", UserEntries},
    {"group", GroupEntries},
    {"file", FileEntries},
    {"download", DownloadEntries},
    {"directory", DirectoryEntries},
    {"OCI image", OciImageEntries},
}};

std::optional<std::string> Find(const Facts& facts, const std::string& field) {
  for (const auto& [name, value] : facts) {
    if (name == field) return value;
  }
  return std::nullopt;
}

// ChangedFields goes by the order of `after`; what is gone comes last.
std::vector<LockFieldChange> ChangedFields(const Facts& before,
                                           const Facts& after) {
  std::vector<LockFieldChange> fields;
  for (const auto& [name, value] : after) {
    const std::optional<std::string> old = Find(before, name);
    if (old != value) {
      fields.push_back({.field = name, .before = old, .after = value});
    }
  }
  for (const auto& [name, value] : before) {
    if (Find(after, name)) continue;
    fields.push_back({.field = name, .before = value, .after = std::nullopt});
  }
  return fields;
}

bool IsOnlyUnknown(const LockFieldChange& field) {
  return field.before == kUnknownFact || field.after == kUnknownFact;
}

void DiffEntry(const char* section, const std::string& name,
               const Facts* before, const Facts* after,
               std::vector<LockChange>& changes) {
  const Facts none;
  LockChange change = {
      .kind = before == nullptr  ? LockChangeKind::kAdded
              : after == nullptr ? LockChangeKind::kRemoved
                                 : LockChangeKind::kChanged,
      .section = section,
      .name = name,
      .fields = ChangedFields(before == nullptr ? none : *before,
                              after == nullptr ? none : *after)};
  if (change.kind == LockChangeKind::kChanged &&
      std::ranges::all_of(change.fields, IsOnlyUnknown)) {
    return;
  }
  changes.push_back(std::move(change));
}

}  // namespace

std::vector<LockChange> DiffLocks(const Lock& before, const Lock& after) {
  std::vector<LockChange> changes;
  for (const Section& section : kSections) {
    const Entries old = section.entries(before);
    const Entries now = section.entries(after);
    Entries all = old;
    all.insert(now.begin(), now.end());
    for (const auto& [name, facts] : all) {
      const auto was = old.find(name);
      const auto is = now.find(name);
      DiffEntry(section.name, name, was == old.end() ? nullptr : &was->second,
                is == now.end() ? nullptr : &is->second, changes);
    }
  }
  return changes;
}

}  // namespace tally
