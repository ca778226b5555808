// Follows output_… in tools/depmod.c of kmod 30.
#include "builder/generate/depmod.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "builder/generate/depmod_modules.h"
#include "common/text.h"
#include "formats/kmod_index.h"

namespace tally {
namespace {

constexpr std::string_view kDepmodGenerator = "depmod";
constexpr std::string_view kModulesRoot = "usr/lib/modules";
constexpr std::array<std::string_view, 5> kConfigDirectories = {
    "etc/depmod.d", "run/depmod.d", "usr/local/lib/depmod.d",
    "usr/lib/depmod.d", "lib/depmod.d"};

// NormalAlias has '_' for '-' outside of brackets; nothing if brackets do not
// match (depmod leaves such an alias out of the index).
std::optional<std::string> NormalAlias(std::string_view alias) {
  std::string normal(alias);
  for (size_t i = 0; i < normal.size(); ++i) {
    if (normal[i] == ']') return std::nullopt;
    if (normal[i] == '[') i = normal.find(']', i);
    if (i == normal.npos) return std::nullopt;
    if (normal[i] == '-') normal[i] = '_';
  }
  return normal;
}

std::string DependencyLine(const DepmodKernel& kernel,
                           const DepmodModule& module) {
  std::string line = module.path + ":";
  for (const size_t i : module.dependencies) {
    line += " " + kernel.modules[i].path;
  }
  return line;
}

std::string AliasText(const DepmodKernel& kernel) {
  std::string text = "# Aliases extracted from modules themselves.\n";
  for (const DepmodModule& module : kernel.modules) {
    for (const std::string& alias : module.aliases) {
      text.append("alias ").append(alias).append(" ");
      text.append(module.name).append("\n");
    }
  }
  return text;
}

std::string SoftdepText(const DepmodKernel& kernel) {
  std::string text = "# Soft dependencies extracted from modules themselves.\n";
  for (const DepmodModule& module : kernel.modules) {
    for (const std::string& softdep : module.softdeps) {
      text.append("softdep ").append(module.name).append(" ");
      text.append(softdep).append("\n");
    }
  }
  return text;
}

std::string SymbolText(const DepmodKernel& kernel) {
  std::string text = "# Aliases for symbols, used by symbol_request().\n";
  for (const DepmodSymbol& symbol : kernel.symbols) {
    text.append("alias symbol:").append(symbol.name).append(" ");
    text.append(kernel.modules[symbol.owner].name).append("\n");
  }
  return text;
}

// Numbers returns "10:234" for "PREFIX10-234…", as sscanf("%u-%u") would.
std::optional<std::string> Numbers(std::string_view alias,
                                   std::string_view prefix) {
  constexpr std::string_view kDigits = "0123456789";
  if (!alias.starts_with(prefix)) return std::nullopt;
  alias.remove_prefix(prefix.size());
  const size_t dash = alias.find_first_not_of(kDigits);
  if (dash == 0 || dash == alias.npos || alias[dash] != '-') {
    return std::nullopt;
  }
  const std::string_view minor = alias.substr(dash + 1);
  const auto major_number = ParseUnsigned(alias.substr(0, dash));
  const auto minor_number =
      ParseUnsigned(minor.substr(0, minor.find_first_not_of(kDigits)));
  if (!major_number || !minor_number) return std::nullopt;
  return std::to_string(*major_number) + ":" + std::to_string(*minor_number);
}

// DeviceLine says which device node loads the module, "" for none.
std::string DeviceLine(const DepmodModule& module) {
  constexpr std::string_view kPrefix = "devname:";
  std::string name;
  std::string numbers;
  for (const std::string& alias : module.aliases) {
    if (alias.starts_with(kPrefix)) {
      name = alias.substr(kPrefix.size());
    } else if (const auto found = Numbers(alias, "char-major-")) {
      numbers = "c" + *found;
    } else if (const auto block = Numbers(alias, "block-major-")) {
      numbers = "b" + *block;
    }
    if (!name.empty() && !numbers.empty()) {
      return module.name + " " + name + " " + numbers + "\n";
    }
  }
  return "";
}

std::string DeviceText(const DepmodKernel& kernel) {
  std::string lines;
  for (const DepmodModule& module : kernel.modules) lines += DeviceLine(module);
  if (lines.empty()) return "";
  return "# Device nodes to trigger on-demand module loading.\n" + lines;
}

// Output collects the files of one kernel.
class Output {
 public:
  Output(std::string directory, Tree* tree)
      : directory_(std::move(directory)), tree_(tree) {}

  Status Write(const DepmodKernel& kernel) {
    if (kernel.modules.empty()) return Ok();
    TALLY_TRY(AddDependencies(kernel));
    TALLY_TRY(Add("modules.alias", AliasText(kernel)));
    TALLY_TRY(AddAliasIndex(kernel));
    TALLY_TRY(Add("modules.softdep", SoftdepText(kernel)));
    TALLY_TRY(Add("modules.symbols", SymbolText(kernel)));
    TALLY_TRY(AddSymbolIndex(kernel));
    TALLY_TRY(AddBuiltinIndex());
    TALLY_TRY(AddBuiltinAliasIndex());
    return Add("modules.devname", DeviceText(kernel));
  }

 private:
  Status Add(std::string_view name, std::string_view text) {
    TALLY_ASSIGN([[maybe_unused]] const bool added,
                 tree_->Offer(directory_ + "/" + std::string(name),
                              GeneratedFile(kDepmodGenerator, text)));
    return Ok();
  }

  Status AddIndex(std::string_view name,
                  const std::vector<KmodIndexEntry>& entries) {
    Result<Bytes> bytes = EncodeKmodIndex(entries);
    if (!bytes) {
      return std::move(bytes).error().While(
          "writing " + Quote("/" + directory_ + "/" + std::string(name)));
    }
    return Add(name, AsText(*bytes));
  }

  Status AddDependencies(const DepmodKernel& kernel) {
    std::string text;
    std::vector<KmodIndexEntry> entries;
    for (const DepmodModule& module : kernel.modules) {
      const std::string line = DependencyLine(kernel, module);
      text.append(line).append("\n");
      entries.push_back({.key = module.name,
                         .value = line,
                         .priority = static_cast<uint32_t>(entries.size())});
    }
    TALLY_TRY(Add("modules.dep", text));
    return AddIndex("modules.dep.bin", entries);
  }

  Status AddAliasIndex(const DepmodKernel& kernel) {
    std::vector<KmodIndexEntry> entries;
    for (size_t i = 0; i < kernel.modules.size(); ++i) {
      for (const std::string& alias : kernel.modules[i].aliases) {
        const auto normal = NormalAlias(alias);
        if (!normal) continue;
        entries.push_back({.key = *normal,
                           .value = kernel.modules[i].name,
                           .priority = static_cast<uint32_t>(i)});
      }
    }
    return AddIndex("modules.alias.bin", entries);
  }

  Status AddSymbolIndex(const DepmodKernel& kernel) {
    std::vector<KmodIndexEntry> entries;
    for (const DepmodSymbol& symbol : kernel.symbols) {
      entries.push_back({.key = "symbol:" + symbol.name,
                         .value = kernel.modules[symbol.owner].name,
                         .priority = static_cast<uint32_t>(symbol.owner)});
    }
    return AddIndex("modules.symbols.bin", entries);
  }

  // Input returns a file of the kernel package, nothing if there is none.
  std::optional<std::string_view> Input(std::string_view name) const {
    const TreeNode* node = tree_->Resolve(directory_ + "/" + std::string(name));
    if (node == nullptr || node->type != NodeType::kFile) return std::nullopt;
    return AsText(node->content.span());
  }

  Status AddBuiltinIndex() {
    const auto text = Input("modules.builtin");
    // depmod leaves an empty file, too.
    if (!text) return Add("modules.builtin.bin", "");
    std::vector<KmodIndexEntry> entries;
    for (const std::string& line : Split(*text, '\n')) {
      if (!line.empty()) entries.push_back({.key = ModuleNameOf(line)});
    }
    return AddIndex("modules.builtin.bin", entries);
  }

  Status AddBuiltinAliasIndex() {
    const auto text = Input("modules.builtin.modinfo");
    if (!text) return Add("modules.builtin.alias.bin", "");
    std::vector<KmodIndexEntry> entries;
    for (const std::string& field : Split(*text, '\0')) {
      if (field.empty()) continue;
      const size_t dot = field.find('.');
      const size_t equals = field.find('=', dot == field.npos ? 0 : dot);
      if (dot == 0 || dot == field.npos || equals == field.npos) {
        return InputError(Quote("/" + directory_ + "/modules.builtin.modinfo") +
                          ": found " + Quote(field) +
                          ", expected MODULE.KEY=VALUE");
      }
      if (field.substr(dot + 1, equals - dot - 1) != "alias") continue;
      const auto alias = NormalAlias(field.substr(equals + 1));
      if (!alias || alias->empty()) continue;
      entries.push_back({.key = *alias, .value = field.substr(0, dot)});
    }
    return AddIndex("modules.builtin.alias.bin", entries);
  }

  std::string directory_;
  Tree* tree_;
};

// RefuseSettings makes sure that nobody wrote a depmod.d(5) file and waits for
// its effect.
Status RefuseSettings(const Tree& tree) {
  for (const std::string_view directory : kConfigDirectories) {
    const auto resolved = tree.ResolvePath(directory);
    if (!resolved) continue;
    for (const std::string& name : tree.Children(*resolved)) {
      const std::string path = *resolved + "/" + name;
      const TreeNode* node = tree.Resolve(path);
      if (!name.ends_with(".conf") || node == nullptr ||
          node->type != NodeType::kFile) {
        continue;
      }
      const std::vector<std::string> lines =
          Split(AsText(node->content.span()), '\n');
      for (size_t i = 0; i < lines.size(); ++i) {
        const std::string_view line = Trim(lines[i]);
        if (line.empty() || line.starts_with('#')) continue;
        return InputError(Quote("/" + path) + " line " + std::to_string(i + 1) +
                          ": found " + Quote(line) +
                          ", expected only comments: settings of depmod.d(5) "
                          "are not supported");
      }
    }
  }
  return Ok();
}

}  // namespace

Status GenerateDepmod(unsigned num_threads, Tree* tree) {
  const auto root = tree->ResolvePath(kModulesRoot);
  if (!root) return Ok();
  bool has_checked = false;
  for (const std::string& version : tree->Children(*root)) {
    const std::string directory = *root + "/" + version;
    if (tree->Find(directory)->type != NodeType::kDirectory) continue;
    if (!std::exchange(has_checked, true)) TALLY_TRY(RefuseSettings(*tree));
    TALLY_ASSIGN(const DepmodKernel kernel,
                 LoadKernel(directory, *tree, num_threads));
    TALLY_TRY(Output(directory, tree).Write(kernel));
  }
  return Ok();
}

}  // namespace tally
