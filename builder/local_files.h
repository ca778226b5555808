// Files beside the manifest.
#pragma once

#include <map>
#include <string>

#include "builder/package.h"
#include "common/file.h"
#include "manifests/lock.h"

namespace tally {

// ReadLocalFile returns the bytes of `path` below `root`, at most 4 GiB. A
// symbolic link on the way is an InputError: the lock names bytes, and what a
// link points to is the host's business.
Result<Bytes> ReadLocalFile(const fs::path& root, const std::string& path);

// ReadLocalFiles reads every LockedFile below `root` and holds it against the
// lock. Bytes that differ are an InputError with expected and got.
Result<std::map<std::string, Content>> ReadLocalFiles(const Lock& lock,
                                                      const fs::path& root);

}  // namespace tally
