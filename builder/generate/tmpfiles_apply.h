// One line of tmpfiles.d(5), done to a tree as systemd-tmpfiles --create would.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builder/tree.h"
#include "formats/tmpfiles.h"

namespace tally {

class TmpfilesApplier {
 public:
  explicit TmpfilesApplier(Tree* tree) : tree_(*tree) {}

  // WhyNot says what makes a line impossible in a tree, whatever is in the
  // tree: its type, a modifier, a specifier, a pattern. Empty if nothing does.
  static std::string WhyNot(const TmpfilesLine& line);

  // Locate follows the links in the parents of an absolute path; the last
  // component is not followed and, as any parent, need not exist. An
  // InputError if a parent is a file or a link that leads nowhere.
  Result<std::string> Locate(std::string_view path) const;

  // HasSource says whether what a line of type 'C' copies is in the tree.
  bool HasSource(const TmpfilesLine& line) const;

  // Apply does a line for which WhyNot is empty. InputError if something of
  // another type is in the way.
  Status Apply(const TmpfilesLine& line);

 private:
  Status CreateDirectory(const TmpfilesLine& line, const std::string& path);
  Status CreateFile(const TmpfilesLine& line, const std::string& path);
  Status CreateLink(const TmpfilesLine& line, const std::string& path);
  Status Copy(const TmpfilesLine& line, const std::string& path);
  Status CopyTree(const TmpfilesLine& line, const std::string& source,
                  const std::string& path);
  Status AdjustAll(const TmpfilesLine& line);

  const std::vector<std::string>& NamesOf(const std::string& inode);
  // Edit changes the entry at `path` and all other names of its inode, unless
  // the manifest has set it.
  void Edit(const std::string& path,
            const std::function<void(TreeNode&)>& change);
  // Adjust sets mode and owner.
  void Adjust(const TmpfilesLine& line, const std::string& path);
  Status Add(const TmpfilesLine& line, const std::string& path, TreeNode node);
  Result<std::vector<std::string>> Targets(const TmpfilesLine& line) const;
  std::vector<std::string> Below(const std::string& path) const;

  Tree& tree_;
  size_t num_copied_ = 0;
  std::map<std::string, std::vector<std::string>> names_of_inode_;  // paths
};

}  // namespace tally
