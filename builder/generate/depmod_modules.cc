// Follows kmod 30: tools/depmod.c (search, sort, dependencies) and
// shared/hash.c, whose order shows in modules.symbols.
#include "builder/generate/depmod_modules.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <utility>

#include "builder/archive.h"
#include "builder/modules.h"
#include "common/parallel.h"
#include "common/text.h"
#include "formats/elf_modinfo.h"
#include "formats/elf_module_symbols.h"

namespace tally {
namespace {

// Of names in all modules of a kernel; Debian's have 10 MB.
constexpr uint64_t kMaxNamesBytes = 1 << 30;
constexpr uint32_t kModuleBuckets = 512;
constexpr uint32_t kSymbolBuckets = 2048;
// depmod prefers a module below updates/ to others of its name.
constexpr std::string_view kPreferred = "updates/";

// Hash is hash_superfast (Paul Hsieh's SuperFastHash) for ASCII.
uint32_t Hash(std::string_view text) {
  const auto byte = [&text](size_t i) {
    return uint32_t{static_cast<uint8_t>(text[i])};
  };
  const auto pair = [&byte](size_t i) { return byte(i) | byte(i + 1) << 8; };
  auto hash = static_cast<uint32_t>(text.size());
  size_t at = 0;
  for (; text.size() - at >= 4; at += 4) {
    hash += pair(at);
    hash = (hash << 16) ^ (pair(at + 2) << 11) ^ hash;
    hash += hash >> 11;
  }
  switch (text.size() - at) {
    case 3:
      hash += pair(at);
      hash ^= hash << 16;
      hash ^= byte(at + 2) << 18;
      hash += hash >> 11;
      break;
    case 2:
      hash += pair(at);
      hash ^= hash << 11;
      hash += hash >> 17;
      break;
    case 1:
      hash += byte(at);
      hash ^= hash << 10;
      hash += hash >> 1;
      break;
    default:
      break;
  }
  hash ^= hash << 3;
  hash += hash >> 5;
  hash ^= hash << 4;
  hash += hash >> 17;
  hash ^= hash << 25;
  hash += hash >> 6;
  return hash;
}

// HashOrder sorts as a walk through kmod's hash table does.
std::pair<uint32_t, std::string> HashOrder(const std::string& name,
                                           uint32_t num_buckets) {
  return {Hash(name) & (num_buckets - 1), name};
}

bool IsModule(std::string_view path) {
  return std::ranges::any_of(kModuleSuffixes, [&](std::string_view suffix) {
    return path.ends_with(suffix);
  });
}

// IsExcluded says whether the path leads through a directory that depmod does
// not search.
bool IsExcluded(std::string_view path) {
  const std::string framed = "/" + std::string(path);
  return framed.find("/build/") != framed.npos ||
         framed.find("/source/") != framed.npos;
}

// FindModules returns the paths of modules by their names' order in depmod's
// hash table. Of two in equally preferred places, the first by bytes wins.
std::vector<std::string> FindModules(const std::string& directory,
                                     const Tree& tree) {
  using Key = std::pair<uint32_t, std::string>;
  std::map<Key, std::string> found;
  const std::string prefix = directory + "/";
  for (auto entry = tree.nodes().lower_bound(prefix);
       entry != tree.nodes().end() && entry->first.starts_with(prefix);
       ++entry) {
    const std::string path = entry->first.substr(prefix.size());
    if (!IsModule(path) || IsExcluded(path)) continue;
    const TreeNode* node = tree.Resolve(entry->first);
    if (node == nullptr || node->type != NodeType::kFile) continue;
    const auto [other, is_new] =
        found.try_emplace(HashOrder(ModuleNameOf(path), kModuleBuckets), path);
    if (!is_new && path.starts_with(kPreferred) &&
        !other->second.starts_with(kPreferred)) {
      other->second = path;
    }
  }
  std::vector<std::string> paths;
  for (auto& [key, path] : found) paths.push_back(std::move(path));
  return paths;
}

// ReadOrder returns the line numbers of modules.order, from 1.
Result<std::map<std::string, size_t>> ReadOrder(const std::string& directory,
                                                const Tree& tree) {
  std::map<std::string, size_t> order;
  const std::string path = directory + "/modules.order";
  const TreeNode* node = tree.Resolve(path);
  if (node == nullptr || node->type != NodeType::kFile) return order;
  const std::vector<std::string> lines =
      Split(AsText(node->content.span()), '\n');
  for (size_t i = 0; i + 1 < lines.size(); ++i) order[lines[i]] = i + 1;
  if (!lines.back().empty()) {
    return InputError(Quote("/" + path) + " line " +
                      std::to_string(lines.size()) +
                      ": found no newline at the end");
  }
  return order;
}

// SortByOrder puts modules of modules.order first; the others keep their place.
void SortByOrder(const std::map<std::string, size_t>& order,
                 std::vector<std::string>& paths) {
  const auto place = [&order](const std::string& path) {
    const auto found = order.find(path.substr(0, path.rfind(".ko") + 3));
    return found == order.end() ? SIZE_MAX : found->second;
  };
  std::ranges::stable_sort(paths, {}, place);
}

struct LoadedModule {
  DepmodModule module;
  std::vector<std::string> exported;
};

Result<LoadedModule> LoadModule(const std::string& path, ByteSpan file) {
  Bytes uncompressed;
  if (!path.ends_with(".ko")) {
    TALLY_ASSIGN(uncompressed, Decompress(file, kMaxModuleBytes));
    file = uncompressed;
  }
  TALLY_ASSIGN(ModuleInfo info, ParseModuleInfo(file));
  TALLY_ASSIGN(ModuleSymbols symbols, ParseModuleSymbols(file));
  LoadedModule loaded = {
      .module = {.name = ModuleNameOf(path),
                 .path = path,
                 .aliases = std::move(info.aliases),
                 .needed_symbols = std::move(symbols.needed)},
      .exported = std::move(symbols.exported)};
  for (auto& [key, value] : info.fields) {
    if (key == "softdep") loaded.module.softdeps.push_back(std::move(value));
  }
  return loaded;
}

// NamesBytes says about how much memory the module's names take.
uint64_t NamesBytes(const LoadedModule& loaded) {
  uint64_t total = 0;
  for (const std::vector<std::string>* names :
       {&loaded.module.aliases, &loaded.module.softdeps,
        &loaded.module.needed_symbols, &loaded.exported}) {
    for (const std::string& name : *names) total += name.size() + sizeof(name);
  }
  return total;
}

// Graph finds the order in which modules can be loaded.
class Graph {
 public:
  Graph(const std::vector<DepmodModule>& modules,
        const std::map<std::string, size_t>& owners)
      : modules_(modules), direct_(modules.size()), rank_(modules.size()) {
    for (size_t i = 0; i < modules.size(); ++i) {
      for (const std::string& needed : modules[i].needed_symbols) {
        AddNeed(i, needed, owners);
      }
    }
  }

  // Rank numbers modules so that users come before what they use; of several,
  // depmod takes the one that it found last.
  Status Rank() {
    std::vector<size_t> num_users(direct_.size());
    for (const std::vector<size_t>& used : direct_) {
      for (const size_t module : used) ++num_users[module];
    }
    std::vector<size_t> ready;
    for (size_t i = 0; i < num_users.size(); ++i) {
      if (num_users[i] == 0) ready.push_back(i);
    }
    size_t num_ranked = 0;
    while (!ready.empty()) {
      const size_t module = ready.back();
      ready.pop_back();
      rank_[module] = num_ranked++;
      for (const size_t used : direct_[module]) {
        if (--num_users[used] == 0) ready.push_back(used);
      }
    }
    if (num_ranked == direct_.size()) return Ok();
    const auto stuck =
        std::ranges::find_if(num_users, [](size_t users) { return users > 0; });
    const auto index = static_cast<size_t>(stuck - num_users.begin());
    return InputError("module " + Quote(modules_[index].name) +
                      " needs itself, or is needed by modules that need each "
                      "other in a circle");
  }

  // All returns everything that a module needs, directly or not.
  std::vector<size_t> All(size_t module) const {
    std::set<size_t> all;
    std::deque<size_t> todo(direct_[module].begin(), direct_[module].end());
    while (!todo.empty()) {
      const size_t next = todo.front();
      todo.pop_front();
      if (!all.insert(next).second) continue;
      todo.insert(todo.end(), direct_[next].begin(), direct_[next].end());
    }
    std::vector<size_t> sorted(all.begin(), all.end());
    std::ranges::sort(sorted, {}, [this](size_t i) { return rank_[i]; });
    return sorted;
  }

 private:
  void AddNeed(size_t module, std::string_view symbol,
               const std::map<std::string, size_t>& owners) {
    if (symbol.starts_with('.')) symbol.remove_prefix(1);  // PowerPC
    const auto owner = owners.find(std::string(symbol));
    if (owner == owners.end()) return;  // the kernel's own
    std::vector<size_t>& used = direct_[module];
    if (std::ranges::find(used, owner->second) == used.end()) {
      used.push_back(owner->second);
    }
  }

  const std::vector<DepmodModule>& modules_;
  std::vector<std::vector<size_t>> direct_;  // in the order of symbols
  std::vector<size_t> rank_;
};

}  // namespace

std::string ModuleNameOf(std::string_view path) {
  std::string name(BaseName(path));
  name.resize(std::min(name.find('.'), name.size()));
  std::ranges::replace(name, '-', '_');
  return name;
}

Result<DepmodKernel> LoadKernel(const std::string& directory, const Tree& tree,
                                unsigned num_threads) {
  std::vector<std::string> paths = FindModules(directory, tree);
  TALLY_ASSIGN(const auto order, ReadOrder(directory, tree));
  SortByOrder(order, paths);

  // Nearly all the time goes into decompressing.
  std::vector<LoadedModule> modules(paths.size());
  std::atomic<uint64_t> names_bytes = 0;
  TALLY_TRY(ParallelFor(paths.size(), num_threads, [&](size_t i) -> Status {
    const std::string full = directory + "/" + paths[i];
    Result<LoadedModule> loaded =
        LoadModule(paths[i], tree.Resolve(full)->content.span());
    if (!loaded) {
      return std::move(loaded).error().While("reading module " +
                                             Quote("/" + full));
    }
    if ((names_bytes += NamesBytes(*loaded)) > kMaxNamesBytes) {
      return InputError("the modules of " + Quote("/" + directory) +
                        " have more than " + FormatBytes(kMaxNamesBytes) +
                        " of names");
    }
    modules[i] = *std::move(loaded);
    return Ok();
  }));

  DepmodKernel kernel;
  std::map<std::string, size_t> owners;  // the last one of a name counts
  for (LoadedModule& loaded : modules) {
    for (const std::string& name : loaded.exported) {
      if (!name.empty()) owners[name] = kernel.modules.size();
    }
    kernel.modules.push_back(std::move(loaded.module));
  }

  Graph graph(kernel.modules, owners);
  TALLY_TRY(graph.Rank());
  for (size_t i = 0; i < kernel.modules.size(); ++i) {
    kernel.modules[i].dependencies = graph.All(i);
  }
  for (const auto& [name, owner] : owners) {
    kernel.symbols.push_back({.name = name, .owner = owner});
  }
  std::ranges::sort(kernel.symbols, {}, [](const DepmodSymbol& symbol) {
    return HashOrder(symbol.name, kSymbolBuckets);
  });
  return kernel;
}

}  // namespace tally
