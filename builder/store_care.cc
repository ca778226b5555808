#include "builder/store_care.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <tuple>

#include "builder/locked_inputs.h"
#include "builder/tree_cache.h"
#include "common/descriptor.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

// DigestOf returns the digest in a name "sha256/ab/abcd…", if it is one.
std::optional<Sha256Digest> DigestOf(const fs::path& path) {
  const std::string name = path.filename().string();
  const Result<Sha256Digest> digest = Sha256Digest::FromHex(name);
  if (!digest || path.parent_path().filename() != name.substr(0, 2)) {
    return std::nullopt;
  }
  return *digest;
}

StoreEntry MakeEntry(const fs::path& relative, bool regular) {
  StoreEntry entry{.kind = StoreEntryKind::kOther, .path = relative.string()};
  if (!regular) return entry;
  const std::string top = relative.begin()->string();
  const auto depth = std::distance(relative.begin(), relative.end());
  const std::optional<Sha256Digest> digest = DigestOf(relative);
  if (top == "partial" && depth == 2) {
    entry.kind = StoreEntryKind::kPartial;
  } else if (digest && depth == 3) {
    entry.kind =
        top == "sha256" ? StoreEntryKind::kFile : StoreEntryKind::kTree;
    entry.sha256 = *digest;
  }
  return entry;
}

// ListBelow adds what is below one directory of the store. Entries that vanish
// meanwhile are none.
Status ListBelow(const Store& store, const std::string& top,
                 std::vector<StoreEntry>* entries) {
  if (IsAbsent(store.path() / top)) return Ok();
  std::error_code error;
  for (fs::recursive_directory_iterator at(store.path() / top, error), end;
       !error && at != end; at.increment(error)) {
    struct stat info = {};
    if (lstat(at->path().c_str(), &info) != 0) {
      if (errno == ENOENT) continue;
      return ErrnoError("cannot read " + Quote(at->path().string()), errno);
    }
    // Only the directories of the first two digits belong there.
    const bool is_prefix = at.depth() == 0 && top != "partial";
    if (S_ISDIR(info.st_mode) && is_prefix) continue;
    StoreEntry entry = MakeEntry(at->path().lexically_relative(store.path()),
                                 S_ISREG(info.st_mode));
    entry.size_bytes = static_cast<uint64_t>(info.st_size);
    entries->push_back(std::move(entry));
  }
  if (!error) return Ok();
  return ErrnoError("cannot list " + Quote((store.path() / top).string()),
                    error.value());
}

// WhyBad returns why an entry is not what its name says; "" if it is.
std::string WhyBad(const Store& store, const StoreEntry& entry) {
  switch (entry.kind) {
    case StoreEntryKind::kFile: {
      const Result<FileDigest> digest = DigestFile(store.path() / entry.path);
      if (!digest) return digest.error().message();
      if (digest->sha256 == entry.sha256) return "";
      return "contents have digest " + digest->sha256.hex();
    }
    case StoreEntryKind::kTree: {
      const auto everything = [](const std::string&) { return true; };
      const Result<UnpackedPackage> package =
          ReadCachedTree(store, "", entry.sha256, everything);
      return package ? "" : package.error().message();
    }
    case StoreEntryKind::kPartial:
      return "";
    case StoreEntryKind::kOther:
      return "is not an entry of a store";
  }
  return "";
}

// LockPartial locks a partial file. Invalid if somebody writes it.
Descriptor LockPartial(const fs::path& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.valid() && flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    return Descriptor();
  }
  return file;
}

Status Remove(const Store& store, const StoreEntry& entry) {
  const fs::path path = store.path() / entry.path;
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return ErrnoError("cannot remove " + Quote(path.string()), errno);
  }
  // The directory of the first two digits, if it is empty now.
  if (entry.kind != StoreEntryKind::kPartial) rmdir(path.parent_path().c_str());
  return Ok();
}

}  // namespace

std::string KindName(StoreEntryKind kind) {
  switch (kind) {
    case StoreEntryKind::kFile:
      return "file";
    case StoreEntryKind::kTree:
      return "tree";
    case StoreEntryKind::kPartial:
      return "partial";
    case StoreEntryKind::kOther:
      break;
  }
  return "other";
}

std::string StoreEntry::name() const {
  const bool has_digest =
      kind == StoreEntryKind::kFile || kind == StoreEntryKind::kTree;
  return has_digest ? sha256.hex() : path;
}

Result<std::vector<StoreEntry>> ListStore(const Store& store) {
  std::vector<StoreEntry> entries;
  for (const char* top : {"sha256", "trees", "partial"}) {
    TALLY_TRY(ListBelow(store, top, &entries));
  }
  std::ranges::sort(entries, [](const StoreEntry& a, const StoreEntry& b) {
    return std::tie(a.kind, a.path) < std::tie(b.kind, b.path);
  });
  return entries;
}

Result<std::vector<BadEntry>> FindBadEntries(
    const Store& store, const std::vector<StoreEntry>& entries,
    unsigned num_threads) {
  std::vector<std::string> reasons(entries.size());
  TALLY_TRY(ParallelFor(entries.size(), num_threads, [&](size_t i) {
    reasons[i] = WhyBad(store, entries[i]);
    return CheckInterrupted();
  }));
  // A check that was cut short says nothing about its entry.
  TALLY_TRY(CheckInterrupted());
  std::vector<BadEntry> bad;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!reasons[i].empty()) {
      bad.push_back({.entry = entries[i], .reason = reasons[i]});
    }
  }
  return bad;
}

Status RemoveBadEntries(const Store& store, const std::vector<BadEntry>& bad) {
  for (const BadEntry& one : bad) {
    if (one.entry.kind == StoreEntryKind::kOther) continue;
    TALLY_TRY(Remove(store, one.entry));
  }
  return Ok();
}

std::set<Sha256Digest> DigestsNamedBy(const Lock& lock) {
  std::set<Sha256Digest> digests;
  for (const StoredInput& input : InputsOf(lock)) digests.insert(input.sha256);
  for (const StoredEvidence& each : EvidenceOf(lock)) {
    digests.insert(each.sha256);
  }
  for (const LockedPackage& package : lock.packages) {
    digests.insert(package.tree_sha256);
  }
  for (const LockedFile& file : lock.files) digests.insert(file.sha256);
  for (const LockedDirectory& directory : lock.directories) {
    digests.insert(directory.sha256);  // its listing
  }
  return digests;
}

Result<Garbage> FindGarbage(const Store& store,
                            const std::set<Sha256Digest>& keep) {
  TALLY_ASSIGN(const std::vector<StoreEntry> entries, ListStore(store));
  Garbage garbage;
  for (const StoreEntry& entry : entries) {
    if (entry.kind == StoreEntryKind::kPartial) {
      const bool free = LockPartial(store.path() / entry.path).valid();
      (free ? garbage.unneeded : garbage.in_use).push_back(entry);
    } else if (entry.kind == StoreEntryKind::kOther ||
               keep.contains(entry.sha256)) {
      ++garbage.num_kept;
    } else {
      garbage.unneeded.push_back(entry);
    }
  }
  return garbage;
}

Status RemoveGarbage(const Store& store,
                     const std::vector<StoreEntry>& unneeded) {
  for (const StoreEntry& entry : unneeded) {
    TALLY_TRY(CheckInterrupted());
    if (entry.kind != StoreEntryKind::kPartial) {
      TALLY_TRY(Remove(store, entry));
      continue;
    }
    // Removed under its lock: who waits for it looks whether it is still there.
    const Descriptor lock = LockPartial(store.path() / entry.path);
    if (lock.valid()) TALLY_TRY(Remove(store, entry));
  }
  return Ok();
}

}  // namespace tally
