#include "builder/package.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <utility>

#include "builder/archive.h"
#include "builder/merged_path.h"
#include "builder/package_listing.h"
#include "builder/tree_cache.h"
#include "common/hash.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

Result<uint32_t> PackageOwnerId(int64_t id, const std::string& path) {
  if (id >= 0 && id <= std::numeric_limits<int32_t>::max()) {
    return static_cast<uint32_t>(id);
  }
  return InputError(Quote(path) + " has owner id " + std::to_string(id) +
                    ", expected 0 to 2147483647");
}

bool SameDirectory(const UnpackedEntry& a, const UnpackedEntry& b) {
  return a.type == NodeType::kDirectory && b.type == NodeType::kDirectory &&
         a.mode == b.mode && a.uid == b.uid && a.gid == b.gid;
}

// Unpacker collects the members of one package.
class Unpacker {
 public:
  Unpacker(std::string name, std::string control_text) {
    package_.name = std::move(name);
    package_.control_text = std::move(control_text);
  }

  Status Take(DebMember member) {
    const bool listed_before = !members_.insert(member.path).second;
    TALLY_ASSIGN(UnpackedEntry entry, Convert(std::move(member)));
    const auto [at, is_new] =
        index_.emplace(entry.path, package_.entries.size());
    if (is_new) {
      package_.entries.push_back(std::move(entry));
      return Ok();
    }
    // base-files has both ./bin and ./usr/bin: one directory once merged.
    const UnpackedEntry& first = package_.entries[at->second];
    if (!listed_before && SameDirectory(first, entry)) return Ok();
    return InputError("data.tar: " + Quote(entry.path) + " twice");
  }

  UnpackedPackage Take() && { return std::move(package_); }

 private:
  Result<UnpackedEntry> Convert(DebMember member) {
    UnpackedEntry entry;
    TALLY_ASSIGN(entry.path, MergedPath(member.path));
    TALLY_ASSIGN(entry.uid, PackageOwnerId(member.uid, entry.path));
    TALLY_ASSIGN(entry.gid, PackageOwnerId(member.gid, entry.path));
    entry.mode = member.mode;
    switch (member.type) {
      case DebMember::Type::kDirectory:
        entry.type = NodeType::kDirectory;
        break;
      case DebMember::Type::kSymlink:
        entry.type = NodeType::kSymlink;
        entry.mode = 0777;
        entry.symlink_target = std::move(member.target);
        break;
      case DebMember::Type::kFile:
        entry.content = MakeContent(std::move(member.content));
        break;
      case DebMember::Type::kHardLink:
        TALLY_TRY(Link(member.target, &entry));
        break;
    }
    return entry;
  }

  // Link makes `entry` another name of an earlier file.
  Status Link(const std::string& target, UnpackedEntry* entry) {
    TALLY_ASSIGN(const std::string path, MergedPath(target));
    const auto found = index_.find(path);
    if (found == index_.end() ||
        package_.entries[found->second].type != NodeType::kFile) {
      return InputError("data.tar: " + Quote(entry->path) +
                        " is a hard link to " + Quote(path) +
                        ", expected an earlier file of the same package");
    }
    const UnpackedEntry& first = package_.entries[found->second];
    const std::string link_path = entry->path;
    const std::string first_path =
        first.hard_link_of.empty() ? first.path : first.hard_link_of;
    *entry = first;
    entry->path = link_path;
    entry->hard_link_of = first_path;
    return Ok();
  }

  UnpackedPackage package_;
  std::set<std::string> members_;  // as the package writes them
  std::map<std::string, size_t> index_;
};

// Filtered drops what nobody wants. A wanted hard link to an unwanted file
// becomes the file.
UnpackedPackage Filtered(const UnpackedPackage& package,
                         const PathFilter& wanted) {
  UnpackedPackage kept{.name = package.name,
                       .control_text = package.control_text};
  std::map<std::string, std::string> new_first_name;
  for (const UnpackedEntry& entry : package.entries) {
    if (entry.type != NodeType::kDirectory && !wanted(entry.path)) continue;
    UnpackedEntry& copy = kept.entries.emplace_back(entry);
    if (!copy.hard_link_of.empty() && !wanted(copy.hard_link_of)) {
      const auto [first, is_new] =
          new_first_name.emplace(copy.hard_link_of, copy.path);
      copy.hard_link_of = is_new ? "" : first->second;
    }
  }
  return kept;
}

Result<UnpackedPackage> UnpackWhole(const std::string& name, ByteSpan deb) {
  const auto unpack = [&]() -> Result<UnpackedPackage> {
    TALLY_ASSIGN(DebControl control, ReadDebControl(deb));
    Unpacker unpacker(name, std::move(control.control_text));
    TALLY_TRY(ReadDebData(deb, [&](DebMember member) {
      return unpacker.Take(std::move(member));
    }));
    return std::move(unpacker).Take();
  };
  Result<UnpackedPackage> package = unpack();
  if (package) return package;
  return std::move(package).error().While("unpacking package '" + name + "'");
}

Result<UnpackedPackage> UnpackFromStore(const Store& store,
                                        const LockedPackage& package) {
  TALLY_TRY(CheckInterrupted());
  Result<MappedFile> deb = store.Read(package.sha256, package.size_bytes);
  if (!deb) {
    return std::move(deb).error().While("unpacking package '" + package.name +
                                        "'");
  }
  return UnpackWhole(package.name, deb->bytes());
}

bool HasTreeDigest(const LockedPackage& package) {
  return package.tree_sha256 != Sha256Digest();
}

// UnpackAndCache unpacks a package that the cache does not have.
Result<PackageForLock> UnpackAndCache(const Store& store,
                                      const LockedPackage& package) {
  PackageForLock unpacked;
  TALLY_ASSIGN(unpacked.package, UnpackFromStore(store, package));
  const Bytes listing = EncodeListing(unpacked.package);
  unpacked.tree_sha256 = Sha256(listing);
  unpacked.num_entries = unpacked.package.entries.size();
  if (HasTreeDigest(package) && unpacked.tree_sha256 != package.tree_sha256) {
    return InputError("package " + Quote(package.name) + " unpacks to " +
                      unpacked.tree_sha256.hex() + ", expected " +
                      package.tree_sha256.hex() + " as in the lock");
  }
  // A full disk or a store of somebody else's costs time, not the build.
  (void)CacheTree(store, listing, unpacked.tree_sha256, &unpacked.package);
  return unpacked;
}

// UnpackVerified returns all entries; those that `wanted` says are verified.
Result<UnpackedPackage> UnpackVerified(const Store& store,
                                       const LockedPackage& package,
                                       const PathFilter& wanted) {
  if (!HasTreeDigest(package)) return UnpackFromStore(store, package);
  Result<UnpackedPackage> cached =
      ReadCachedTree(store, package.name, package.tree_sha256, wanted);
  if (cached) return cached;
  TALLY_ASSIGN(PackageForLock unpacked, UnpackAndCache(store, package));
  return std::move(unpacked.package);
}

// SharedJobs are the jobs of one package: their trees share its contents.
struct SharedJobs {
  const LockedPackage* package = nullptr;
  std::vector<size_t> indexes;
};

// GroupJobs puts the largest package first: it decides how long the whole
// takes.
std::vector<SharedJobs> GroupJobs(const std::vector<UnpackJob>& jobs) {
  std::map<std::pair<std::string, Sha256Digest>, SharedJobs> by_package;
  for (size_t i = 0; i < jobs.size(); ++i) {
    const LockedPackage& package = *jobs[i].package;
    SharedJobs& shared = by_package[{package.name, package.sha256}];
    shared.package = &package;
    shared.indexes.push_back(i);
  }
  std::vector<SharedJobs> groups;
  for (auto& [key, shared] : by_package) groups.push_back(std::move(shared));
  std::ranges::stable_sort(
      groups, [](const SharedJobs& a, const SharedJobs& b) {
        return a.package->size_bytes > b.package->size_bytes;
      });
  return groups;
}

}  // namespace

Result<UnpackedPackage> UnpackPackage(const std::string& name, ByteSpan deb,
                                      const PathFilter& wanted) {
  TALLY_ASSIGN(const UnpackedPackage package, UnpackWhole(name, deb));
  return Filtered(package, wanted);
}

Result<std::vector<UnpackedPackage>> UnpackAll(
    const Store& store, const std::vector<UnpackJob>& jobs,
    unsigned num_threads, UnpackOrder order) {
  std::vector<SharedJobs> groups = GroupJobs(jobs);
  if (order == UnpackOrder::kReversed) std::ranges::reverse(groups);
  std::vector<UnpackedPackage> packages(jobs.size());
  TALLY_TRY(ParallelFor(groups.size(), num_threads, [&](size_t i) -> Status {
    const SharedJobs& group = groups[i];
    const auto wanted = [&](const std::string& path) {
      return std::ranges::any_of(group.indexes, [&](size_t index) {
        return jobs[index].wanted(path);
      });
    };
    TALLY_ASSIGN(const UnpackedPackage package,
                 UnpackVerified(store, *group.package, wanted));
    for (const size_t index : group.indexes) {
      packages[index] = Filtered(package, jobs[index].wanted);
    }
    return Ok();
  }));
  return packages;
}

Result<PackageForLock> UnpackForLock(const Store& store,
                                     const LockedPackage& package) {
  if (HasTreeDigest(package)) {
    Result<UnpackedPackage> cached =
        ReadCachedTree(store, package.name, package.tree_sha256,
                       [](const std::string&) { return true; });
    if (cached) {
      const uint64_t num_entries = cached->entries.size();
      return PackageForLock{.package = std::move(cached).value(),
                            .tree_sha256 = package.tree_sha256,
                            .num_entries = num_entries};
    }
  }
  return UnpackAndCache(store, package);
}

}  // namespace tally
