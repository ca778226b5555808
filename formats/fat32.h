// FAT32 file systems: the one canonical image of a list of files, for an EFI
// system partition. See docs/formats/fat32.md.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/file_tree.h"

namespace tally {

// Fat32Node is one name in the file system; the root has none.
struct Fat32Node {
  std::string path;                 // "EFI/BOOT/BOOTX64.EFI"; printable ASCII
  NodeType type = NodeType::kFile;  // a directory or a file
  uint64_t size_bytes = 0;          // of a file; less than 4 GiB

  bool operator==(const Fat32Node&) const = default;
};

// Fat32Nodes is sorted by path, byte by byte; a directory comes before what it
// holds, and every directory but the root is listed.
using Fat32Nodes = std::vector<Fat32Node>;

struct Fat32Options {
  std::string volume_label;  // 1 to 11 characters, upper case
  uint32_t volume_id = 0;
  int64_t time = 0;               // of every entry, in seconds since 1970
  uint64_t partition_offset = 0;  // where on the disk, in bytes
  // Of the whole image. If absent, the smallest multiple of 1 MiB that holds
  // the files and is FAT32.
  std::optional<uint64_t> size_bytes;

  bool operator==(const Fat32Options&) const = default;
};

// Fat32Source appends the content of nodes[node], exactly its size_bytes.
using Fat32Source = std::function<Status(size_t node, ByteSink& sink)>;

// Fat32Size returns how many bytes WriteFat32 will write. It makes all checks
// that need no content.
Result<uint64_t> Fat32Size(const Fat32Nodes& nodes,
                           const Fat32Options& options);

// WriteFat32 writes the image front to back and asks `source` once for each
// file that is not empty, in list order. Names that FAT cannot hold or that
// differ by case only, a time outside 1980 to 2107, a list that breaks a rule
// above, files that do not fit and content of another size are input errors.
Status WriteFat32(const Fat32Nodes& nodes, const Fat32Options& options,
                  const Fat32Source& source, ByteSink& sink);

// Fat32Image is what ReadFat32 found.
struct Fat32Image {
  Fat32Options options;  // with size_bytes
  Fat32Nodes nodes;
  std::vector<ByteSpan> contents;  // one for each node, empty for directories
  // Contents that are not in one piece in the image; `contents` views them.
  // Moving the image keeps the views valid, hence no copies.
  std::vector<Bytes> joined_contents;

  Fat32Image() = default;
  Fat32Image(Fat32Image&&) = default;
  Fat32Image& operator=(Fat32Image&&) = default;
};

// ReadFat32 reads every image of WriteFat32, and those of mkfs.fat and mtools
// that have 512-byte sectors, two FATs, a volume label and names in ASCII. An
// inconsistent file system, one with lost or shared clusters included, is an
// input error. Times of files are not read.
Result<Fat32Image> ReadFat32(ByteSpan image);

}  // namespace tally
