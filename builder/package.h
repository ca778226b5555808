// Unpacking packages into memory, several at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "builder/store.h"
#include "common/digest.h"
#include "formats/file_tree.h"
#include "manifests/lock.h"

namespace tally {

// Content is the bytes of a file and their digest. Copies share the bytes.
struct Content {
  std::shared_ptr<const Bytes> bytes;
  Sha256Digest sha256;

  ByteSpan span() const { return bytes ? ByteSpan(*bytes) : ByteSpan(); }
  uint64_t size_bytes() const { return bytes ? bytes->size() : 0; }
};

// MakeContent hashes `bytes`.
Content MakeContent(Bytes bytes);

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
  std::vector<UnpackedEntry> entries;  // in the order of data.tar
};

// PathFilter says which paths are wanted. Directories are always kept: they are
// the parents of what is.
using PathFilter = std::function<bool(const std::string& path)>;

// UnpackPackage reads data.tar. Path traversal, duplicate members and hard
// links to nowhere are InputErrors.
Result<UnpackedPackage> UnpackPackage(const std::string& name, ByteSpan deb,
                                      const PathFilter& wanted);

// UnpackJob is one package to unpack.
struct UnpackJob {
  const LockedPackage* package = nullptr;
  PathFilter wanted;
};

// UnpackAll reads the packages from the store, verifies them, and unpacks them
// on `num_threads` threads. Results are in the order of `jobs`, whatever the
// threads do.
Result<std::vector<UnpackedPackage>> UnpackAll(
    const Store& store, const std::vector<UnpackJob>& jobs,
    unsigned num_threads);

}  // namespace tally
