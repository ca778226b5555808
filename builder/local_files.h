// Files beside the manifest.
#pragma once

#include <map>
#include <string>

#include "builder/package.h"
#include "builder/sources/mapped.h"
#include "common/file.h"
#include "manifests/lock.h"

namespace tally {

// LocalPath returns where `path` is below `root`. A symbolic link on the way is
// an InputError: the lock names bytes, and what a link points to is the host's
// business.
Result<fs::path> LocalPath(const fs::path& root, const std::string& path);

// ReadLocalFile returns the bytes of `path` below `root` (LocalPath), at most
// 4 GiB.
Result<Bytes> ReadLocalFile(const fs::path& root, const std::string& path);

// DigestLocalFile is ReadLocalFile in pieces, for files of any size.
Result<FileDigest> DigestLocalFile(const fs::path& root,
                                   const std::string& path);

// ReadLocalFiles reads every LockedFile below `root` and holds it against the
// lock. Bytes that differ are an InputError with expected and got. With
// `mapped`, large files are mapped and not read into memory.
Result<std::map<std::string, Content>> ReadLocalFiles(
    const Lock& lock, const fs::path& root, MappedFiles* mapped = nullptr);

}  // namespace tally
