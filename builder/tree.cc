#include "builder/tree.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "common/text.h"

namespace tally {
namespace {

bool SameDirectory(const TreeNode& a, const TreeNode& b) {
  return a.type == NodeType::kDirectory && b.type == NodeType::kDirectory &&
         a.mode == b.mode && a.uid == b.uid && a.gid == b.gid;
}

std::string Described(const TreeNode& node) {
  std::string text = node.origin.ToString();
  if (node.type == NodeType::kDirectory) {
    std::array<char, 32> mode;
    std::snprintf(mode.data(), mode.size(), " (directory %04o)", node.mode);
    text += mode.data();
  }
  return text;
}

}  // namespace

std::string QuotePath(const std::string& path) { return Quote("/" + path); }

Tree::Tree() {
  nodes_[""] = TreeNode{.type = NodeType::kDirectory,
                        .mode = 0755,
                        .origin = {"generator", "root"}};
}

const TreeNode* Tree::Find(std::string_view path) const {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

Status Tree::Add(const std::string& path, TreeNode node) {
  TALLY_TRY(AddParents(path, node.origin));
  const auto found = nodes_.find(path);
  if (found == nodes_.end()) {
    nodes_.emplace(path, std::move(node));
    return Ok();
  }
  if (SameDirectory(found->second, node)) return Ok();
  // The root directory and implied parents are ours until a package says more.
  const bool implied = found->second.origin.kind == "generator" &&
                       found->second.type == NodeType::kDirectory &&
                       node.type == NodeType::kDirectory;
  if (implied) {
    found->second = std::move(node);
    return Ok();
  }
  return InputError(QuotePath(path) + " is in both " +
                    Described(found->second) + " and " + Described(node));
}

Status Tree::Set(const std::string& path, TreeNode node) {
  TALLY_TRY(AddParents(path, node.origin));
  const auto found = nodes_.find(path);
  if (found != nodes_.end() && node.type != NodeType::kDirectory) {
    const auto child = nodes_.lower_bound(path + "/");
    if (child != nodes_.end() && child->first.starts_with(path + "/")) {
      return InputError(QuotePath(path) + " is a directory with entries (" +
                        found->second.origin.ToString() +
                        "), expected nothing that holds others");
    }
  }
  nodes_[path] = std::move(node);
  return Ok();
}

Status Tree::AddParents(const std::string& path, const Origin& origin) {
  if (path.empty()) return Ok();
  const std::string parent(ParentPath(path));
  const TreeNode* found = Find(parent);
  if (found == nullptr) {
    TALLY_TRY(AddParents(parent, origin));
    nodes_[parent] = TreeNode{.type = NodeType::kDirectory,
                              .mode = 0755,
                              .origin = {"generator", "parents"}};
    return Ok();
  }
  if (found->type == NodeType::kDirectory) return Ok();
  return InputError(
      QuotePath(path) + " of " + origin.ToString() + " needs " +
      QuotePath(parent) + " to be a directory, found a " +
      (found->type == NodeType::kSymlink ? "symbolic link" : "file") + " of " +
      found->origin.ToString());
}

Result<bool> Tree::Offer(const std::string& path, TreeNode node) {
  if (nodes_.contains(path)) return false;
  TALLY_TRY(AddParents(path, node.origin));
  nodes_.emplace(path, std::move(node));
  return true;
}

TreeNode* Tree::Edit(std::string_view path) {
  const auto found = nodes_.find(path);
  return found == nodes_.end() ? nullptr : &found->second;
}

std::vector<std::string> Tree::Children(std::string_view path) const {
  const std::string prefix = path.empty() ? "" : std::string(path) + "/";
  std::vector<std::string> names;
  for (auto at = nodes_.upper_bound(prefix);
       at != nodes_.end() && at->first.starts_with(prefix); ++at) {
    std::string name = at->first.substr(prefix.size());
    if (name.find('/') == std::string::npos) names.push_back(std::move(name));
  }
  return names;
}

const TreeNode* Tree::Resolve(std::string_view path) const {
  const std::optional<std::string> found = ResolvePath(path);
  return found ? Find(*found) : nullptr;
}

std::optional<std::string> Tree::ResolvePath(std::string_view path) const {
  WayEnd end = Follow(path);
  if (!end.found) return std::nullopt;
  return std::move(end.path);
}

Tree::WayEnd Tree::Follow(std::string_view path) const {
  constexpr int kMaxLinks = 40;  // as Linux, path_resolution(7)
  std::vector<std::string> todo = Split(path, '/');
  std::reverse(todo.begin(), todo.end());
  std::string at;
  for (int num_links = 0; !todo.empty();) {
    const std::string component = std::move(todo.back());
    todo.pop_back();
    if (component.empty() || component == ".") continue;
    if (component == "..") {
      at = ParentPath(at);
      continue;
    }
    const std::string next = at.empty() ? component : at + "/" + component;
    const TreeNode* node = Find(next);
    if (node == nullptr) return {.path = next};
    if (node->type != NodeType::kSymlink) {
      at = next;
      continue;
    }
    if (++num_links > kMaxLinks) return {};
    if (node->symlink_target.starts_with('/')) at.clear();
    std::vector<std::string> target = Split(node->symlink_target, '/');
    todo.insert(todo.end(), target.rbegin(), target.rend());
  }
  return {.path = at, .found = true};
}

FileList Tree::ToFileList(int64_t mtime) const {
  FileList list;
  std::map<std::string, size_t> index_of_inode;
  for (const auto& [path, node] : nodes_) {
    FileNode file{.path = path,
                  .type = node.type,
                  .mode = node.mode,
                  .uid = node.uid,
                  .gid = node.gid,
                  .mtime = mtime,
                  .symlink_target = node.symlink_target,
                  .content = node.content.span(),
                  .xattrs = {node.xattrs.begin(), node.xattrs.end()}};
    if (!node.inode.empty()) {
      const auto [first, is_new] =
          index_of_inode.emplace(node.inode, list.size());
      if (!is_new) file.hard_link_of = first->second;
    }
    list.push_back(std::move(file));
  }
  return list;
}

TreeNode GeneratedFile(std::string_view generator, std::string_view text,
                       unsigned mode) {
  return TreeNode{.type = NodeType::kFile,
                  .mode = mode,
                  .content = TextContent(text),
                  .origin = {"generator", std::string(generator)}};
}

TreeNode GeneratedDirectory(std::string_view generator, unsigned mode) {
  return TreeNode{.type = NodeType::kDirectory,
                  .mode = mode,
                  .origin = {"generator", std::string(generator)}};
}

TreeNode GeneratedLink(std::string_view generator, std::string_view target) {
  return TreeNode{.type = NodeType::kSymlink,
                  .mode = 0777,
                  .symlink_target = std::string(target),
                  .origin = {"generator", std::string(generator)}};
}

}  // namespace tally
