// Superblock and inodes. Directories and extended attributes: erofs_entries.cc.
#include "formats/erofs_format.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"
#include "formats/crc32c.h"

namespace tally::erofs {
namespace {

constexpr uint32_t kErofsMagic = 0xe0f5e1e2;  // EROFS_SUPER_MAGIC_V1
constexpr uint32_t kFeatureChecksum = 0x1;    // EROFS_FEATURE_COMPAT_SB_CHKSUM
constexpr uint32_t kFeatureMtime = 0x2;       // EROFS_FEATURE_COMPAT_MTIME
constexpr uint8_t kBlockSizeBits = 12;
constexpr uint64_t kVolumeNameSize = 16;      // with NUL
constexpr uint64_t kChecksumOffset = 4;       // in the superblock
constexpr uint16_t kTypeDirectory = 0040000;  // S_IFDIR
constexpr uint16_t kTypeFile = 0100000;       // S_IFREG
constexpr uint16_t kTypeSymlink = 0120000;    // S_IFLNK

// Checksum continues over the block after the superblock: the field covers
// bytes 1024 to 4095 with itself zero (erofs_superblock_csum_verify).
Bytes EncodeSuperblock(const Superblock& superblock, uint32_t checksum) {
  ByteWriter writer;
  writer.U32Le(kErofsMagic);                       // 0x00 magic
  writer.U32Le(checksum);                          // 0x04 checksum
  writer.U32Le(kFeatureChecksum | kFeatureMtime);  // 0x08 feature_compat
  writer.U8(kBlockSizeBits);                       // 0x0c blkszbits
  writer.U8(0);                                    // 0x0d sb_extslots
  writer.U16Le(static_cast<uint16_t>(superblock.root_nid));  // 0x0e root_nid
  writer.U64Le(superblock.num_inodes);                       // 0x10 inos
  writer.U64Le(superblock.build_time);                       // 0x18 build_time
  writer.U32Le(0);                                       // 0x20 build_time_nsec
  writer.U32Le(superblock.num_blocks);                   // 0x24 blocks
  writer.U32Le(superblock.meta_block);                   // 0x28 meta_blkaddr
  writer.U32Le(0);                                       // 0x2c xattr_blkaddr
  writer.Raw(superblock.uuid.bytes);                     // 0x30 uuid
  writer.Text(superblock.volume_name).ZerosUntil(0x50);  // 0x40 volume_name
  writer.U32Le(0);                     // 0x50 feature_incompat
  writer.ZerosUntil(kSuperblockSize);  // 0x54 (unused here)
  return std::move(writer).Take();
}

Status VerifyChecksum(ByteSpan image, uint32_t expected) {
  const ByteSpan covered =
      image.subspan(kSuperblockOffset, kBlockSize - kSuperblockOffset);
  constexpr std::array<uint8_t, 4> kZeroField = {};
  uint32_t crc = Crc32c(~uint32_t{0}, covered.first(kChecksumOffset));
  crc = Crc32c(crc, kZeroField);
  crc = Crc32c(crc, covered.subspan(kChecksumOffset + kZeroField.size()));
  if (crc == expected) return Ok();
  return InputError("erofs superblock: checksum at 0x404: found " +
                    HexNumber(expected) + ", but the block has " +
                    HexNumber(crc));
}

uint16_t TypeBits(NodeType type) {
  switch (type) {
    case NodeType::kDirectory:
      return kTypeDirectory;
    case NodeType::kSymlink:
      return kTypeSymlink;
    case NodeType::kFile:
      break;
  }
  return kTypeFile;
}

void SplitMode(ByteReader& reader, uint16_t mode, Inode& inode) {
  inode.mode = mode & 07777;
  switch (mode & 0170000) {
    case kTypeDirectory:
      inode.type = NodeType::kDirectory;
      return;
    case kTypeFile:
      inode.type = NodeType::kFile;
      return;
    case kTypeSymlink:
      inode.type = NodeType::kSymlink;
      return;
    default:
      reader.Fail("i_mode", "found " + HexNumber(mode) +
                                ", expected a file, directory or symlink");
  }
}

void SplitFormat(ByteReader& reader, uint16_t format, Inode& inode) {
  const unsigned layout = (format >> 1) & 7;
  inode.header_size =
      (format & 1) != 0 ? kExtendedInodeSize : kCompactInodeSize;
  inode.layout = layout == 2 ? Layout::kInline : Layout::kPlain;
  if (format > 0xf || (layout != 0 && layout != 2)) {
    reader.Fail("i_format", "found " + HexNumber(format) +
                                ", expected a flat uncompressed inode");
  }
}

void ParseCompact(ByteReader& reader, const Superblock& superblock,
                  Inode& inode) {
  inode.num_links = reader.U16Le("i_nlink");
  inode.size_bytes = reader.U32Le("i_size");
  reader.Skip("i_reserved", 4);  // later kernels: i_mtime
  inode.first_block = reader.U32Le("i_u");
  inode.ino = reader.U32Le("i_ino");
  inode.uid = reader.U16Le("i_uid");
  inode.gid = reader.U16Le("i_gid");
  reader.Zeros("i_reserved2", 4);
  inode.mtime = static_cast<int64_t>(superblock.build_time);
}

void ParseExtended(ByteReader& reader, Inode& inode) {
  reader.Zeros("i_reserved", 2);
  inode.size_bytes = reader.U64Le("i_size");
  inode.first_block = reader.U32Le("i_u");
  inode.ino = reader.U32Le("i_ino");
  inode.uid = reader.U32Le("i_uid");
  inode.gid = reader.U32Le("i_gid");
  inode.mtime = static_cast<int64_t>(
      reader.Count("i_mtime", reader.U64Le("i_mtime"), INT64_MAX));
  reader.Zeros("i_mtime_nsec", 4);
  inode.num_links = reader.U32Le("i_nlink");
  reader.Zeros("i_reserved2", 16);
}

}  // namespace

uint64_t Inode::num_data_blocks() const {
  return layout == Layout::kInline
             ? size_bytes / kBlockSize
             : AlignUp(size_bytes, kBlockSize) / kBlockSize;
}

uint64_t Inode::tail_size() const {
  return layout == Layout::kInline ? size_bytes % kBlockSize : 0;
}

Bytes EncodeFirstBlock(const Superblock& superblock, ByteSpan rest) {
  TALLY_CHECK(rest.size() == kBlockSize - kSuperblockOffset - kSuperblockSize);
  TALLY_CHECK(superblock.root_nid <= UINT16_MAX);
  uint32_t crc = Crc32c(~uint32_t{0}, EncodeSuperblock(superblock, 0));
  crc = Crc32c(crc, rest);
  ByteWriter writer;
  writer.Zeros(kSuperblockOffset);
  writer.Raw(EncodeSuperblock(superblock, crc));
  writer.Raw(rest);
  return std::move(writer).Take();
}

Result<Superblock> ParseSuperblock(ByteSpan image) {
  if (image.size() < kBlockSize) {
    return InputError("erofs: image has " + std::to_string(image.size()) +
                      " bytes, expected at least 4096");
  }
  ByteReader reader("erofs superblock",
                    image.subspan(kSuperblockOffset, kSuperblockSize),
                    kSuperblockOffset);
  Superblock superblock;
  const uint32_t magic = reader.U32Le("magic");
  if (magic != kErofsMagic) {
    reader.Fail("magic", "found " + HexNumber(magic) + ", expected 0xe0f5e1e2");
  }
  const uint32_t checksum = reader.U32Le("checksum");
  const uint32_t compat = reader.U32Le("feature_compat");
  if ((compat & ~kFeatureMtime) != kFeatureChecksum) {
    reader.Fail("feature_compat", "found " + HexNumber(compat) +
                                      ", expected 0x1 (checksum) or 0x3");
  }
  const uint8_t block_bits = reader.U8("blkszbits");
  if (block_bits != kBlockSizeBits) {
    reader.Fail("blkszbits", "found " + std::to_string(block_bits) +
                                 ", expected 12 (4096 bytes)");
  }
  reader.Zeros("sb_extslots", 1);
  superblock.root_nid = reader.U16Le("root_nid");
  superblock.num_inodes = reader.U64Le("inos");
  superblock.build_time =
      reader.Count("build_time", reader.U64Le("build_time"), INT64_MAX);
  reader.Zeros("build_time_nsec", 4);
  superblock.num_blocks = reader.U32Le("blocks");
  superblock.meta_block = reader.U32Le("meta_blkaddr");
  reader.Skip("xattr_blkaddr", 4);  // only shared attributes use it
  superblock.uuid.bytes = reader.Array<16>("uuid");
  const std::string_view name =
      AsText(reader.Take("volume_name", kVolumeNameSize));
  superblock.volume_name = std::string(name.substr(0, name.find('\0')));
  if (superblock.volume_name.size() == kVolumeNameSize ||
      name.find_first_not_of('\0', superblock.volume_name.size()) !=
          std::string_view::npos) {
    reader.Fail("volume_name",
                "found " + Quote(name) + ", expected a name and zeros");
  }
  reader.Zeros("feature_incompat", 4);
  reader.Zeros("reserved", kSuperblockSize - 0x54);
  TALLY_TRY(reader.Finish());
  TALLY_TRY(VerifyChecksum(image, checksum));
  return superblock;
}

Bytes EncodeInode(const Inode& inode) {
  TALLY_CHECK(inode.header_size == kExtendedInodeSize);
  // One header of 12 bytes counts 1, then 4 bytes each
  // (erofs_xattr_ibody_size).
  const uint64_t xattr_count =
      inode.xattrs_size == 0 ? 0 : (inode.xattrs_size - 12) / 4 + 1;
  TALLY_CHECK(xattr_count <= UINT16_MAX);
  ByteWriter writer;
  writer.U16Le(static_cast<uint16_t>(static_cast<unsigned>(inode.layout) << 1 |
                                     1));            // 0x00 i_format
  writer.U16Le(static_cast<uint16_t>(xattr_count));  // 0x02 i_xattr_icount
  writer.U16Le(
      static_cast<uint16_t>(TypeBits(inode.type) | inode.mode));  // 0x04 i_mode
  writer.U16Le(0);                                   // 0x06 i_reserved
  writer.U64Le(inode.size_bytes);                    // 0x08 i_size
  writer.U32Le(inode.first_block);                   // 0x10 i_u
  writer.U32Le(inode.ino);                           // 0x14 i_ino
  writer.U32Le(inode.uid);                           // 0x18 i_uid
  writer.U32Le(inode.gid);                           // 0x1c i_gid
  writer.U64Le(static_cast<uint64_t>(inode.mtime));  // 0x20 i_mtime
  writer.U32Le(0);                                   // 0x28 i_mtime_nsec
  writer.U32Le(inode.num_links);                     // 0x2c i_nlink
  writer.Zeros(16);                                  // 0x30 i_reserved2
  return std::move(writer).Take();
}

Result<Inode> ParseInode(ByteSpan bytes, uint64_t offset,
                         const Superblock& superblock) {
  ByteReader reader("erofs inode", bytes, offset);
  Inode inode;
  SplitFormat(reader, reader.U16Le("i_format"), inode);
  const uint64_t xattr_count = reader.U16Le("i_xattr_icount");
  if (xattr_count == 1) {
    reader.Fail("i_xattr_icount", "found 1, which has no meaning");
  }
  inode.xattrs_size = xattr_count == 0 ? 0 : 12 + 4 * (xattr_count - 1);
  SplitMode(reader, reader.U16Le("i_mode"), inode);
  if (inode.header_size == kExtendedInodeSize) {
    ParseExtended(reader, inode);
  } else {
    ParseCompact(reader, superblock, inode);
  }
  TALLY_TRY(reader.status());
  return inode;
}

}  // namespace tally::erofs
