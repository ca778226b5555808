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

// PathText is the path as JSON can hold it, one text per path: a backslash is
// doubled, and in a path that is not UTF-8 all but printable ASCII is \xNN.
std::string PathText(const std::string& path) {
  const bool utf8 = IsUtf8(path);
  std::string text;
  for (char c : path) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\') {
      text += "\\\\";
    } else if (!utf8 && (byte < 0x20 || byte >= 0x7f)) {
      text += "\\x" + Hex(ByteSpan(&byte, 1));
    } else {
      text += c;
    }
  }
  return text;
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

}  // namespace

// Every field is always there; null where there is nothing.
Json::Object FileRecord(const FileNode& node, uint64_t size_bytes,
                        const Sha256Digest& sha256, int format_epoch) {
  const bool file = node.type == NodeType::kFile;
  const bool link = node.type == NodeType::kSymlink;
  Json::Object record = {
      {"path", PathText("/" + node.path)},
      {"type", TypeName(node.type)},
      {"mode", Octal(node.mode)},
      {"uid", int64_t{node.uid}},
      {"gid", int64_t{node.gid}},
      {"size", file ? Json(size_bytes) : Json()},
      {"sha256", file ? Json(sha256.hex()) : Json()},
      {"target", link ? Json(PathText(node.symlink_target)) : Json()}};
  if (format_epoch == 1) return record;
  Json::Object xattrs;
  for (const auto& [name, value] : node.xattrs) {
    xattrs[PathText(name)] = Hex(value);
  }
  record["xattrs"] = std::move(xattrs);
  return record;
}

std::string FormatFilesJson(const std::vector<NamedTree>& trees,
                            int format_epoch) {
  // One record a line: a diff of two releases shows whole files.
  std::string text = "{";
  bool first_tree = true;
  for (const NamedTree& named : trees) {
    text +=
        std::string(first_tree ? "\n" : ",\n") + "\"" + named.name + "\": [";
    first_tree = false;
    bool first = true;
    for (const FileNode& node : named.tree->ToFileList(0)) {
      const TreeNode& entry = *named.tree->Find(node.path);
      Json::Object record = FileRecord(node, entry.content.size_bytes(),
                                       entry.content.sha256, format_epoch);
      record["origin"] = entry.origin.ToString();
      text += (first ? "\n" : ",\n") + Json(std::move(record)).Canonical();
      first = false;
    }
    text += "\n]";
  }
  return text + "\n}\n";
}

}  // namespace tally
