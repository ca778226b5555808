// Compares a directory on disk with the list that it was extracted from.
#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/file_tree.h"
#include "tests/support/test_files.h"

namespace tally::test {

inline mode_t TypeBits(NodeType type) {
  return type == NodeType::kDirectory ? S_IFDIR
         : type == NodeType::kSymlink ? S_IFLNK
                                      : S_IFREG;
}

// TreeChecks leaves out what a tool does not restore.
struct TreeChecks {
  bool only_file_times = false;
  bool owners = true;   // only if the test runs as root
  bool set_ids = true;  // suid and sgid of files
};

// ExpectSameTree checks type, mode, owners, times, contents and targets of
// every node, and that nothing else is there.
inline void ExpectSameTree(const FileList& files, const fs::path& root,
                           const TreeChecks& checks) {
  size_t num_found = 1;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    static_cast<void>(entry);
    ++num_found;
  }
  EXPECT_EQ(num_found, files.size());
  for (const FileNode& node : files) {
    const fs::path path = node.path.empty() ? root : root / node.path;
    struct stat found = {};
    ASSERT_EQ(lstat(path.c_str(), &found), 0) << path;
    const unsigned mask = checks.set_ids ? ~0u : ~06000u;
    EXPECT_EQ(found.st_mode & mask, (TypeBits(node.type) | node.mode) & mask)
        << path;
    if (node.type == NodeType::kFile || !checks.only_file_times) {
      EXPECT_EQ(found.st_mtime, node.mtime) << path;
    }
    if (checks.owners && geteuid() == 0) {
      EXPECT_EQ(found.st_uid, node.uid) << path;
      EXPECT_EQ(found.st_gid, node.gid) << path;
    }
    if (node.type == NodeType::kSymlink) {
      EXPECT_EQ(fs::read_symlink(path).string(), node.symlink_target);
    } else if (node.type == NodeType::kFile) {
      const ByteSpan content =
          files[node.hard_link_of.value_or(
                    static_cast<size_t>(&node - files.data()))]
              .content;
      EXPECT_EQ(MustRead(path), ToBytes(content)) << path;
    }
  }
}

}  // namespace tally::test
