// SourceTree: the files of a directory, an archive or an OCI image, before they
// have a place in an image.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/content.h"
#include "formats/file_tree.h"

namespace tally {

struct SourceEntry {
  std::string path;  // relative, normal; "" for the top
  NodeType type = NodeType::kFile;
  unsigned mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Content content;
  std::string symlink_target;
  std::string inode;  // entries with the same non-empty inode are hard links
  std::map<std::string, Bytes> xattrs;
};

// SourceTree is sorted by path; parents may be missing.
using SourceTree = std::vector<SourceEntry>;

}  // namespace tally
