// Source trees into the tree of an image.
#include <algorithm>

#include "builder/merged_path.h"
#include "builder/sources/sources.h"
#include "common/text.h"

namespace tally {
namespace {

// Winners are the manifest's choices, by path in the tree.
class Winners {
 public:
  static Result<Winners> Read(const Manifest& manifest, const TreeSpec& spec,
                              PathRule paths) {
    Winners winners;
    for (const ConflictChoice& choice : spec.conflicts) {
      Result<std::string> path = PlacedPath("." + choice.path, paths);
      if (!path) {
        return InputError(At(manifest, choice.where) + ": " +
                          path.error().message());
      }
      winners.choices_[*path] = {.choice = &choice};
    }
    return winners;
  }

  // Loses says whether the path of this origin is left out.
  bool Loses(const std::string& path, const Origin& origin) {
    const auto found = choices_.find(path);
    if (found == choices_.end()) return false;
    const bool wins = found->second.choice->keep == origin.ToString();
    found->second.used = found->second.used || wins;
    return !wins;
  }

  // CheckAllUsed refuses a tree as the winner of a path that it does not have.
  // Packages were looked at before.
  Status CheckAllUsed(const Manifest& manifest) const {
    for (const auto& [path, entry] : choices_) {
      if (entry.used || entry.choice->keep.find(' ') == std::string::npos) {
        continue;
      }
      return InputError(At(manifest, entry.choice->where) + ": " +
                        entry.choice->keep + " has no " + Quote("/" + path) +
                        ", expected the tree that wins");
    }
    return Ok();
  }

 private:
  struct Entry {
    const ConflictChoice* choice = nullptr;
    bool used = false;
  };
  std::map<std::string, Entry> choices_;
};

TreeNode NodeFrom(const SourceEntry& entry, const Origin& origin) {
  return TreeNode{
      .type = entry.type,
      .mode = entry.mode,
      .uid = entry.uid,
      .gid = entry.gid,
      .content = entry.content,
      .symlink_target = entry.symlink_target,
      .inode = entry.inode.empty() ? "" : origin.ToString() + ":" + entry.inode,
      .xattrs = entry.xattrs,
      // The manifest vouches for the whole tree, by digest.
      .owner_from_manifest = true,
      .origin = origin};
}

bool IsDirectoryAt(const Tree& tree, const std::string& path) {
  const TreeNode* found = tree.Find(path);
  return found != nullptr && found->type == NodeType::kDirectory;
}

// IsMergeLink: the image's own /bin -> usr/bin, which AddUsrMergeLinks makes.
bool IsMergeLink(const SourceEntry& entry, const std::string& placed) {
  if (entry.type != NodeType::kSymlink || !placed.starts_with("usr/")) {
    return false;
  }
  const std::string name = placed.substr(4);
  return std::ranges::find(kMergedDirectories, name) !=
             kMergedDirectories.end() &&
         (entry.symlink_target == placed ||
          entry.symlink_target == "/" + placed);
}

Status AddEntry(const SourceEntry& entry, const TreeSourceSpec& spec,
                PathRule paths, Winners* winners, Tree* tree) {
  const Origin origin = OriginOf(spec);
  const std::string place =
      "." + (spec.path == "/" ? "" : spec.path) + "/" + entry.path;
  TALLY_ASSIGN(const std::string path, PlacedPath(place, paths));
  if (paths == PathRule::kMergedUsr && IsMergeLink(entry, path)) return Ok();
  if (winners->Loses(path, origin)) return Ok();
  // A directory's own directories have no metadata; the top of any tree stands
  // for the place that the manifest names.
  if (entry.type == NodeType::kDirectory && IsDirectoryAt(*tree, path) &&
      (spec.directory || entry.path.empty())) {
    return Ok();
  }
  Status added = tree->Add(path, NodeFrom(entry, origin));
  if (added) return Ok();
  return std::move(added).error().Hint(
      "say which one wins: conflicts: [{path: \"/" + path + "\", keep: \"" +
      origin.ToString() + "\"}]");
}

}  // namespace

Status AddSourceTrees(const Manifest& manifest, const TreeSpec& spec,
                      const Sources& sources, PathRule paths, Tree* tree) {
  TALLY_ASSIGN(Winners winners, Winners::Read(manifest, spec, paths));
  for (const TreeSourceSpec& source : spec.trees) {
    for (const SourceEntry& entry : sources.trees.at(TreeKey(source))) {
      Status added = AddEntry(entry, source, paths, &winners, tree);
      if (!added) {
        return std::move(added).error().While("placing the tree of " +
                                              At(manifest, source.where));
      }
    }
  }
  return winners.CheckAllUsed(manifest);
}

}  // namespace tally
