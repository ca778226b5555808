// Looking after the content store: what is in it, whether it is whole, and what
// nobody needs any more. See docs/store.md.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "builder/store.h"
#include "manifests/lock.h"

namespace tally {

enum class StoreEntryKind {
  kFile,     // sha256/ab/…
  kTree,     // trees/ab/…: an unpacked package
  kPartial,  // partial/…: a download or a tree that is not finished
  kOther,    // whatever else is in these directories
};
// KindName returns "file", "tree", "partial" or "other".
std::string KindName(StoreEntryKind kind);

struct StoreEntry {
  StoreEntryKind kind = StoreEntryKind::kFile;
  std::string path;     // relative to the store
  Sha256Digest sha256;  // that a file or tree has in its name
  uint64_t size_bytes = 0;

  // name is the digest of a file or tree, and the path of anything else.
  std::string name() const;
};

// ListStore returns every entry, by kind and then by path.
Result<std::vector<StoreEntry>> ListStore(const Store& store);

struct BadEntry {
  StoreEntry entry;
  std::string reason;
};

// FindBadEntries hashes every file and tree again, on `num_threads` threads,
// and returns those that are not what their name says, in the order of
// `entries`. Anything of kind kOther is bad; nothing is known of partial files.
Result<std::vector<BadEntry>> FindBadEntries(
    const Store& store, const std::vector<StoreEntry>& entries,
    unsigned num_threads);

// RemoveBadEntries removes the files and trees among them. Nobody else may use
// the store: Store::LockAlone.
Status RemoveBadEntries(const Store& store, const std::vector<BadEntry>& bad);

// DigestsNamedBy returns every digest under which the store may have something
// that this lock needs: packages, what they unpack to, and the evidence of the
// archives.
std::set<Sha256Digest> DigestsNamedBy(const Lock& lock);

struct Garbage {
  std::vector<StoreEntry> unneeded;  // files, trees and partial files
  std::vector<StoreEntry> in_use;    // partial files that somebody writes
  uint64_t num_kept = 0;
};

// FindGarbage returns the files and trees that `keep` does not name, and the
// partial files that nobody writes at the moment. What is of kind kOther is not
// the store's to remove.
Result<Garbage> FindGarbage(const Store& store,
                            const std::set<Sha256Digest>& keep);

// RemoveGarbage removes `unneeded`. A partial file that somebody has begun to
// write since stays. Nobody else may use the store: Store::LockAlone.
Status RemoveGarbage(const Store& store,
                     const std::vector<StoreEntry>& unneeded);

}  // namespace tally
