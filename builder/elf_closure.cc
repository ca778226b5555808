// Follows ld.so(8) and _dl_map_object in elf/dl-load.c of glibc.
//
// Not modelled: the search paths of whoever loads a library, and libraries that
// are in the process already. Both can only add libraries, so a private library
// (outside of the directories that every program searches) also finds what lies
// beside it; that is how such libraries are used. LD_LIBRARY_PATH and dlopen(3)
// are not files.
#include "builder/elf_closure.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <tuple>

#include "builder/library_directories.h"
#include "common/text.h"
#include "formats/elf.h"

namespace tally {
namespace {

using MissingKind = MissingLibrary::Kind;

// Debug files (dbgsym packages) are never run; their segments are not in them.
constexpr std::string_view kDebugFiles = "usr/lib/debug/";
constexpr uint64_t kMaxScriptLine = 256;  // BINPRM_BUF_SIZE of Linux

// Platform is what a machine's loader has built in.
struct Platform {
  uint16_t machine = 0;
  ElfClass elf_class = ElfClass::k64;
  std::string_view triplet;
  std::string_view platform;  // $PLATFORM
};
constexpr std::array<Platform, 4> kPlatforms = {{
    {kElfMachineX8664, ElfClass::k64, "x86_64-linux-gnu", "x86_64"},
    {kElfMachineAarch64, ElfClass::k64, "aarch64-linux-gnu", "aarch64"},
    {kElfMachine386, ElfClass::k32, "i386-linux-gnu", "i686"},
    {kElfMachineArm, ElfClass::k32, "arm-linux-gnueabihf", "v7l"},
}};

const Platform* FindPlatform(const ElfHeader& header) {
  const auto* found = std::ranges::find_if(kPlatforms, [&](const Platform& p) {
    return p.machine == header.machine && p.elf_class == header.elf_class;
  });
  return found == kPlatforms.end() ? nullptr : found;
}

void ReplaceAll(std::string& text, std::string_view from, std::string_view to) {
  for (size_t at = text.find(from); at != text.npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// Expand replaces the dynamic string tokens of ld.so(8).
std::string Expand(std::string text, const std::string& origin,
                   const Platform* platform) {
  const std::string lib =
      platform == nullptr ? "lib" : "lib/" + std::string(platform->triplet);
  const std::string_view name = platform == nullptr ? "" : platform->platform;
  const std::array<std::pair<std::string_view, std::string_view>, 3> tokens = {
      {{"ORIGIN", origin}, {"LIB", lib}, {"PLATFORM", name}}};
  for (const auto& [token, value] : tokens) {
    ReplaceAll(text, "${" + std::string(token) + "}", value);
    ReplaceAll(text, "$" + std::string(token), value);
  }
  return text;
}

// ScriptInterpreter returns the program of a "#!" line, "" if there is none.
std::string ScriptInterpreter(ByteSpan file) {
  std::string_view line = AsText(file).substr(0, kMaxScriptLine);
  if (!line.starts_with("#!")) return "";
  line = Trim(line.substr(2, line.find('\n') - 2));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

class Closure {
 public:
  explicit Closure(const Tree& tree) : tree_(tree) {}

  void Look(const std::string& path, const TreeNode& node) {
    const ByteSpan file = node.content.span();
    if (!IsElf(file)) {
      if ((node.mode & 0111) != 0) LookAtScript(path, node);
      return;
    }
    const Result<ElfFile> elf = ParseElf(file);
    if (!elf) {
      Add(path, node, MissingKind::kUnreadable, elf.error().message());
      return;
    }
    if (elf->header.type != kElfExecutable && elf->header.type != kElfShared) {
      return;
    }
    if (!elf->interpreter.empty() && !IsFile(elf->interpreter)) {
      Add(path, node, MissingKind::kInterpreter, elf->interpreter);
    }
    const std::vector<std::string> directories = SearchPath(path, *elf);
    for (const std::string& needed : elf->needed) {
      if (!IsFound(needed, directories, elf->header)) {
        Add(path, node, MissingKind::kLibrary, needed);
      }
    }
  }

  std::vector<MissingLibrary> Take() {
    std::ranges::sort(missing_, {}, [](const MissingLibrary& m) {
      return std::tie(m.path, m.kind, m.needed);
    });
    missing_.erase(std::unique(missing_.begin(), missing_.end()),
                   missing_.end());
    return std::move(missing_);
  }

 private:
  void Add(const std::string& path, const TreeNode& node, MissingKind kind,
           const std::string& needed) {
    missing_.push_back(
        {.path = path, .kind = kind, .needed = needed, .origin = node.origin});
  }

  void LookAtScript(const std::string& path, const TreeNode& node) {
    const std::string program = ScriptInterpreter(node.content.span());
    if (program.starts_with('/') && !IsFile(program)) {
      Add(path, node, MissingKind::kScriptInterpreter, program);
    }
  }

  bool IsFile(std::string_view path) const {
    const TreeNode* node = tree_.Resolve(path);
    return node != nullptr && node->type == NodeType::kFile;
  }

  std::vector<std::string> SearchPath(const std::string& path,
                                      const ElfFile& elf) {
    const Platform* platform = FindPlatform(elf.header);
    const std::string origin = "/" + std::string(ParentPath(path));
    std::vector<std::string> directories;
    // DT_RPATH does not count if there is a DT_RUNPATH.
    const std::string written =
        elf.runpath.value_or(elf.rpath.value_or(std::string()));
    for (const std::string& part : Split(written, ':')) {
      const std::string directory = Expand(part, origin, platform);
      // Anything else is relative to where the program is started.
      if (directory.starts_with('/')) directories.push_back(directory);
    }
    const std::vector<std::string>& common = CommonPath(platform);
    directories.insert(directories.end(), common.begin(), common.end());
    // A private library: see the top of this file.
    const auto own = tree_.ResolvePath(origin);
    const bool is_private =
        own && std::ranges::none_of(common, [&](const std::string& directory) {
          return tree_.ResolvePath(directory) == own;
        });
    if (is_private && elf.interpreter.empty()) directories.push_back(origin);
    return directories;
  }

  // CommonPath is searched for every program of that platform.
  const std::vector<std::string>& CommonPath(const Platform* platform) {
    const auto [found, is_new] = common_.try_emplace(platform);
    if (!is_new) return found->second;
    if (platform == nullptr) {
      found->second = {"/lib", "/usr/lib"};
      return found->second;
    }
    found->second = DefaultLibraryDirectories(platform->triplet);
    found->second.push_back("/lib64");
    found->second.push_back("/usr/lib64");
    if (tree_.Resolve("etc/ld.so.cache") == nullptr) return found->second;
    // A bad /etc/ld.so.conf is reported by the one who makes the cache.
    const auto directories = FindLibraryDirectories(platform->triplet, tree_);
    if (!directories) return found->second;
    for (const LibraryDirectory& directory : *directories) {
      if (directory.hwcaps.empty()) found->second.push_back(directory.path);
    }
    return found->second;
  }

  bool IsFound(const std::string& needed,
               const std::vector<std::string>& directories,
               const ElfHeader& header) {
    if (needed.find('/') != needed.npos) {
      return needed.starts_with('/') && Fits(needed, header);
    }
    return std::ranges::any_of(directories, [&](const std::string& directory) {
      return Fits(directory + "/" + needed, header);
    });
  }

  // Fits says whether there is a library for the same machine: the loader
  // passes over others.
  bool Fits(const std::string& path, const ElfHeader& header) {
    const auto resolved = tree_.ResolvePath(path);
    if (!resolved) return false;
    const auto [found, is_new] = headers_.try_emplace(*resolved);
    if (is_new) {
      const TreeNode* node = tree_.Find(*resolved);
      if (node->type == NodeType::kFile) {
        Result<ElfHeader> parsed = ParseElfHeader(node->content.span());
        if (parsed) found->second = *parsed;
      }
    }
    return found->second && found->second->type == kElfShared &&
           found->second->machine == header.machine &&
           found->second->elf_class == header.elf_class;
  }

  const Tree& tree_;
  std::vector<MissingLibrary> missing_;
  std::map<const Platform*, std::vector<std::string>> common_;
  std::map<std::string, std::optional<ElfHeader>> headers_;
};

}  // namespace

std::string Sentence(const MissingLibrary& missing) {
  const std::string file =
      Quote("/" + missing.path) + " (" + missing.origin.ToString() + ") ";
  const std::string needed = Quote(missing.needed);
  switch (missing.kind) {
    case MissingKind::kLibrary:
      return file + "needs library " + needed + ", which is not in the image";
    case MissingKind::kInterpreter:
      return file + "needs loader " + needed + ", which is not in the image";
    case MissingKind::kScriptInterpreter:
      return file + "is a script for " + needed + ", which is not in the image";
    case MissingKind::kUnreadable:
      break;
  }
  return file + "is no valid ELF file: " + missing.needed;
}

std::vector<MissingLibrary> FindElfProblems(const Tree& tree) {
  Closure closure(tree);
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type != NodeType::kFile || path.starts_with(kDebugFiles)) continue;
    closure.Look(path, node);
  }
  return closure.Take();
}

}  // namespace tally
