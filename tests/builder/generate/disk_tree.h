// Trees from directories and back, to compare generators with real tools.
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "builder/tree.h"
#include "common/file.h"
#include "tests/support/test_files.h"

namespace tally::test {

// ReadDiskTree reads directories, files and links below `root`, all owned by
// root. Names in `excluded` are relative to it.
inline Tree ReadDiskTree(const fs::path& root,
                         const std::set<std::string>& excluded = {}) {
  Tree tree;
  std::set<fs::path> paths;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    paths.insert(entry.path());
  }
  for (const fs::path& path : paths) {
    const std::string relative = path.lexically_relative(root).string();
    if (excluded.contains(relative)) continue;
    TreeNode node = {.mode = 0755, .origin = {"package", "disk"}};
    if (fs::is_symlink(path)) {
      node.type = NodeType::kSymlink;
      node.mode = 0777;
      node.symlink_target = fs::read_symlink(path).string();
    } else if (fs::is_directory(path)) {
      node.type = NodeType::kDirectory;
    } else if (fs::is_regular_file(path)) {
      node.mode = static_cast<unsigned>(fs::status(path).permissions()) & 07777;
      node.content = MakeContent(MustRead(path));
    } else {
      continue;
    }
    EXPECT_TRUE(tree.Add(relative, std::move(node)));
  }
  return tree;
}

// WriteDiskTree writes directories, files and links below `root`, which it
// makes.
inline void WriteDiskTree(const Tree& tree, const fs::path& root) {
  for (const auto& [path, node] : tree.nodes()) {
    const fs::path at = root / path;
    if (node.type == NodeType::kDirectory) {
      fs::create_directories(at);
    } else if (node.type == NodeType::kSymlink) {
      fs::create_symlink(node.symlink_target, at);
    } else {
      EXPECT_TRUE(WriteFileAtomic(at, node.content.span(), node.mode));
    }
  }
}

// TreeText returns the content of a file, "" if there is none.
inline std::string TreeText(const Tree& tree, const std::string& path) {
  const TreeNode* node = tree.Find(path);
  return node == nullptr ? "" : std::string(AsText(node->content.span()));
}

}  // namespace tally::test
