// Directories beside the manifest, by the digest of a canonical listing. See
// docs/sources.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/sources/mapped.h"
#include "builder/sources/source_tree.h"
#include "builder/store.h"
#include "manifests/lock.h"

namespace tally {

// The listing of a directory stands beside it under this suffix where files
// alone would lose links, empty directories and modes: in a release.
inline constexpr char kListingSuffix[] = ".tally-directory";

// Bounds on one directory, and on its listing.
inline constexpr size_t kMaxListingEntries = 2'000'000;
inline constexpr uint64_t kMaxDirectoryListingBytes = uint64_t{1} << 30;

// FormatListing returns the canonical listing of a directory: one line for each
// entry but the top.
std::string FormatListing(const SourceTree& tree);

// ParseDirectoryListing accepts only what FormatListing writes; the contents
// have a digest and no bytes. `sizes` gets the size of every file, by path.
Result<SourceTree> ParseDirectoryListing(
    std::string_view text, std::map<std::string, uint64_t>* sizes);

// ReadDirectory reads `path` below `root`: modes become 0644, or 0755 for
// directories and for what its owner may execute, and owners 0. `.git` is left
// out. Device files, sockets, pipes, names with control bytes and symbolic
// links that lead out of the directory are InputErrors.
Result<SourceTree> ReadDirectory(const fs::path& root, const std::string& path,
                                 MappedFiles* mapped);

// LockDirectory reads a directory and puts its listing into the store, so that
// a later difference can be named.
Result<LockedDirectory> LockDirectory(const fs::path& root,
                                      const std::string& path, Store& store);

// ReadLockedDirectory reads a directory that must be the one of the lock, from
// its listing if there is one. Another one is an InputError that names the
// first file that differs.
Result<SourceTree> ReadLockedDirectory(const fs::path& root,
                                       const LockedDirectory& locked,
                                       const Store& store, MappedFiles* mapped);

// FindUncommitted returns what git does not have of a directory in a work tree:
// "untracked 'app/x'". Nothing if there is no git, or no work tree; what git
// cannot say is a line as well.
Result<std::vector<std::string>> FindUncommitted(const fs::path& directory);

}  // namespace tally
