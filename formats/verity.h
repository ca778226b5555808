// dm-verity hash trees: version 1, SHA-256, blocks of 4096 bytes, with the
// superblock that veritysetup writes. See docs/formats/dm-verity.md.
#pragma once

#include <array>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/hash.h"
#include "formats/uuid.h"

namespace tally {

using VerityRootHash = Digest<struct VerityRootHashTag, 32>;

inline constexpr uint64_t kVerityBlockSize = 4096;

struct VerityOptions {
  Uuid uuid;
  std::array<uint8_t, 32> salt = {};
};

// VeritySuperblock is the part of the superblock that may differ between
// images: ParseVeritySuperblock refuses every other version, algorithm and
// block size.
struct VeritySuperblock {
  Uuid uuid;
  uint64_t num_data_blocks = 0;
  Bytes salt;  // at most 256 bytes

  bool operator==(const VeritySuperblock&) const = default;
};

// VerityHashAreaSize returns the size of the hash area (superblock and levels)
// for data of that size, which must be a multiple of kVerityBlockSize.
uint64_t VerityHashAreaSize(uint64_t data_size_bytes);

// VerityBuilder hashes the data while it is written: put it in a TeeSink. It
// keeps 32 bytes for every block of data, and at most one partial block.
class VerityBuilder : public ByteSink {
 public:
  explicit VerityBuilder(const VerityOptions& options);

  Status Append(ByteSpan bytes) override;

  // Finish writes the hash area to `sink` and returns the root hash. Data that
  // is empty or not a whole number of blocks is an input error. Call it once.
  Result<VerityRootHash> Finish(ByteSink& sink);

 private:
  VerityOptions options_;
  Sha256Hasher hasher_;
  Bytes partial_block_;
  Bytes leaves_;
};

// VerityLeaves returns the digests of the blocks of `data`, which must be a
// whole number of blocks. Parts of one image can be hashed at the same time.
Bytes VerityLeaves(ByteSpan data, ByteSpan salt);

// WriteVerityHashArea is VerityBuilder::Finish for who has the leaves of all
// blocks, in order.
Result<VerityRootHash> WriteVerityHashArea(const VerityOptions& options,
                                           Bytes leaves, ByteSink& sink);

// EncodeVeritySuperblock returns the 512 bytes. The salt has at most 256 bytes.
Bytes EncodeVeritySuperblock(const VeritySuperblock& superblock);
// ParseVeritySuperblock reads the first 512 bytes of a hash area.
Result<VeritySuperblock> ParseVeritySuperblock(ByteSpan hash_area);

// RecomputeRoot returns the root hash of `data`, whose size must be what the
// superblock says.
Result<VerityRootHash> RecomputeRoot(ByteSpan data,
                                     const VeritySuperblock& superblock);

// VerifyVerity recomputes the tree and compares every byte of the hash area;
// the first difference is a mismatch error. Zeros may follow the tree. Returns
// the root hash, which the caller compares with the one that it trusts.
Result<VerityRootHash> VerifyVerity(ByteSpan data, ByteSpan hash_area);

}  // namespace tally
