#include "builder/generate/config_files.h"

#include <map>

namespace tally {
namespace {

constexpr uint64_t kMaxFileBytes = 1 << 20;

}  // namespace

Result<std::vector<ConfigFile>> ConfigFiles(const Tree& tree,
                                            std::string_view directory) {
  std::map<std::string, ConfigFile> by_name;
  for (const char* place : {"etc", "run", "usr/local/lib", "usr/lib"}) {
    const std::string parent = place + ("/" + std::string(directory));
    for (const std::string& name : tree.Children(parent)) {
      if (!name.ends_with(".conf") || name == ".conf") continue;
      const std::string path = parent + "/" + name;
      if (tree.Find(path)->symlink_target == "/dev/null") {
        by_name.emplace(name, ConfigFile{.path = path, .text = ""});
        continue;
      }
      // A link that leads nowhere hides nothing, as in systemd.
      const TreeNode* node = tree.Resolve(path);
      if (node == nullptr || node->type != NodeType::kFile) continue;
      if (node->content.size_bytes() > kMaxFileBytes) {
        return InputError("'/" + path + "' of " + node->origin.ToString() +
                          " has " + std::to_string(node->content.size_bytes()) +
                          " bytes, expected at most " +
                          std::to_string(kMaxFileBytes));
      }
      by_name.emplace(
          name, ConfigFile{.path = path, .text = AsText(node->content.span())});
    }
  }
  std::vector<ConfigFile> files;
  for (auto& entry : by_name) {
    if (!entry.second.text.empty()) files.push_back(std::move(entry.second));
  }
  return files;
}

}  // namespace tally
