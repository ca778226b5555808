// The on-disk structures of EROFS, as far as uncompressed images use them.
//
// Follows fs/erofs/erofs_fs.h of Linux 6.12; names of fields are from there.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "formats/file_tree.h"
#include "formats/uuid.h"

namespace tally::erofs {

inline constexpr uint64_t kBlockSize = 4096;
inline constexpr uint64_t kSuperblockOffset = 1024;  // EROFS_SUPER_OFFSET
inline constexpr uint64_t kSuperblockSize = 128;
inline constexpr uint64_t kSlotSize = 32;  // a nid counts slots of 32 bytes
inline constexpr uint64_t kCompactInodeSize = 32;
inline constexpr uint64_t kExtendedInodeSize = 64;

// struct erofs_super_block, without what is always zero in our images.
struct Superblock {
  uint64_t root_nid = 0;  // 16 bits on disk
  uint64_t num_inodes = 0;
  uint64_t build_time = 0;
  uint32_t num_blocks = 0;
  uint32_t meta_block = 0;
  Uuid uuid;
  std::string volume_name;
};

// EncodeFirstBlock returns the first 4096 bytes: 1024 zeros, the superblock
// with its checksum, and `rest`, the 2944 bytes after it.
Bytes EncodeFirstBlock(const Superblock& superblock, ByteSpan rest);
// ParseSuperblock reads the superblock of an image and verifies its checksum.
// Images that need a feature beyond flat files are refused.
Result<Superblock> ParseSuperblock(ByteSpan image);

// EROFS_INODE_FLAT_PLAIN and EROFS_INODE_FLAT_INLINE.
enum class Layout : uint16_t { kPlain = 0, kInline = 2 };

// Inode is either form of inode, read or to be written.
struct Inode {
  Layout layout = Layout::kPlain;
  uint64_t header_size = kExtendedInodeSize;  // 32 or 64
  uint64_t xattrs_size = 0;                   // in bytes, after the header
  NodeType type = NodeType::kFile;
  unsigned mode = 0;  // without the type
  uint64_t size_bytes = 0;
  uint32_t first_block = 0;
  uint32_t ino = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime = 0;
  uint32_t num_links = 0;

  // Whole blocks in the data area, and what follows the xattrs.
  uint64_t num_data_blocks() const;
  uint64_t tail_size() const;
};

// EncodeInode returns the 64 bytes of struct erofs_inode_extended.
Bytes EncodeInode(const Inode& inode);
// ParseInode reads an inode of either form. `bytes` is the image from the inode
// on, `offset` its position; compact inodes get the time of the superblock.
Result<Inode> ParseInode(ByteSpan bytes, uint64_t offset,
                         const Superblock& superblock);

using Xattrs = std::vector<std::pair<std::string, Bytes>>;
// EncodeXattrs returns the inline form with its header, or nothing if there are
// none. A name without one of the known prefixes is an input error.
Result<Bytes> EncodeXattrs(const Xattrs& xattrs, std::string_view path);
// ParseXattrs reads the inline form; the result is sorted by name.
Result<Xattrs> ParseXattrs(ByteSpan bytes, uint64_t offset);

// Dirent is struct erofs_dirent with its name.
struct Dirent {
  std::string_view name;
  uint64_t nid = 0;
  NodeType type = NodeType::kFile;
};

// DirectoryBlocks cuts names, in order, into blocks: the number of entries of
// each. Every name has at most 255 bytes.
std::vector<size_t> DirectoryBlocks(std::span<const std::string_view> names);
// DirectorySize returns i_size of a directory of these names.
uint64_t DirectorySize(std::span<const std::string_view> names);
// EncodeDirectory returns the data of a directory, DirectorySize bytes.
Bytes EncodeDirectory(const std::vector<Dirent>& entries);
// ParseDirectory reads the data of a directory: names strictly in byte order,
// with "." and "..". `subject` names the directory in error text. The names are
// views into `data`.
Result<std::vector<Dirent>> ParseDirectory(ByteSpan data,
                                           const std::string& subject);

}  // namespace tally::erofs
