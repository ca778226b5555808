// The canonical listing of one unpacked package: what the lock pins as
// tree_sha256. See docs/formats/tree-cache.md.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "builder/package.h"
#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// ListedEntry is one line of a listing. The content of `entry` has a digest but
// no bytes.
struct ListedEntry {
  UnpackedEntry entry;
  uint64_t size_bytes = 0;        // of a file
  std::optional<size_t> link_of;  // index of an earlier file: a hard link
};

struct PackageListing {
  std::string control_text;
  std::vector<ListedEntry> entries;  // in the order of data.tar
};

// EncodeListing returns the bytes for a package with all its entries: a
// filtered one has another listing.
Bytes EncodeListing(const UnpackedPackage& package);

// ParseListing accepts only what EncodeListing writes.
Result<PackageListing> ParseListing(ByteSpan bytes);

}  // namespace tally
