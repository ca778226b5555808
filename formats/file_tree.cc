#include "formats/file_tree.h"

#include <algorithm>
#include <unordered_map>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxFileNameSize = 255;  // NAME_MAX in linux/limits.h
constexpr size_t kMaxPathSize = 4095;    // PATH_MAX in linux/limits.h, less NUL
constexpr size_t kMaxXattrSize = 65535;  // XATTR_SIZE_MAX is 65536

// Index of every directory by its path. Only for look-ups: the order of this
// map reaches no output.
using DirectoryIndex = std::unordered_map<std::string_view, size_t>;

Status CheckPath(const std::string& path) {
  if (path.size() > kMaxPathSize) {
    return InputError("path of " + std::to_string(path.size()) +
                      " bytes, the limit is " + std::to_string(kMaxPathSize));
  }
  if (path.find('\0') != std::string::npos) {
    return InputError("path " + Quote(path) + " contains NUL");
  }
  if (path.empty()) return Ok();
  for (const std::string& name : Split(path, '/')) {
    if (name.empty() || name == "." || name == "..") {
      return InputError("path " + Quote(path) + " has a component " +
                        Quote(name));
    }
    if (name.size() > kMaxFileNameSize) {
      return InputError("path " + Quote(path) + " has a component of " +
                        std::to_string(name.size()) +
                        " bytes, the limit is 255");
    }
  }
  return Ok();
}

Status CheckOrder(const FileList& files, size_t index) {
  const FileNode& node = files[index];
  if (index == 0) {
    if (node.path.empty() && node.type == NodeType::kDirectory) return Ok();
    return InputError("the first path is " + Quote(node.path) +
                      ", expected the root directory ''");
  }
  const std::string& previous = files[index - 1].path;
  if (node.path == previous) {
    return InputError("path " + Quote(node.path) + " occurs twice");
  }
  if (node.path < previous) {
    return InputError("path " + Quote(node.path) + " comes after " +
                      Quote(previous) + ", expected byte order");
  }
  return Ok();
}

Status CheckParent(const FileNode& node, const DirectoryIndex& directories) {
  if (node.path.empty()) return Ok();
  const std::string_view parent = ParentPath(node.path);
  if (directories.contains(parent)) return Ok();
  return InputError("path " + Quote(node.path) + " has no parent directory " +
                    Quote(parent) + " in the list");
}

Status CheckSymlink(const FileNode& node) {
  const std::string& target = node.symlink_target;
  if (node.type != NodeType::kSymlink) {
    if (target.empty()) return Ok();
    return InputError(Quote(node.path) + " has a symlink target " +
                      Quote(target) + " but is not a symlink");
  }
  if (node.mode != 0777) {
    return InputError("symlink " + Quote(node.path) + " has mode " +
                      HexNumber(node.mode) + ", expected 0x1ff (0777)");
  }
  if (target.empty() || target.size() > kMaxPathSize) {
    return InputError("symlink " + Quote(node.path) + " has a target of " +
                      std::to_string(target.size()) +
                      " bytes, expected 1 to 4095");
  }
  if (target.find('\0') != std::string::npos) {
    return InputError("symlink " + Quote(node.path) +
                      " has a target with NUL: " + Quote(target));
  }
  return Ok();
}

Status CheckMetadata(const FileNode& node) {
  if (node.mode > 07777) {
    return InputError(Quote(node.path) + " has mode " + HexNumber(node.mode) +
                      ", expected permission bits only (at most 0xfff)");
  }
  if (node.mtime < 0) {
    return InputError(Quote(node.path) + " has time " +
                      std::to_string(node.mtime) +
                      ", expected no time before 1970");
  }
  if (node.type != NodeType::kFile && !node.content.empty()) {
    return InputError(Quote(node.path) + " has content but is not a file");
  }
  for (size_t i = 0; i < node.xattrs.size(); ++i) {
    const auto& [name, value] = node.xattrs[i];
    const std::string what =
        Quote(node.path) + " has extended attribute " + Quote(name);
    if (name.empty() || name.size() > kMaxFileNameSize ||
        name.find('\0') != std::string::npos) {
      return InputError(what + ", expected a name of 1 to 255 bytes");
    }
    if (value.size() > kMaxXattrSize) {
      return InputError(what + " of " + std::to_string(value.size()) +
                        " bytes, the limit is 65535");
    }
    if (i > 0 && name <= node.xattrs[i - 1].first) {
      return InputError(what + " after " + Quote(node.xattrs[i - 1].first) +
                        ", expected byte order without duplicates");
    }
  }
  return Ok();
}

Status CheckHardLink(const FileList& files, size_t index) {
  const FileNode& node = files[index];
  if (!node.hard_link_of) return Ok();
  if (*node.hard_link_of >= index) {
    return InputError("hard link " + Quote(node.path) +
                      " does not point to an earlier path");
  }
  const FileNode& target = files[*node.hard_link_of];
  if (node.type != NodeType::kFile || target.type != NodeType::kFile ||
      target.hard_link_of) {
    return InputError("hard link " + Quote(node.path) + " to " +
                      Quote(target.path) +
                      ": expected two files, the second not a hard link");
  }
  if (node.mode != target.mode || node.uid != target.uid ||
      node.gid != target.gid || node.mtime != target.mtime ||
      node.xattrs != target.xattrs) {
    return InputError("hard link " + Quote(node.path) + " to " +
                      Quote(target.path) + ": the metadata differ");
  }
  return Ok();
}

}  // namespace

Status CheckFileList(const FileList& files) {
  if (files.empty()) return InputError("file list is empty, expected a root");
  DirectoryIndex directories;
  for (size_t i = 0; i < files.size(); ++i) {
    TALLY_TRY(CheckPath(files[i].path));
    TALLY_TRY(CheckOrder(files, i));
    TALLY_TRY(CheckParent(files[i], directories));
    TALLY_TRY(CheckMetadata(files[i]));
    TALLY_TRY(CheckSymlink(files[i]));
    TALLY_TRY(CheckHardLink(files, i));
    if (files[i].type == NodeType::kDirectory) directories[files[i].path] = i;
  }
  return Ok();
}

std::vector<uint32_t> LinkCounts(const FileList& files) {
  std::vector<uint32_t> counts(files.size(), 0);
  DirectoryIndex directories;
  for (size_t i = 0; i < files.size(); ++i) {
    if (files[i].type == NodeType::kDirectory) {
      directories[files[i].path] = i;
      counts[i] = 2;
      if (i > 0) ++counts[directories.at(ParentPath(files[i].path))];
    } else {
      ++counts[files[i].hard_link_of.value_or(i)];
    }
  }
  for (size_t i = 0; i < files.size(); ++i) {
    counts[i] = counts[files[i].hard_link_of.value_or(i)];
  }
  return counts;
}

std::string_view ParentPath(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view()
                                         : path.substr(0, slash);
}

std::string_view BaseName(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace tally
