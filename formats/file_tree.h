// FileList: a read-only listing of a file system in canonical order, the input
// of every file-system and archive writer here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/bytes.h"

namespace tally {

enum class NodeType { kDirectory, kFile, kSymlink };

// FileNode is one name in the file system.
struct FileNode {
  // "" for the root, else relative without a leading slash: "usr/bin/x". Bytes.
  std::string path;
  NodeType type = NodeType::kFile;
  unsigned mode = 0;  // permission bits, suid, sgid, sticky; 0777 for symlinks
  uint32_t uid = 0;
  uint32_t gid = 0;
  int64_t mtime = 0;           // seconds since 1970, not negative
  std::string symlink_target;  // for symlinks only
  // For files only. The bytes must outlive the writer. A hard link has the
  // content of the file that it links to; its own field is not read.
  ByteSpan content;
  // Full name ("security.capability") and value, sorted by name.
  std::vector<std::pair<std::string, Bytes>> xattrs;
  // Index of an earlier file node that is the same inode, and is not itself a
  // hard link. Both nodes carry the same metadata.
  std::optional<size_t> hard_link_of;
};

// FileList is sorted by path, byte by byte, without duplicates: so the root
// comes first, a directory comes before what it holds, and siblings are in byte
// order.
using FileList = std::vector<FileNode>;

// CheckFileList refuses a list that breaks a rule above: unsorted or duplicate
// paths, a missing or non-directory parent, empty, "." or ".." components, NUL,
// names over 255 bytes, paths and targets over 4095, contradictory hard links.
Status CheckFileList(const FileList& files);

// LinkCounts returns for every node the number of names of its inode (for
// directories 2 plus the number of subdirectories, as Linux counts). `files`
// must have passed CheckFileList.
std::vector<uint32_t> LinkCounts(const FileList& files);

// ParentPath returns "usr" for "usr/bin" and "" for "usr".
std::string_view ParentPath(std::string_view path);
// BaseName returns "bin" for "usr/bin".
std::string_view BaseName(std::string_view path);

}  // namespace tally
