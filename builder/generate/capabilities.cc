// setcap(8) of libcap, which maintainer scripts call.
#include "builder/generate/capabilities.h"

#include <optional>

#include "builder/merged_path.h"
#include "common/text.h"
#include "formats/file_capabilities.h"

namespace tally {
namespace {

// CapabilityRequest is one wish for capabilities, by a script or by the
// manifest.
struct CapabilityRequest {
  std::string who;   // "manifest.yaml:3:5", "package 'iproute2'"
  std::string path;  // absolute
  std::string text;
  bool from_manifest = false;
};

CapabilityRequest FromAction(const Action& action) {
  const size_t space = action.argument.find(' ');
  CapabilityRequest request{.who = "package " + Quote(action.package),
                            .path = action.argument.substr(0, space)};
  if (space != std::string::npos) {
    request.text = action.argument.substr(space + 1);
  }
  return request;
}

std::vector<CapabilityRequest> AllRequests(const Manifest& manifest,
                                           const std::vector<Action>& actions) {
  std::vector<CapabilityRequest> requests;
  for (const Action& action : actions) {
    if (action.kind != ActionKind::kCapability) continue;
    requests.push_back(FromAction(action));
  }
  for (const CapabilitySpec& spec : manifest.system.capabilities) {
    requests.push_back({.who = At(manifest, spec.where),
                        .path = spec.path,
                        .text = spec.capabilities,
                        .from_manifest = true});
  }
  return requests;
}

// FindFile returns the path of the regular file that the request means; nothing
// if a script's file is not in the image.
Result<std::optional<std::string>> FindFile(const CapabilityRequest& request,
                                            const Tree& tree) {
  TALLY_ASSIGN(const std::string merged, MergedPath("." + request.path));
  const std::optional<std::string> path = tree.ResolvePath(merged);
  if (!path) {
    if (!request.from_manifest) return std::optional<std::string>();
    return InputError(Quote(request.path) +
                      " is not in the image, expected a file");
  }
  if (tree.Find(*path)->type != NodeType::kFile) {
    return InputError(Quote(request.path) + " is a directory, expected a file");
  }
  return path;
}

// Chosen is what was asked for one file, and by whom.
struct Chosen {
  const CapabilityRequest* request = nullptr;
  Bytes xattr;
};

// Choices are the files by inode, or by path for those without one.
class Choices {
 public:
  explicit Choices(const Tree& tree) : tree_(tree) {}

  Status Add(const CapabilityRequest& request) {
    TALLY_ASSIGN(const FileCapabilities capabilities,
                 ParseCapabilityText(request.text));
    TALLY_ASSIGN(const std::optional<std::string> path,
                 FindFile(request, tree_));
    if (!path) return Ok();
    Chosen chosen{.request = &request,
                  .xattr = EncodeCapabilityXattr(capabilities)};
    Chosen& earlier = by_key_[KeyOf(*path, *tree_.Find(*path))];
    const bool clash = earlier.request != nullptr &&
                       earlier.request->from_manifest == request.from_manifest;
    if (clash && earlier.xattr != chosen.xattr) {
      return InputError(
          Quote(request.path) + " has " + Quote(earlier.request->text) +
          " from " + earlier.request->who + ", found " + Quote(request.text));
    }
    earlier = std::move(chosen);
    return Ok();
  }

  std::map<std::string, Bytes> ByPath() const {
    std::map<std::string, Bytes> by_path;
    if (by_key_.empty()) return by_path;
    for (const auto& [path, node] : tree_.nodes()) {
      if (node.type != NodeType::kFile) continue;
      const auto found = by_key_.find(KeyOf(path, node));
      if (found != by_key_.end()) by_path[path] = found->second.xattr;
    }
    return by_path;
  }

 private:
  using Key = std::pair<std::string, std::string>;
  static Key KeyOf(const std::string& path, const TreeNode& node) {
    return node.inode.empty() ? Key{"", path} : Key{node.inode, ""};
  }

  const Tree& tree_;
  std::map<Key, Chosen> by_key_;
};

}  // namespace

Result<std::map<std::string, Bytes>> PlanCapabilities(
    const Manifest& manifest, const std::vector<Action>& actions,
    const Tree& tree) {
  const std::vector<CapabilityRequest> requests =
      AllRequests(manifest, actions);
  Choices choices(tree);
  for (const CapabilityRequest& request : requests) {
    Status added = choices.Add(request);
    if (added) continue;
    Error error(added.error().code(),
                request.who + ": " + added.error().message());
    for (const std::string& hint : added.error().hints()) {
      error = std::move(error).Hint(hint);
    }
    return error;
  }
  return choices.ByPath();
}

Status GenerateCapabilities(const Manifest& manifest,
                            const std::vector<Action>& actions, Tree* tree) {
  TALLY_ASSIGN(const auto plan, PlanCapabilities(manifest, actions, *tree));
  for (const auto& [path, xattr] : plan) {
    tree->Edit(path)->xattrs[std::string(kCapabilityXattr)] = xattr;
  }
  return Ok();
}

}  // namespace tally
