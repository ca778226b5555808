// Superblock: struct verity_sb of cryptsetup (lib/verity/verity.c), documented
// in its wiki page DMVerity. Tree:
// Documentation/admin-guide/device-mapper/verity.rst of Linux.
#include "formats/verity.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kDigestSize = 32;
constexpr uint64_t kDigestsPerBlock = kVerityBlockSize / kDigestSize;
constexpr std::string_view kVeritySignature("verity\0\0", 8);
constexpr uint32_t kVeritySuperblockVersion = 1;
constexpr uint32_t kHashType = 1;  // 1: the salt goes before the block
constexpr std::string_view kVerityAlgorithm = "sha256";
constexpr uint64_t kAlgorithmFieldSize = 32;
constexpr uint64_t kVeritySuperblockSize = 512;
constexpr uint64_t kMaxSaltSize = 256;

// HashBlock hashes one block with its salt. `hasher` is empty before and after,
// and saves an allocation for every block.
Sha256Digest HashBlock(Sha256Hasher& hasher, ByteSpan salt, ByteSpan block) {
  return hasher.Update(salt).Update(block).Finish();
}

void AppendDigest(Bytes& digests, const Sha256Digest& digest) {
  digests.insert(digests.end(), digest.span().begin(), digest.span().end());
}

// HashLevel pads `level` to whole blocks and returns the digests of these.
Bytes HashLevel(Sha256Hasher& hasher, ByteSpan salt, Bytes& level) {
  level.resize(AlignUp(level.size(), kVerityBlockSize));
  Bytes digests;
  for (uint64_t at = 0; at < level.size(); at += kVerityBlockSize) {
    AppendDigest(
        digests,
        HashBlock(hasher, salt, ByteSpan(level).subspan(at, kVerityBlockSize)));
  }
  return digests;
}

struct Tree {
  std::vector<Bytes> levels;  // leaves first, each padded to whole blocks
  VerityRootHash root;
};

// BuildTree hashes level after level until one digest is left. A single block
// of data has no level at all: its digest is the root.
Result<Tree> BuildTree(Bytes leaves, ByteSpan salt) {
  Tree tree;
  Sha256Hasher hasher;
  Bytes digests = std::move(leaves);
  while (digests.size() > kDigestSize) {
    Bytes above = HashLevel(hasher, salt, digests);
    tree.levels.push_back(std::move(digests));
    digests = std::move(above);
  }
  TALLY_ASSIGN(tree.root, VerityRootHash::FromBytes(digests));
  return tree;
}

// WriteHashArea writes the superblock in a block of its own, then the levels,
// the topmost first.
Status WriteHashArea(const Tree& tree, const VeritySuperblock& superblock,
                     ByteSink& sink) {
  Bytes first_block = EncodeVeritySuperblock(superblock);
  first_block.resize(kVerityBlockSize);
  TALLY_TRY(sink.Append(first_block));
  for (auto level = tree.levels.rbegin(); level != tree.levels.rend();
       ++level) {
    TALLY_TRY(sink.Append(*level));
  }
  return Ok();
}

Result<Tree> TreeOf(ByteSpan data, const VeritySuperblock& superblock) {
  if (data.size() % kVerityBlockSize != 0 || data.empty() ||
      data.size() / kVerityBlockSize != superblock.num_data_blocks) {
    return InputError("dm-verity: data has " + std::to_string(data.size()) +
                      " bytes, the superblock says " +
                      std::to_string(superblock.num_data_blocks) +
                      " blocks of 4096");
  }
  return BuildTree(VerityLeaves(data, superblock.salt), superblock.salt);
}

Result<VerityRootHash> WriteTree(const VerityOptions& options, Bytes leaves,
                                 ByteSink& sink) {
  const VeritySuperblock superblock = {
      .uuid = options.uuid,
      .num_data_blocks = leaves.size() / kDigestSize,
      .salt = ToBytes(options.salt)};
  TALLY_ASSIGN(const Tree tree, BuildTree(std::move(leaves), superblock.salt));
  TALLY_TRY(WriteHashArea(tree, superblock, sink));
  return tree.root;
}

Error WrongDataSize(uint64_t size_bytes) {
  return InputError("dm-verity: data has " + std::to_string(size_bytes) +
                    " bytes, expected a positive multiple of 4096");
}

}  // namespace

uint64_t VerityHashAreaSize(uint64_t data_size_bytes) {
  uint64_t num_blocks = data_size_bytes / kVerityBlockSize;
  uint64_t total_blocks = 1;  // the superblock
  while (num_blocks > 1) {
    num_blocks = AlignUp(num_blocks, kDigestsPerBlock) / kDigestsPerBlock;
    total_blocks += num_blocks;
  }
  return total_blocks * kVerityBlockSize;
}

VerityBuilder::VerityBuilder(const VerityOptions& options)
    : options_(options) {}

Status VerityBuilder::Append(ByteSpan bytes) {
  if (!partial_block_.empty()) {
    const uint64_t missing = kVerityBlockSize - partial_block_.size();
    const ByteSpan head =
        bytes.first(std::min<uint64_t>(missing, bytes.size()));
    partial_block_.insert(partial_block_.end(), head.begin(), head.end());
    bytes = bytes.subspan(head.size());
    if (partial_block_.size() < kVerityBlockSize) return Ok();
    AppendDigest(leaves_, HashBlock(hasher_, options_.salt, partial_block_));
    partial_block_.clear();
  }
  while (bytes.size() >= kVerityBlockSize) {
    AppendDigest(leaves_, HashBlock(hasher_, options_.salt,
                                    bytes.first(kVerityBlockSize)));
    bytes = bytes.subspan(kVerityBlockSize);
  }
  partial_block_.insert(partial_block_.end(), bytes.begin(), bytes.end());
  return Ok();
}

Result<VerityRootHash> VerityBuilder::Finish(ByteSink& sink) {
  const uint64_t num_blocks = leaves_.size() / kDigestSize;
  if (num_blocks == 0 || !partial_block_.empty()) {
    return WrongDataSize(num_blocks * kVerityBlockSize + partial_block_.size());
  }
  return WriteTree(options_, std::move(leaves_), sink);
}

Bytes VerityLeaves(ByteSpan data, ByteSpan salt) {
  TALLY_CHECK(data.size() % kVerityBlockSize == 0);
  Sha256Hasher hasher;
  Bytes leaves;
  leaves.reserve(data.size() / kVerityBlockSize * kDigestSize);
  for (uint64_t at = 0; at < data.size(); at += kVerityBlockSize) {
    AppendDigest(leaves,
                 HashBlock(hasher, salt, data.subspan(at, kVerityBlockSize)));
  }
  return leaves;
}

Result<VerityRootHash> WriteVerityHashArea(const VerityOptions& options,
                                           Bytes leaves, ByteSink& sink) {
  TALLY_CHECK(leaves.size() % kDigestSize == 0);
  if (leaves.empty()) return WrongDataSize(0);
  return WriteTree(options, std::move(leaves), sink);
}

Bytes EncodeVeritySuperblock(const VeritySuperblock& superblock) {
  TALLY_CHECK(superblock.salt.size() <= kMaxSaltSize);
  const auto salt_size = static_cast<uint16_t>(superblock.salt.size());
  const auto block_size = static_cast<uint32_t>(kVerityBlockSize);
  ByteWriter writer;
  writer.Text(kVeritySignature);                   // 0x00 signature
  writer.U32Le(kVeritySuperblockVersion);          // 0x08 version
  writer.U32Le(kHashType);                         // 0x0c hash_type
  writer.Raw(superblock.uuid.bytes);               // 0x10 uuid
  writer.Text(kVerityAlgorithm).ZerosUntil(0x40);  // 0x20 algorithm
  writer.U32Le(block_size);                        // 0x40 data_block_size
  writer.U32Le(block_size);                        // 0x44 hash_block_size
  writer.U64Le(superblock.num_data_blocks);        // 0x48 data_blocks
  writer.U16Le(salt_size);                         // 0x50 salt_size
  writer.Zeros(6);                                 // 0x52 _pad1
  writer.Raw(superblock.salt).ZerosUntil(0x158);   // 0x58 salt
  writer.ZerosUntil(kVeritySuperblockSize);        // 0x158 _pad2
  return std::move(writer).Take();
}

Result<VeritySuperblock> ParseVeritySuperblock(ByteSpan hash_area) {
  ByteReader reader("dm-verity superblock",
                    hash_area.first(std::min<uint64_t>(hash_area.size(),
                                                       kVeritySuperblockSize)));
  VeritySuperblock superblock;
  const std::string_view signature = AsText(reader.Take("signature", 8));
  if (signature != kVeritySignature) {
    reader.Fail("signature", "found " + Quote(signature) +
                                 ", expected 'verity' and two zeros");
  }
  const auto expect = [&reader](std::string_view field, uint32_t expected) {
    const uint32_t found = reader.U32Le(field);
    if (found != expected) {
      reader.Fail(field, "found " + std::to_string(found) + ", expected " +
                             std::to_string(expected));
    }
  };
  expect("version", kVeritySuperblockVersion);
  expect("hash_type", kHashType);
  superblock.uuid.bytes = reader.Array<16>("uuid");
  const std::string_view algorithm =
      AsText(reader.Take("algorithm", kAlgorithmFieldSize));
  if (!algorithm.starts_with(kVerityAlgorithm) ||
      algorithm.find_first_not_of('\0', kVerityAlgorithm.size()) !=
          std::string_view::npos) {
    reader.Fail("algorithm",
                "found " + Quote(algorithm.substr(0, algorithm.find('\0'))) +
                    ", expected 'sha256' and zeros");
  }
  expect("data_block_size", kVerityBlockSize);
  expect("hash_block_size", kVerityBlockSize);
  superblock.num_data_blocks = reader.U64Le("data_blocks");
  if (superblock.num_data_blocks == 0) {
    reader.Fail("data_blocks", "found 0, expected at least 1");
  }
  const uint64_t salt_size =
      reader.Count("salt_size", reader.U16Le("salt_size"), kMaxSaltSize);
  reader.Zeros("_pad1", 6);
  superblock.salt = ToBytes(reader.Take("salt", salt_size));
  reader.Zeros("salt padding", kMaxSaltSize - salt_size);
  reader.Zeros("_pad2", 168);
  TALLY_TRY(reader.Finish());
  return superblock;
}

Result<VerityRootHash> RecomputeRoot(ByteSpan data,
                                     const VeritySuperblock& superblock) {
  TALLY_ASSIGN(const Tree tree, TreeOf(data, superblock));
  return tree.root;
}

Result<VerityRootHash> VerifyVerity(ByteSpan data, ByteSpan hash_area) {
  TALLY_ASSIGN(const VeritySuperblock superblock,
               ParseVeritySuperblock(hash_area));
  TALLY_ASSIGN(const Tree tree, TreeOf(data, superblock));
  BufferSink expected;
  TALLY_TRY(WriteHashArea(tree, superblock, expected));
  const uint64_t size_bytes = expected.bytes().size();
  if (hash_area.size() < size_bytes) {
    return InputError("dm-verity: hash area has " +
                      std::to_string(hash_area.size()) + " bytes, expected " +
                      std::to_string(size_bytes));
  }
  const auto difference =
      std::ranges::mismatch(expected.bytes(), hash_area.first(size_bytes));
  if (difference.in1 != expected.bytes().end()) {
    const auto at =
        static_cast<uint64_t>(difference.in1 - expected.bytes().begin());
    return MismatchError("dm-verity: hash area at " + HexNumber(at) +
                         " does not belong to the data");
  }
  ByteReader rest("dm-verity hash area", hash_area.subspan(size_bytes),
                  size_bytes);
  rest.Zeros("padding", rest.remaining());
  TALLY_TRY(rest.Finish());
  return tree.root;
}

}  // namespace tally
