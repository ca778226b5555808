// Filling a tree: packages, then what the manifest says.
#include <algorithm>
#include <set>

#include "builder/merged_path.h"
#include "builder/tree.h"
#include "common/text.h"

namespace tally {
namespace {

// IsMergeLink says whether an entry is one of the links that AddUsrMergeLinks
// makes: newer base-files packages ship them.
bool IsMergeLink(const std::string& link_path, const std::string& target) {
  return std::ranges::find(kMergedDirectories, link_path) !=
             kMergedDirectories.end() &&
         (target == "usr/" + link_path || target == "/usr/" + link_path);
}

TreeNode NodeFrom(const UnpackedEntry& entry, const std::string& package) {
  std::string inode;
  if (entry.type == NodeType::kFile) {
    inode = package + ":" +
            (entry.hard_link_of.empty() ? entry.path : entry.hard_link_of);
  }
  return TreeNode{.type = entry.type,
                  .mode = entry.mode,
                  .uid = entry.uid,
                  .gid = entry.gid,
                  .content = entry.content,
                  .symlink_target = entry.symlink_target,
                  .inode = inode,
                  .origin = {"package", package}};
}

// RemoveEmptyDirectories keeps, under an include list, only the directories
// that match it or lead to something that was kept.
void RemoveEmptyDirectories(const TreeSpec& spec, Tree* tree) {
  std::set<std::string> needed;
  for (const auto& entry : tree->nodes()) {
    const std::string& path = entry.first;
    if (entry.second.type == NodeType::kDirectory &&
        std::ranges::none_of(spec.include, [&](const std::string& glob) {
          return GlobMatches(glob, "/" + path);
        })) {
      continue;
    }
    for (std::string at = path; needed.insert(at).second && !at.empty();) {
      at = ParentPath(at);
    }
  }
  std::vector<std::string> unneeded;
  for (const auto& entry : tree->nodes()) {
    if (!entry.first.empty() && !needed.contains(entry.first)) {
      unneeded.push_back(entry.first);
    }
  }
  for (const std::string& path : unneeded) tree->Remove(path);
}

// Relative turns the manifest's "/usr/x" into the tree's path, through the
// merged-/usr links.
Result<std::string> Relative(const Manifest& manifest, const Location& where,
                             const std::string& path,
                             PathRule paths = PathRule::kMergedUsr) {
  Result<std::string> merged = PlacedPath("." + path, paths);
  if (merged) return merged;
  return InputError(At(manifest, where) + ": " + merged.error().message());
}

Error AtLocation(const Manifest& manifest, const Location& where,
                 const Error& error) {
  return Error(error.code(), At(manifest, where) + ": " + error.message());
}

Content ContentOf(const FileSpec& file,
                  const std::map<std::string, Content>& local_files,
                  const std::map<std::string, Content>& downloads) {
  if (file.source) return local_files.at(*file.source);
  if (file.download) return downloads.at(*file.download);
  return TextContent(*file.content);
}

// The origin of other files is their line.
Origin OriginOf(const FileSpec& file) {
  if (!file.download) return {};
  return {"download", *file.download};
}

// Conflicts are the manifest's choices among packages that share a path.
class Conflicts {
 public:
  explicit Conflicts(const Manifest& manifest) : manifest_(manifest) {}

  Status Read(const TreeSpec& spec) {
    for (const ConflictChoice& choice : spec.conflicts) {
      TALLY_ASSIGN(const std::string path,
                   Relative(manifest_, choice.where, choice.path));
      choices_[path] = {.choice = &choice};
    }
    return Ok();
  }

  // Loses says whether the path of this package is left out.
  bool Loses(const std::string& path, const std::string& package) {
    const auto found = choices_.find(path);
    if (found == choices_.end()) return false;
    const bool wins = found->second.choice->keep == package;
    found->second.used = found->second.used || wins;
    return !wins;
  }

  // CheckAllUsed refuses a choice whose winner does not have the path: then
  // nobody would.
  Status CheckAllUsed() const {
    for (const auto& [path, entry] : choices_) {
      // Whether a tree has the path, AddSourceTrees sees.
      const bool is_tree = entry.choice->keep.find(' ') != std::string::npos;
      if (entry.used || is_tree) continue;
      return InputError(At(manifest_, entry.choice->where) + ": package '" +
                        entry.choice->keep + "' has no " + QuotePath(path) +
                        ", expected the package that wins");
    }
    return Ok();
  }

 private:
  struct Entry {
    const ConflictChoice* choice = nullptr;
    bool used = false;
  };
  const Manifest& manifest_;
  std::map<std::string, Entry> choices_;
};

}  // namespace

Status AddPackages(const Manifest& manifest, const TreeSpec& spec,
                   const std::vector<UnpackedPackage>& packages, Tree* tree) {
  Conflicts conflicts(manifest);
  TALLY_TRY(conflicts.Read(spec));
  for (const UnpackedPackage& package : packages) {
    for (const UnpackedEntry& entry : package.entries) {
      // "usr/bin" -> "usr/bin" is what a package's /bin link became.
      if (entry.type == NodeType::kSymlink && entry.path.starts_with("usr/") &&
          IsMergeLink(entry.path.substr(4), entry.symlink_target)) {
        continue;
      }
      if (conflicts.Loses(entry.path, package.name)) continue;
      Status added = tree->Add(entry.path, NodeFrom(entry, package.name));
      if (!added) {
        return std::move(added).error().Hint(
            "say which one wins: conflicts: [{path: \"/" + entry.path +
            "\", keep: PACKAGE}]");
      }
    }
  }
  if (!spec.include.empty()) RemoveEmptyDirectories(spec, tree);
  return conflicts.CheckAllUsed();
}

Status AddUsrMergeLinks(Tree* tree) {
  for (std::string_view name : kMergedDirectories) {
    const std::string target = "usr/" + std::string(name);
    const TreeNode* directory = tree->Find(target);
    if (directory == nullptr || directory->type != NodeType::kDirectory)
      continue;
    TALLY_TRY(tree->Add(std::string(name),
                        TreeNode{.type = NodeType::kSymlink,
                                 .mode = 0777,
                                 .symlink_target = target,
                                 .origin = {"generator", "usr-merge"}}));
  }
  return Ok();
}

Status ApplySpec(const Manifest& manifest, const TreeSpec& spec,
                 const std::map<std::string, Content>& local_files, Tree* tree,
                 const std::map<std::string, Content>& downloads,
                 PathRule paths) {
  std::map<std::string, int> lines;
  // Set() at a manifest's entry: what people wrote wins over packages.
  const auto put = [&](const Location& where, const std::string& path,
                       TreeNode node) -> Status {
    node.owner_from_manifest = true;
    if (node.origin.kind.empty()) {
      node.origin = {"manifest", "line " + std::to_string(where.line)};
    }
    TALLY_ASSIGN(const std::string relative,
                 Relative(manifest, where, path, paths));
    // Two spellings of one path: /bin/x and /usr/bin/x.
    const auto [earlier, is_new] = lines.emplace(relative, where.line);
    if (!is_new) {
      return InputError(At(manifest, where) + ": " + QuotePath(relative) +
                        " is in line " + std::to_string(earlier->second) +
                        " already");
    }
    const Status set = tree->Set(relative, std::move(node));
    if (!set) return AtLocation(manifest, where, set.error());
    return Ok();
  };
  for (const DirectorySpec& directory : spec.directories) {
    TALLY_TRY(put(directory.where, directory.path,
                  TreeNode{.type = NodeType::kDirectory,
                           .mode = directory.mode,
                           .uid = directory.owner.uid,
                           .gid = directory.owner.gid,
                           .user = directory.owner.user,
                           .group = directory.owner.group}));
  }
  for (const FileSpec& file : spec.files) {
    TALLY_TRY(put(file.where, file.path,
                  TreeNode{.type = NodeType::kFile,
                           .mode = file.mode,
                           .uid = file.owner.uid,
                           .gid = file.owner.gid,
                           .user = file.owner.user,
                           .group = file.owner.group,
                           .content = ContentOf(file, local_files, downloads),
                           .origin = OriginOf(file)}));
  }
  for (const SymlinkSpec& link : spec.symlinks) {
    TALLY_TRY(put(link.where, link.path,
                  TreeNode{.type = NodeType::kSymlink,
                           .mode = 0777,
                           .symlink_target = link.target}));
  }
  for (const ModeSpec& mode : spec.modes) {
    TALLY_ASSIGN(const std::string path,
                 Relative(manifest, mode.where, mode.path, paths));
    const TreeNode* found = tree->Find(path);
    if (found == nullptr || found->type == NodeType::kSymlink) {
      return InputError(At(manifest, mode.where) + ": " + QuotePath(path) +
                        " is not in the image, expected a file or directory");
    }
    TreeNode node = *found;
    node.mode = mode.mode;
    node.uid = mode.owner.uid;
    node.gid = mode.owner.gid;
    node.user = mode.owner.user;
    node.group = mode.owner.group;
    node.inode.clear();  // its other names keep their mode
    TALLY_TRY(put(mode.where, mode.path, std::move(node)));
  }
  return Ok();
}

Status CheckOwners(const Tree& tree) {
  for (const auto& [path, node] : tree.nodes()) {
    if (node.owner_from_manifest || !node.user.empty() || !node.group.empty()) {
      continue;  // known by name
    }
    const uint32_t id = std::max(node.uid, node.gid);
    if (id < 100) continue;
    return InputError(QuotePath(path) + " of " + node.origin.ToString() +
                      " has owner id " + std::to_string(id) +
                      ", expected one of Debian's fixed ids 0 to 99")
        .Hint("set the owner under 'modes'");
  }
  return Ok();
}

}  // namespace tally
