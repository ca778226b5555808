#include "builder/package.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "builder/archive.h"
#include "builder/merged_path.h"
#include "common/hash.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

Result<uint32_t> OwnerId(int64_t id, const std::string& path) {
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
  Unpacker(std::string name, const PathFilter& wanted) : wanted_(wanted) {
    package_.name = std::move(name);
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

  // Finish drops what nobody wants. A wanted hard link to an unwanted file
  // becomes the file.
  UnpackedPackage Finish() {
    std::map<std::string, std::string> new_first_name;
    std::vector<UnpackedEntry> kept;
    for (UnpackedEntry& entry : package_.entries) {
      if (entry.type != NodeType::kDirectory && !wanted_(entry.path)) continue;
      if (!entry.hard_link_of.empty() && !wanted_(entry.hard_link_of)) {
        const auto [first, is_new] =
            new_first_name.emplace(entry.hard_link_of, entry.path);
        entry.hard_link_of = is_new ? "" : first->second;
      }
      kept.push_back(std::move(entry));
    }
    package_.entries = std::move(kept);
    return std::move(package_);
  }

 private:
  Result<UnpackedEntry> Convert(DebMember member) {
    UnpackedEntry entry;
    TALLY_ASSIGN(entry.path, MergedPath(member.path));
    TALLY_ASSIGN(entry.uid, OwnerId(member.uid, entry.path));
    TALLY_ASSIGN(entry.gid, OwnerId(member.gid, entry.path));
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

  const PathFilter& wanted_;
  UnpackedPackage package_;
  std::set<std::string> members_;  // as the package writes them
  std::map<std::string, size_t> index_;
};

Result<UnpackedPackage> UnpackLocked(const Store& store, const UnpackJob& job) {
  TALLY_TRY(CheckInterrupted());
  const LockedPackage& package = *job.package;
  Result<MappedFile> deb = store.Read(package.sha256, package.size_bytes);
  if (!deb) {
    return std::move(deb).error().While("unpacking package '" + package.name +
                                        "'");
  }
  return UnpackPackage(package.name, deb->bytes(), job.wanted);
}

}  // namespace

Content MakeContent(Bytes bytes) {
  const Sha256Digest sha256 = Sha256(bytes);
  return Content{.bytes = std::make_shared<const Bytes>(std::move(bytes)),
                 .sha256 = sha256};
}

Result<UnpackedPackage> UnpackPackage(const std::string& name, ByteSpan deb,
                                      const PathFilter& wanted) {
  Unpacker unpacker(name, wanted);
  const Status status = ReadDebData(
      deb, [&](DebMember member) { return unpacker.Take(std::move(member)); });
  if (!status) {
    return Error(status.error()).While("unpacking package '" + name + "'");
  }
  return unpacker.Finish();
}

Result<std::vector<UnpackedPackage>> UnpackAll(
    const Store& store, const std::vector<UnpackJob>& jobs,
    unsigned num_threads) {
  // The largest package first: it decides how long the whole takes.
  std::vector<size_t> order(jobs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::stable_sort(order, [&](size_t a, size_t b) {
    return jobs[a].package->size_bytes > jobs[b].package->size_bytes;
  });
  std::vector<UnpackedPackage> packages(jobs.size());
  TALLY_TRY(ParallelFor(order.size(), num_threads, [&](size_t i) -> Status {
    TALLY_ASSIGN(packages[order[i]], UnpackLocked(store, jobs[order[i]]));
    return Ok();
  }));
  return packages;
}

}  // namespace tally
