// Tree: the file system of an image, in memory only.
//
// An ordered map from path to {type, mode, owner, content, origin}. Nothing of
// the host's file system is read into it. Every entry knows its origin, which
// feeds files.json, the SBOM and error text.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/merged_path.h"
#include "builder/package.h"
#include "common/digest.h"
#include "formats/file_tree.h"
#include "manifests/manifest.h"

namespace tally {

// Origin says where an entry comes from: {"package", "libc6"}, {"manifest",
// "line 31"}, {"generator", "usr-merge"}.
struct Origin {
  std::string kind;
  std::string name;

  std::string ToString() const { return kind + " " + name; }
  bool operator==(const Origin&) const = default;
};

struct TreeNode {
  NodeType type = NodeType::kFile;
  unsigned mode = 0;  // 07777
  uint32_t uid = 0;
  uint32_t gid = 0;
  // Owners by name win over the numbers once ResolveOwners has looked them up
  // in the image's own accounts. Empty: the number counts.
  std::string user;
  std::string group;
  Content content;             // of a file
  std::string symlink_target;  // of a symbolic link
  std::string inode;  // files with the same non-empty inode are hard links
  // Extended attributes by full name, "security.capability".
  std::map<std::string, Bytes> xattrs;
  bool owner_from_manifest = false;
  Origin origin;
};

class Tree {
 public:
  // A tree begins with its root directory, 0755 root:root.
  Tree();

  // Paths are relative and normal: "usr/bin/x", and "" for the root directory.
  using Nodes = std::map<std::string, TreeNode, std::less<>>;
  const Nodes& nodes() const { return nodes_; }
  const TreeNode* Find(std::string_view path) const;

  // Resolve follows symbolic links as a system with this root would; null if
  // the path leads nowhere.
  const TreeNode* Resolve(std::string_view path) const;
  // ResolvePath is Resolve, but returns the path of what was found.
  std::optional<std::string> ResolvePath(std::string_view path) const;
  // Follow is ResolvePath, but says where the way ends if nothing is there; ""
  // after too many links.
  struct WayEnd {
    std::string path;
    bool found = false;
  };
  WayEnd Follow(std::string_view path) const;

  // Children returns the names in a directory, in byte order.
  std::vector<std::string> Children(std::string_view path) const;

  // Add puts a new entry at `path`. It is an InputError that names both origins
  // if something else is there, except two equal directories; or if a parent is
  // not a directory. Missing parents become 0755 root:root directories.
  Status Add(const std::string& path, TreeNode node);

  // Set adds or replaces, for entries that are meant to win. A directory with
  // children cannot be replaced by something else.
  Status Set(const std::string& path, TreeNode node);

  // Offer adds a generated entry unless something is at `path` already: what
  // people and packages say wins over generators. Says whether it was added; an
  // InputError only if a parent is not a directory.
  Result<bool> Offer(const std::string& path, TreeNode node);

  // Edit returns the entry to change its metadata or content; null if there is
  // none.
  TreeNode* Edit(std::string_view path);

  // Remove deletes an entry, which must not be a directory with children.
  void Remove(const std::string& path) { nodes_.erase(path); }

  // ToFileList returns what the writers take. Contents stay owned by the tree.
  FileList ToFileList(int64_t mtime) const;

 private:
  Status AddParents(const std::string& path, const Origin& origin);

  Nodes nodes_;
};

// QuotePath returns a path of the tree as error text shows it: "'/usr/bin/x'".
std::string QuotePath(const std::string& path);

// Generated returns a file, directory or link that `generator` makes.
TreeNode GeneratedFile(std::string_view generator, std::string_view text,
                       unsigned mode = 0644);
TreeNode GeneratedDirectory(std::string_view generator, unsigned mode = 0755);
TreeNode GeneratedLink(std::string_view generator, std::string_view target);

// AddPackages commits unpacked packages to the tree in lock order, under the
// filters and conflict choices of `spec`.
Status AddPackages(const Manifest& manifest, const TreeSpec& spec,
                   const std::vector<UnpackedPackage>& packages, Tree* tree);

// AddUsrMergeLinks adds /bin, /sbin, /lib… as links to their place in /usr, for
// each that exists there.
Status AddUsrMergeLinks(Tree* tree);

// ApplySpec adds directories, files, links and modes of the manifest.
// `local_files` has the contents of every FileSpec::source, by that path, and
// `downloads` those of every FileSpec::download, by name.
Status ApplySpec(const Manifest& manifest, const TreeSpec& spec,
                 const std::map<std::string, Content>& local_files, Tree* tree,
                 const std::map<std::string, Content>& downloads = {},
                 PathRule paths = PathRule::kMergedUsr);

// CheckOwners refuses owners that are not among Debian's globally allocated ids
// (0–99, Debian Policy 9.2.2) unless the manifest set them.
Status CheckOwners(const Tree& tree);

}  // namespace tally
