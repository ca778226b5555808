// Unpacking packages into memory, several at once.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "builder/content.h"
#include "builder/store.h"
#include "common/digest.h"
#include "formats/file_tree.h"
#include "manifests/lock.h"

namespace tally {

// UnpackedEntry is one member of a package after the path rules: relative,
// normal, merged-/usr.
struct UnpackedEntry {
  std::string path;
  NodeType type = NodeType::kFile;
  unsigned mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Content content;
  std::string symlink_target;
  std::string hard_link_of;  // path of an earlier entry of this package
};

struct UnpackedPackage {
  std::string name;
  std::string control_text;            // the file "control" of control.tar
  std::vector<UnpackedEntry> entries;  // in the order of data.tar
};

// PathFilter says which paths are wanted. Directories are always kept: they are
// the parents of what is.
using PathFilter = std::function<bool(const std::string& path)>;

// UnpackPackage reads the package. Path traversal, duplicate members and hard
// links to nowhere are InputErrors.
Result<UnpackedPackage> UnpackPackage(const std::string& name, ByteSpan deb,
                                      const PathFilter& wanted);

// UnpackJob is one package to unpack.
struct UnpackJob {
  const LockedPackage* package = nullptr;
  PathFilter wanted;
};

// UnpackOrder says which package is taken first. No result depends on it.
enum class UnpackOrder {
  kLargestFirst,  // the largest decides how long the whole takes
  kReversed,      // to show that no result depends on it
};

// UnpackAll reads the packages from the store, verifies them, and unpacks them
// on `num_threads` threads. Results are in the order of `jobs`, whatever the
// threads do. A package in several jobs is unpacked once.
//
// A package whose lock entry has tree_sha256 is taken from the store's cache of
// unpacked packages if it is there intact, and put there if not; where the
// cache cannot be written the build goes on without. One that unpacks to
// something else than its lock entry says is an InputError.
Result<std::vector<UnpackedPackage>> UnpackAll(
    const Store& store, const std::vector<UnpackJob>& jobs,
    unsigned num_threads, UnpackOrder order = UnpackOrder::kLargestFirst);

// PackageForLock is a whole package with what the lock pins of it.
struct PackageForLock {
  UnpackedPackage package;
  Sha256Digest tree_sha256;
  uint64_t num_entries = 0;
};

// UnpackForLock unpacks all of a package, whose tree_sha256 need not be known,
// and fills the cache. If it is known, from an earlier lock of the same
// package, this is as UnpackAll.
Result<PackageForLock> UnpackForLock(const Store& store,
                                     const LockedPackage& package);

}  // namespace tally
