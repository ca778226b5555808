// Locking and fetching what is not a package: downloads, directories, OCI
// images. See docs/sources.md.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "builder/fetch.h"
#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Warn takes one line for people.
using Warn = std::function<void(const std::string& text)>;

// LockSources fills the downloads, directories and OCI images of `lock`, whose
// architecture must be there, and brings what a build reads of them into the
// store. `warn`, which may be empty, is told what git does not have.
Status LockSources(const Manifest& manifest, const FetchOptions& options,
                   const Warn& warn, Store& store, Lock& lock);

// FetchSources brings the same into the store. Layouts are read below `root`,
// if the store does not have their blobs.
Result<FetchReport> FetchSources(const Lock& lock, const fs::path& root,
                                 const FetchOptions& options, Store& store);

// WriteReleaseSources writes what a rebuild reads beside the manifest: local
// files, directories with their listings, and the blobs of OCI layouts. `root`
// is where the first two are, `destination` a directory that need not exist.
Status WriteReleaseSources(const Lock& lock, const Store& store,
                           const fs::path& root, const fs::path& destination);

// SourceDigests is what files have to be, by their paths.
using SourceDigests = std::map<std::string, Sha256Digest>;

// ListReleaseSources returns all files that WriteReleaseSources writes, with
// what the lock says of them. The listings of directories are read below
// `root`; one that is not the lock's is a MismatchError.
Result<SourceDigests> ListReleaseSources(const Lock& lock,
                                         const fs::path& root);

}  // namespace tally
