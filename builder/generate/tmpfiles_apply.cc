// Behaviour: src/tmpfiles/tmpfiles.c of systemd 252 (fd_set_perms,
// create_directory, create_file, create_symlink, copy_files, glob_item).
#include "builder/generate/tmpfiles_apply.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kTmpfilesGenerator = "tmpfiles";
constexpr std::string_view kFactory = "/usr/share/factory";
// Two lines can double what they copy; a hundred such lines must not.
constexpr size_t kMaxCopied = 100'000;

std::string Shown(const std::string& path) { return "'/" + path + "'"; }

std::string TypeInWords(const TreeNode& node) {
  switch (node.type) {
    case NodeType::kDirectory:
      return "directory";
    case NodeType::kFile:
      return "file";
    case NodeType::kSymlink:
      return "symbolic link";
  }
  return "entry";
}

// IsFromPeople says whether the manifest made or changed the entry: then it
// stays as it is.
bool IsFromPeople(const TreeNode& node) {
  return node.owner_from_manifest || node.origin.kind == "manifest";
}

// IsImplied says whether nobody asked for the directory itself.
bool IsImplied(const TreeNode& node) {
  return node.origin == Origin{"generator", "parents"};
}

Error InTheWay(const std::string& path, const TreeNode& node,
               const std::string& expected) {
  return InputError(Shown(path) + " of " + node.origin.ToString() + " is a " +
                    TypeInWords(node) + ", expected " + expected);
}

// MaskedMode is process_mask_perms(): what nobody may do now, nobody gets.
unsigned MaskedMode(unsigned mode, const TreeNode& node) {
  for (const unsigned bits : {0111u, 0222u, 0444u}) {
    if ((node.mode & bits) == 0) mode &= ~bits;
  }
  return node.type == NodeType::kDirectory ? mode : mode & 0777;
}

void SetOwner(const TmpfilesOwner& owner, std::string& name, uint32_t& id) {
  name = owner.name;
  id = owner.id;
}

// SetNew gives a new entry the mode and owner of its line.
void SetNew(const TmpfilesLine& line, TreeNode& node) {
  if (line.mode && node.type != NodeType::kSymlink) {
    node.mode = line.mode->is_masked ? MaskedMode(line.mode->mode, node)
                                     : line.mode->mode;
  }
  if (line.user) SetOwner(*line.user, node.user, node.uid);
  if (line.group) SetOwner(*line.group, node.group, node.gid);
}

// SetExisting does the same for what was there before.
void SetExisting(const TmpfilesLine& line, TreeNode& node) {
  TmpfilesLine rest = line;
  if (rest.mode && rest.mode->only_when_new) rest.mode.reset();
  if (rest.user && rest.user->only_when_new) rest.user.reset();
  if (rest.group && rest.group->only_when_new) rest.group.reset();
  SetNew(rest, node);
}

// SourceOf returns what 'C' copies or 'L' points to.
std::string SourceOf(const TmpfilesLine& line) {
  if (!line.argument.empty()) return line.argument;
  return std::string(kFactory) + line.path;
}

// ComponentMatches is glob(3) for one component: '*' and '?' do not match a
// leading dot.
bool ComponentMatches(const std::string& pattern, const std::string& name) {
  if (name.starts_with('.') && !pattern.starts_with('.')) return false;
  return GlobMatches(pattern, name);
}

bool PathMatches(const std::vector<std::string>& pattern,
                 const std::string& path) {
  const std::vector<std::string> components = Split(path, '/');
  if (components.size() != pattern.size()) return false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (!ComponentMatches(pattern[i], components[i])) return false;
  }
  return true;
}

}  // namespace

std::string TmpfilesApplier::WhyNot(const TmpfilesLine& line) {
  if (std::string_view("dDvqQLfCzZmetTxX").find(line.type) ==
      std::string_view::npos) {
    return "a line of type '" + std::string(1, line.type) + "'";
  }
  if (line.boot_only) return "the modifier '!' (only at boot)";
  if (line.from_credential) return "the modifier '^' (a credential)";
  if (line.replace_other) return "the modifier '='";
  if (line.plus && line.type == 'C') return "the type 'C+'";
  if (!line.boot_specifier.empty()) {
    return "the specifier '" + line.boot_specifier +
           "' (only a running system knows)";
  }
  // glob(3) knows more than our patterns do.
  if (TakesGlob(line.type) &&
      (line.path.find_first_of("[\\") != std::string::npos ||
       line.path.find("**") != std::string::npos)) {
    return "a pattern with more than '*' and '?'";
  }
  return "";
}

Result<std::string> TmpfilesApplier::Locate(std::string_view path) const {
  std::vector<std::string> components = Split(path, '/');
  std::erase(components, "");
  std::string at;
  for (size_t i = 0; i < components.size(); ++i) {
    const std::string next =
        at.empty() ? components[i] : at + "/" + components[i];
    const TreeNode* node = tree_.Find(next);
    if (i + 1 == components.size() || node == nullptr ||
        node->type == NodeType::kDirectory) {
      at = next;
      continue;
    }
    const auto resolved = tree_.ResolvePath(next);
    const TreeNode* found = resolved ? tree_.Find(*resolved) : nullptr;
    if (found == nullptr || found->type != NodeType::kDirectory) {
      return InTheWay(next, *node, "a directory, or a link to one");
    }
    at = *resolved;
  }
  return at;
}

bool TmpfilesApplier::HasSource(const TmpfilesLine& line) const {
  const Result<std::string> source = Locate(SourceOf(line));
  return source && tree_.Find(*source) != nullptr;
}

Status TmpfilesApplier::Apply(const TmpfilesLine& line) {
  switch (line.type) {
    case 'x':
    case 'X':  // these are about cleaning
      return Ok();
    case 'z':
    case 'Z':
    case 'm':
    case 'e':
    case 't':
    case 'T':
      return AdjustAll(line);
    default:
      break;
  }
  TALLY_ASSIGN(const std::string path, Locate(line.path));
  const bool is_directory =
      std::string_view("dDvqQ").find(line.type) != std::string_view::npos;
  if (path.empty() && !is_directory) {
    return InputError("found path '/', expected something below it");
  }
  switch (line.type) {
    case 'f':
      return CreateFile(line, path);
    case 'L':
      return CreateLink(line, path);
    case 'C':
      return Copy(line, path);
    default:
      return CreateDirectory(line, path);
  }
}

Status TmpfilesApplier::CreateDirectory(const TmpfilesLine& line,
                                        const std::string& path) {
  TreeNode* node = tree_.Edit(path);
  if (node == nullptr)
    return Add(line, path, GeneratedDirectory(kTmpfilesGenerator));
  if (node->type == NodeType::kDirectory) {
    if (IsImplied(*node)) {
      node->origin.name = kTmpfilesGenerator;
      SetNew(line, *node);
    } else {
      Adjust(line, path);
    }
    return Ok();
  }
  const TreeNode* target = tree_.Resolve(path);
  const bool is_directory =
      target != nullptr && target->type == NodeType::kDirectory;
  if (is_directory || IsFromPeople(*node)) return Ok();
  return InTheWay(path, *node, "a directory");
}

Status TmpfilesApplier::CreateFile(const TmpfilesLine& line,
                                   const std::string& path) {
  TreeNode* node = tree_.Edit(path);
  if (node == nullptr) {
    return Add(line, path, GeneratedFile(kTmpfilesGenerator, line.argument));
  }
  if (IsFromPeople(*node) || node->type == NodeType::kSymlink) return Ok();
  if (node->type != NodeType::kFile) return InTheWay(path, *node, "a file");
  if (line.plus) {
    TreeNode fresh =
        GeneratedFile(kTmpfilesGenerator, line.argument, node->mode);
    fresh.uid = node->uid;
    fresh.gid = node->gid;
    fresh.user = node->user;
    fresh.group = node->group;
    // Other names of the inode keep the old contents: truncating them too is
    // what nobody who writes "f+" has in mind.
    *node = std::move(fresh);
  }
  Adjust(line, path);
  return Ok();
}

Status TmpfilesApplier::CreateLink(const TmpfilesLine& line,
                                   const std::string& path) {
  const std::string target = SourceOf(line);
  if (line.if_target_exists) {
    const std::string from_root =
        target.starts_with('/') ? target
                                : std::string(ParentPath(path)) + "/" + target;
    if (tree_.Resolve(from_root) == nullptr) return Ok();
  }
  const TreeNode* node = tree_.Find(path);
  if (node != nullptr && (!line.plus || IsFromPeople(*node))) return Ok();
  if (node != nullptr && node->type == NodeType::kSymlink &&
      node->symlink_target == target) {
    return Ok();
  }
  return tree_.Set(path, GeneratedLink(kTmpfilesGenerator, target));
}

Status TmpfilesApplier::Copy(const TmpfilesLine& line,
                             const std::string& path) {
  const TreeNode* there = tree_.Find(path);
  if (there != nullptr && IsFromPeople(*there)) return Ok();
  TALLY_ASSIGN(const std::string source, Locate(SourceOf(line)));
  const TreeNode* node = tree_.Find(source);
  if (node == nullptr) {
    if (there != nullptr) return Ok();
    return InputError("source " + Shown(source) +
                      " is not in the image, expected something to copy");
  }
  if (there != nullptr && there->type != node->type) return Ok();
  const bool is_empty =
      there == nullptr ||
      (there->type == NodeType::kDirectory && tree_.Children(path).empty());
  if (!is_empty) {
    Adjust(line, path);
    return Ok();
  }
  return CopyTree(line, source, path);
}

Status TmpfilesApplier::CopyTree(const TmpfilesLine& line,
                                 const std::string& source,
                                 const std::string& path) {
  if (path == source || source.empty() || path.starts_with(source + "/")) {
    return InputError(Shown(path) + " is in its own source " + Shown(source));
  }
  std::vector<std::string> names = Below(source);
  num_copied_ += names.size();
  if (num_copied_ > kMaxCopied) {
    return InputError("copied more than " + std::to_string(kMaxCopied) +
                      " entries, expected less");
  }
  TmpfilesLine owner_only = line;
  owner_only.mode.reset();
  for (const std::string& from : names) {
    const std::string to = path + from.substr(source.size());
    TreeNode node = *tree_.Find(from);
    node.origin = {"generator", std::string(kTmpfilesGenerator)};
    node.owner_from_manifest = false;
    node.inode.clear();
    SetNew(from == source ? line : owner_only, node);
    TALLY_TRY(tree_.Set(to, std::move(node)));
  }
  return Ok();
}

Status TmpfilesApplier::AdjustAll(const TmpfilesLine& line) {
  TALLY_ASSIGN(const std::vector<std::string> targets, Targets(line));
  for (const std::string& path : targets) {
    const NodeType type = tree_.Find(path)->type;
    if (line.type == 'e' && type != NodeType::kDirectory) continue;
    if (line.type != 't' && line.type != 'T') {
      Adjust(line, path);
      continue;
    }
    Edit(path, [&line](TreeNode& node) {
      for (const auto& [name, value] : line.xattrs) node.xattrs[name] = value;
    });
  }
  return Ok();
}

Result<std::vector<std::string>> TmpfilesApplier::Targets(
    const TmpfilesLine& line) const {
  // Links are followed up to the first component with a pattern.
  const size_t special =
      std::min(line.path.find_first_of("*?"), line.path.size());
  const size_t cut = special == line.path.size()
                         ? line.path.size()
                         : line.path.rfind('/', special);
  TALLY_ASSIGN(const std::string fixed,
               Locate(line.path.substr(0, cut) +
                      (special == line.path.size() ? "" : "/.")));
  std::vector<std::string> found;
  if (special == line.path.size()) {
    if (tree_.Find(fixed) != nullptr) found.push_back(fixed);
  } else {
    const std::string base = fixed.substr(0, fixed.rfind('.'));
    const std::vector<std::string> pattern =
        Split(base + line.path.substr(cut + 1), '/');
    for (const auto& entry : tree_.nodes()) {
      if (PathMatches(pattern, entry.first)) found.push_back(entry.first);
    }
  }
  if (line.type != 'Z' && line.type != 'T') return found;
  std::vector<std::string> all;
  for (const std::string& path : found) {
    for (std::string& name : Below(path)) all.push_back(std::move(name));
  }
  return all;
}

std::vector<std::string> TmpfilesApplier::Below(const std::string& path) const {
  std::vector<std::string> paths;
  const std::string prefix = path.empty() ? "" : path + "/";
  if (tree_.Find(path) != nullptr) paths.push_back(path);
  for (auto at = tree_.nodes().upper_bound(prefix);
       at != tree_.nodes().end() && at->first.starts_with(prefix); ++at) {
    paths.push_back(at->first);
  }
  return paths;
}

// NamesOf returns the names of a file. Lines only take names away.
const std::vector<std::string>& TmpfilesApplier::NamesOf(
    const std::string& inode) {
  if (names_of_inode_.empty()) {
    for (const auto& [path, node] : tree_.nodes()) {
      if (!node.inode.empty()) names_of_inode_[node.inode].push_back(path);
    }
  }
  return names_of_inode_[inode];
}

void TmpfilesApplier::Edit(const std::string& path,
                           const std::function<void(TreeNode&)>& change) {
  TreeNode& node = *tree_.Edit(path);
  if (IsFromPeople(node)) return;
  change(node);
  if (node.inode.empty()) return;
  for (const std::string& name : NamesOf(node.inode)) {
    const TreeNode* found = tree_.Find(name);
    if (found == nullptr || found->inode != node.inode || name == path) {
      continue;
    }
    TreeNode& other = *tree_.Edit(name);
    other.mode = node.mode;
    other.uid = node.uid;
    other.gid = node.gid;
    other.user = node.user;
    other.group = node.group;
    other.xattrs = node.xattrs;
  }
}

void TmpfilesApplier::Adjust(const TmpfilesLine& line,
                             const std::string& path) {
  Edit(path, [&line](TreeNode& node) { SetExisting(line, node); });
}

Status TmpfilesApplier::Add(const TmpfilesLine& line, const std::string& path,
                            TreeNode node) {
  SetNew(line, node);
  TALLY_ASSIGN(const bool added, tree_.Offer(path, std::move(node)));
  static_cast<void>(added);
  return Ok();
}

}  // namespace tally
