// The cache of unpacked packages in the store: trees/ab/<tree_sha256>, one file
// for each package. See docs/formats/tree-cache.md.
//
// Nothing in it is trusted: the listing must have the digest that the lock
// pins, and every file is hashed when it is used. Losing an entry costs time
// only.
#pragma once

#include <filesystem>

#include "builder/package.h"
#include "builder/package_listing.h"
#include "builder/store.h"

namespace tally {

// TreeCacheEntry is the file of one package. The spans point into it.
struct TreeCacheEntry {
  ByteSpan listing_bytes;
  PackageListing listing;
  // Of each entry of the listing, empty for what is not a file. Nothing here
  // has been hashed.
  std::vector<ByteSpan> contents;
};

// ParseTreeCacheEntry checks the form and no digest.
Result<TreeCacheEntry> ParseTreeCacheEntry(ByteSpan file);

// WriteTreeCacheEntry writes the file of a package with all its entries.
// `listing` is EncodeListing(package).
Status WriteTreeCacheEntry(const UnpackedPackage& package, ByteSpan listing,
                           ByteSink& sink);

// CachedTreePath returns where the entry is, or would be.
fs::path CachedTreePath(const Store& store, const Sha256Digest& tree_sha256);

// ReadCachedTree returns a package with all its entries, of which those that
// `wanted` says, and no others, have been hashed: the caller drops the rest.
// Contents are views of the mapped file, which they keep. No entry is an
// IoError; any difference from `tree_sha256` an InputError.
Result<UnpackedPackage> ReadCachedTree(const Store& store,
                                       const std::string& name,
                                       const Sha256Digest& tree_sha256,
                                       const PathFilter& wanted);

// CacheTree writes the entry of a package with all its entries, replacing what
// is there, and makes the contents of `package` views of the new file, so that
// the memory they were in is free. On failure `package` is as it was.
Status CacheTree(const Store& store, ByteSpan listing,
                 const Sha256Digest& tree_sha256, UnpackedPackage* package);

}  // namespace tally
