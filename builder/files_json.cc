#include "builder/files_json.h"

#include <array>
#include <cstdio>

#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

std::string Octal(unsigned mode) {
  std::array<char, 16> text;
  std::snprintf(text.data(), text.size(), "%04o", mode);
  return text.data();
}

// PathText is the path as JSON can hold it: bytes that are not UTF-8 as \xNN.
std::string PathText(const std::string& path) {
  const std::string absolute = "/" + path;
  if (IsUtf8(absolute)) return absolute;
  const std::string quoted = Quote(absolute);
  return quoted.substr(1, quoted.size() - 2);
}

std::string_view TypeName(NodeType type) {
  switch (type) {
    case NodeType::kDirectory:
      return "directory";
    case NodeType::kFile:
      return "file";
    case NodeType::kSymlink:
      return "symlink";
  }
  return "";
}

// FileRecord has every field always; null where there is nothing.
Json FileRecord(const std::string& path, const TreeNode& node) {
  const bool file = node.type == NodeType::kFile;
  const bool link = node.type == NodeType::kSymlink;
  return Json::Object{
      {"path", PathText(path)},
      {"type", TypeName(node.type)},
      {"mode", Octal(node.mode)},
      {"uid", int64_t{node.uid}},
      {"gid", int64_t{node.gid}},
      {"size", file ? Json(node.content.size_bytes()) : Json()},
      {"sha256", file ? Json(node.content.sha256.hex()) : Json()},
      {"target", link ? Json(PathText(node.symlink_target).substr(1)) : Json()},
      {"origin", node.origin.ToString()}};
}

}  // namespace

std::string FormatFilesJson(const std::vector<NamedTree>& trees) {
  // One record a line: a diff of two releases shows whole files.
  std::string text = "{";
  bool first_tree = true;
  for (const NamedTree& named : trees) {
    text +=
        std::string(first_tree ? "\n" : ",\n") + "\"" + named.name + "\": [";
    first_tree = false;
    bool first = true;
    for (const auto& [path, node] : named.tree->nodes()) {
      text += (first ? "\n" : ",\n") + FileRecord(path, node).Canonical();
      first = false;
    }
    text += "\n]";
  }
  return text + "\n}\n";
}

}  // namespace tally
