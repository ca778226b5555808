// A small file system for the tests of the writers.
#pragma once

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <map>
#include <string>
#include <utility>

#include "formats/file_tree.h"

namespace tally::test {

// SampleTree collects nodes in any order and owns their contents. It starts
// with the root directory, mode 0755, owned by 0:0.
class SampleTree {
 public:
  static constexpr int64_t kTime = 1700000000;

  SampleTree() { Directory(""); }

  FileNode& Directory(const std::string& path, unsigned mode = 0755) {
    return Add({.path = path, .type = NodeType::kDirectory, .mode = mode});
  }
  FileNode& File(const std::string& path, std::string content,
                 unsigned mode = 0644) {
    contents_.push_back(std::move(content));
    return Add({.path = path,
                .type = NodeType::kFile,
                .mode = mode,
                .content = AsBytes(contents_.back())});
  }
  FileNode& Symlink(const std::string& path, const std::string& target) {
    return Add({.path = path,
                .type = NodeType::kSymlink,
                .mode = 0777,
                .symlink_target = target});
  }
  // HardLink gives the file `target`, which must sort before `path`, a new
  // name.
  void HardLink(const std::string& path, const std::string& target) {
    FileNode node = nodes_.at(target);
    node.path = path;
    links_[path] = target;
    nodes_[path] = std::move(node);
  }

  // Build returns the list; it is valid as long as this object.
  FileList Build() const {
    FileList files;
    std::map<std::string, size_t> index;
    for (const auto& [path, node] : nodes_) {
      index[path] = files.size();
      files.push_back(node);
      const auto link = links_.find(path);
      if (link != links_.end()) {
        files.back().hard_link_of = index.at(link->second);
        files.back().content = {};
      }
    }
    return files;
  }

 private:
  FileNode& Add(FileNode node) {
    node.mtime = kTime;
    return nodes_[node.path] = std::move(node);
  }

  std::deque<std::string> contents_;
  std::map<std::string, FileNode> nodes_;
  std::map<std::string, std::string> links_;
};

// Pattern returns `size_bytes` bytes that do not repeat with any block size.
inline std::string Pattern(size_t size_bytes, uint32_t seed) {
  std::string text(size_bytes, '\0');
  uint32_t state = seed * 2654435761u + 1;
  for (char& c : text) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

// FullTree has every kind of node, sizes around the block size, a directory of
// many blocks, names on both sides of "." and "..", and owners over 16 bits.
inline SampleTree FullTree() {
  SampleTree tree;
  tree.Directory("bin");
  tree.File("bin/su", "#!/bin/sh\n", 04755);
  tree.HardLink("bin/sudo", "bin/su");
  tree.HardLink("su-link", "bin/su");
  tree.Directory("bin-after");
  tree.Directory("tmp", 01777);
  tree.Directory("empty", 0700).mtime = 1;
  FileNode& owned = tree.File("owned", "x", 0640);
  owned.uid = 100001;
  owned.gid = 70002;
  owned.mtime = 1234567890;
  for (const size_t size : std::initializer_list<size_t>{
           0, 1, 4031, 4032, 4033, 4095, 4096, 4097, 10000}) {
    tree.File("size-" + std::to_string(size),
              Pattern(size, static_cast<uint32_t>(size)));
  }
  tree.Symlink("link", "bin/su");
  tree.Symlink("dangling", std::string(300, 'd') + "/\xff\x01");
  tree.Directory("names");
  for (const char* name : {"!", "+", "-", "...", ".hidden", "..x", "0",
                           "name with space", "\xc3\xa4", "\xff"}) {
    tree.File(std::string("names/") + name, name);
  }
  tree.File("names/" + std::string(255, 'n'), "long name");
  tree.Directory("many");
  for (size_t i = 0; i < 700; ++i) {
    tree.File("many/file-with-some-name-" + std::to_string(i * 7919),
              Pattern(i * 13 % 5000, 7));
  }
  return tree;
}

}  // namespace tally::test
