#include "builder/modules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "builder/archive.h"
#include "common/text.h"
#include "formats/elf_modinfo.h"

namespace tally {
namespace {

constexpr std::string_view kModulesPrefix = "usr/lib/modules/";
constexpr int kMaxDependencyDepth = 100;

// ModuleName returns "dm_verity" for ".../dm-verity.ko.xz", and nothing for a
// path that is not a module.
std::optional<std::string> ModuleName(std::string_view path) {
  const std::string_view base = path.substr(path.rfind('/') + 1);
  for (std::string_view suffix : kModuleSuffixes) {
    if (!base.ends_with(suffix)) continue;
    std::string name(base.substr(0, base.size() - suffix.size()));
    std::ranges::replace(name, '-', '_');
    return name;
  }
  return std::nullopt;
}

std::string CanonicalName(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

class Selector {
 public:
  explicit Selector(const UnpackedPackage& kernel) {
    for (const UnpackedEntry& entry : kernel.entries) {
      if (entry.type != NodeType::kFile ||
          !entry.path.starts_with(kModulesPrefix)) {
        continue;
      }
      if (const auto name = ModuleName(entry.path)) {
        available_[*name] = &entry;
      } else if (entry.path.ends_with("/modules.builtin")) {
        ReadBuiltin(AsText(entry.content.span()));
      }
    }
  }

  // Add appends a module after its dependencies.
  Status Add(const std::string& wanted, const std::string& because,
             int depth = 0) {
    const std::string name = CanonicalName(wanted);
    if (builtin_.contains(name) || !started_.insert(name).second) return Ok();
    const auto found = available_.find(name);
    if (found == available_.end()) return Unknown(name, because);
    if (depth > kMaxDependencyDepth) {
      return InputError("module '" + name + "' is needed through more than " +
                        std::to_string(kMaxDependencyDepth) + " others");
    }

    TALLY_ASSIGN(Content content, Uncompressed(*found->second));
    Result<ModuleInfo> info = ParseModuleInfo(content.span());
    if (!info) {
      return std::move(info).error().While("reading module " +
                                           Quote(found->second->path));
    }
    for (const std::string& dependency : Dependencies(*info)) {
      TALLY_TRY(Add(dependency, "module '" + name + "'", depth + 1));
    }
    const std::string& path = found->second->path;
    selected_.push_back({.name = name,
                         .path = path.substr(0, path.rfind(".ko") + 3),
                         .content = std::move(content)});
    return Ok();
  }

  std::vector<KernelModule> Take() { return std::move(selected_); }

 private:
  void ReadBuiltin(std::string_view list) {
    for (const std::string& line : Split(list, '\n')) {
      if (const auto name = ModuleName(line)) builtin_.insert(*name);
    }
  }

  // Dependencies are hard ones, and soft ones that exist.
  std::vector<std::string> Dependencies(const ModuleInfo& info) const {
    std::vector<std::string> names = info.depends;
    for (const auto& [key, value] : info.fields) {
      if (key != "softdep") continue;
      bool before = false;
      for (const std::string& word : Split(value, ' ')) {
        if (word.ends_with(':')) {
          before = word == "pre:";
        } else if (before && available_.contains(CanonicalName(word))) {
          names.push_back(word);
        }
      }
    }
    return names;
  }

  Result<Content> Uncompressed(const UnpackedEntry& entry) const {
    if (entry.path.ends_with(".ko")) return entry.content;
    Result<Bytes> bytes = Decompress(entry.content.span(), kMaxModuleBytes);
    if (!bytes) {
      return std::move(bytes).error().While("decompressing " +
                                            Quote(entry.path));
    }
    return MakeContent(std::move(bytes).value());
  }

  Status Unknown(const std::string& name, const std::string& because) const {
    std::vector<std::string> names(builtin_.begin(), builtin_.end());
    for (const auto& [known, entry] : available_) names.push_back(known);
    const auto nearest = NearestName(name, names);
    return InputError("kernel module " + Quote(name) + " of " + because +
                      " is not in the kernel package" +
                      (nearest ? ", did you mean '" + *nearest + "'?" : ""));
  }

  std::map<std::string, const UnpackedEntry*> available_;
  std::set<std::string> builtin_;
  std::set<std::string> started_;
  std::vector<KernelModule> selected_;
};

}  // namespace

Result<std::vector<KernelModule>> SelectModules(
    const UnpackedPackage& kernel, const std::vector<std::string>& names) {
  Selector selector(kernel);
  for (const std::string& name : names) {
    TALLY_TRY(selector.Add(name, "initrd.modules"));
  }
  return selector.Take();
}

}  // namespace tally
