// The cache of unpacked packages: what parses has the one encoding of its
// listing, and contents that lie in the file, one behind the other.
#include <algorithm>

#include "builder/tree_cache.h"
#include "common/check.h"

namespace {

// Unpacked returns the package that the entry holds.
tally::UnpackedPackage Unpacked(const tally::TreeCacheEntry& entry) {
  tally::UnpackedPackage package{.name = "fuzz"};
  package.control_text = entry.listing.control_text;
  for (size_t i = 0; i < entry.contents.size(); ++i) {
    package.entries.push_back(entry.listing.entries[i].entry);
    package.entries.back().content.bytes = entry.contents[i];
  }
  return package;
}

void CheckListing(tally::ByteSpan bytes) {
  const auto listing = tally::ParseListing(bytes);
  if (!listing) {
    TALLY_CHECK(listing.error().code() == tally::ErrorCode::kInput);
    return;
  }
  for (const tally::ListedEntry& listed : listing->entries) {
    TALLY_CHECK(!listed.entry.path.starts_with('/'));
    TALLY_CHECK(listed.link_of.has_value() ==
                !listed.entry.hard_link_of.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  CheckListing(input);
  const auto entry = tally::ParseTreeCacheEntry(input);
  if (!entry) {
    TALLY_CHECK(entry.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  const uint8_t* end_of_last = data;
  for (size_t i = 0; i < entry->contents.size(); ++i) {
    const tally::ByteSpan content = entry->contents[i];
    if (content.empty() || entry->listing.entries[i].link_of) continue;
    TALLY_CHECK(content.data() >= end_of_last);
    end_of_last = content.data() + content.size();
    TALLY_CHECK(end_of_last <= data + size);
  }
  const tally::UnpackedPackage package = Unpacked(*entry);
  const tally::Bytes listing = tally::EncodeListing(package);
  TALLY_CHECK(std::ranges::equal(listing, entry->listing_bytes));
  // Written again it has the same size, and parses.
  tally::BufferSink again;
  TALLY_CHECK(tally::WriteTreeCacheEntry(package, listing, again));
  TALLY_CHECK(again.bytes().size() == size);
  TALLY_CHECK(tally::ParseTreeCacheEntry(again.bytes()));
  return 0;
}
