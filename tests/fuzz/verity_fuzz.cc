// The superblock survives a round trip; a tree that verifies is the one that
// the builder makes of the same data.
#include <algorithm>

#include "common/check.h"
#include "formats/verity.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const auto superblock = tally::ParseVeritySuperblock(input);
  if (superblock) {
    const tally::Bytes encoded = tally::EncodeVeritySuperblock(*superblock);
    TALLY_CHECK(std::ranges::equal(encoded, input.first(encoded.size())));
  }

  // The input as data, too: built and verified.
  const tally::ByteSpan blocks =
      input.first(size / tally::kVerityBlockSize * tally::kVerityBlockSize);
  if (blocks.empty()) return 0;
  tally::VerityBuilder builder({});
  TALLY_CHECK(builder.Append(blocks));
  tally::BufferSink hash_area;
  const auto root = builder.Finish(hash_area);
  TALLY_CHECK(root);
  const auto verified = tally::VerifyVerity(blocks, hash_area.bytes());
  TALLY_CHECK(verified && *verified == *root);
  // The input as a hash area of its own first block never verifies by accident.
  TALLY_CHECK(!tally::VerifyVerity(blocks, input) || superblock);
  return 0;
}
