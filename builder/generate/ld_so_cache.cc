// Follows search_dir and create_links in elf/ldconfig.c of glibc 2.36, and
// readelflib.c of x86 and arm for the flags.
#include "builder/generate/ld_so_cache.h"

#include <algorithm>
#include <array>
#include <optional>

#include "builder/library_directories.h"
#include "common/text.h"
#include "formats/elf.h"
#include "formats/ld_so_cache.h"

namespace tally {
namespace {

constexpr std::string_view kLdSoCacheGenerator = "ld-so-cache";
constexpr std::string_view kCachePath = "etc/ld.so.cache";
// What `ldconfig -p` shows. No version: it would change bytes without need.
constexpr std::string_view kGeneratedBy = "tallystick";

// FLAG_… of sysdeps/generic/ldconfig.h
constexpr uint32_t kFlagElf = 0x0001;
constexpr uint32_t kFlagLibc6 = 0x0003;
constexpr uint32_t kFlagX8664 = 0x0303;
constexpr uint32_t kFlagX32 = 0x0803;
constexpr uint32_t kFlagArmHard = 0x0903;
constexpr uint32_t kFlagArmSoft = 0x0b03;
constexpr uint32_t kFlagAarch64 = 0x0a03;

constexpr uint32_t kArmAbiMask = 0xff000000;  // EF_ARM_EABIMASK
constexpr uint32_t kArmAbi5 = 0x05000000;     // EF_ARM_EABI_VER5
constexpr uint32_t kArmHardFloat = 0x400;     // EF_ARM_ABI_FLOAT_HARD
constexpr uint32_t kArmSoftFloat = 0x200;     // EF_ARM_ABI_FLOAT_SOFT

struct Architecture {
  std::string_view name;     // Debian's
  std::string_view triplet;  // multiarch
  std::string_view loader;   // absolute path less the first slash
};
constexpr std::array<Architecture, 2> kArchitectures = {{
    {"amd64", "x86_64-linux-gnu", "lib64/ld-linux-x86-64.so.2"},
    {"arm64", "aarch64-linux-gnu", "lib/ld-linux-aarch64.so.1"},
}};

// Library is one file name in a directory.
struct Library {
  std::string name;
  std::string soname;
  uint32_t flags = 0;
  unsigned isa_level = 0;
  bool is_link = false;
};

// NeedsLibc6 says whether the C library is needed: that is how ldconfig tells
// i386 libraries of libc6 from those of anything else.
bool NeedsLibc6(const ElfFile& elf) {
  return elf.interpreter.ends_with("/ld-linux.so.2") ||
         std::ranges::any_of(elf.needed, [](const std::string& name) {
           return name == "libc.so.6" || name == "libm.so.6";
         });
}

uint32_t ArmFlags(const ElfFile& elf) {
  if ((elf.header.flags & kArmAbiMask) != kArmAbi5) {
    return NeedsLibc6(elf) ? kFlagLibc6 : kFlagElf;
  }
  if ((elf.header.flags & kArmHardFloat) != 0) return kFlagArmHard;
  if ((elf.header.flags & kArmSoftFloat) != 0) return kFlagArmSoft;
  return kFlagLibc6;
}

// CacheFlags returns nothing for a library that the loader of this architecture
// has no use for.
std::optional<uint32_t> CacheFlags(const Architecture& architecture,
                                   const ElfFile& elf) {
  const bool is_64 = elf.header.elf_class == ElfClass::k64;
  const uint16_t machine = elf.header.machine;
  if (architecture.name == "amd64") {
    if (machine == kElfMachineX8664) return is_64 ? kFlagX8664 : kFlagX32;
    if (machine == kElfMachine386 && !is_64) {
      return NeedsLibc6(elf) ? kFlagLibc6 : kFlagElf;
    }
  } else {
    if (machine == kElfMachineAarch64 && is_64) return kFlagAarch64;
    if (machine == kElfMachineArm && !is_64) return ArmFlags(elf);
  }
  return std::nullopt;
}

// LooksLikeLibrary is _dl_is_dso.
bool LooksLikeLibrary(std::string_view name) {
  return ((name.starts_with("lib") || name.starts_with("ld-")) &&
          name.find(".so") != name.npos) ||
         name.starts_with("ld.so.") || name.starts_with("ld64.so.");
}

// LinkStaysLink says whether a link keeps its own name in the cache: it is
// named by SONAME, or is the short name for the linker ("libx.so" for
// "libx.so.1").
bool LinkStaysLink(std::string_view name, std::string_view soname) {
  return name == soname || (name.ends_with(".so") && soname.starts_with(name));
}

// IsNewer says whether `library` replaces `other` of the same SONAME.
bool IsNewer(const Library& library, const Library& other) {
  if (library.is_link != other.is_link) return other.is_link;
  return CompareLibraryNames(other.name, library.name) < 0;
}

Status CheckSoname(const std::string& soname) {
  const bool printable = std::ranges::all_of(
      soname, [](char c) { return c > 0x20 && c < 0x7f && c != '/'; });
  if (printable && !soname.empty() && soname != "." && soname != "..") {
    return Ok();
  }
  return InputError("found SONAME " + Quote(soname) + ", expected a file name");
}

class Scanner {
 public:
  Scanner(const Architecture& architecture, Tree* tree)
      : architecture_(architecture), tree_(tree) {}

  Status Scan(const LibraryDirectory& directory) {
    TALLY_ASSIGN(const std::vector<Library> libraries, Libraries(directory));
    for (const Library& library : libraries) {
      // Links by SONAME can be relied on, except below glibc-hwcaps, where
      // there are none.
      const bool by_soname = directory.hwcaps.empty();
      if (by_soname && !library.is_link) {
        TALLY_TRY(AddLink(directory.resolved, library));
      }
      cache_.entries.push_back(
          {.soname = library.soname,
           .path = directory.path + "/" +
                   (by_soname ? library.soname : library.name),
           .flags = library.flags,
           .hwcaps = directory.hwcaps,
           .isa_level = by_soname ? 0 : library.isa_level});
    }
    return Ok();
  }

  Status WriteCache() {
    cache_.generator = kGeneratedBy;
    TALLY_ASSIGN(const Bytes bytes, EncodeLdSoCache(cache_));
    TALLY_ASSIGN(
        [[maybe_unused]] const bool added,
        tree_->Offer(std::string(kCachePath),
                     GeneratedFile(kLdSoCacheGenerator, AsText(bytes))));
    return Ok();
  }

 private:
  // Libraries returns one library for each SONAME, by file name.
  Result<std::vector<Library>> Libraries(const LibraryDirectory& directory) {
    std::vector<Library> libraries;
    for (const std::string& name : tree_->Children(directory.resolved)) {
      if (!LooksLikeLibrary(name)) continue;
      const std::string path = directory.resolved + "/" + name;
      Result<std::optional<Library>> read = Read(path, name);
      if (!read) {
        return std::move(read).error().While("reading library " +
                                             Quote("/" + path));
      }
      if (!*read) continue;
      const Library& library = **read;
      const auto same =
          std::ranges::find(libraries, library.soname, &Library::soname);
      if (same == libraries.end()) {
        libraries.push_back(library);
      } else if (IsNewer(library, *same)) {
        *same = library;
      }
    }
    return libraries;
  }

  // Read returns nothing for what is no library, as a linker script.
  Result<std::optional<Library>> Read(const std::string& path,
                                      const std::string& name) const {
    const TreeNode* node = tree_->Resolve(path);
    if (node == nullptr || node->type != NodeType::kFile ||
        !IsElf(node->content.span())) {
      return std::optional<Library>();
    }
    TALLY_ASSIGN(const ElfFile elf, ParseElf(node->content.span()));
    const auto flags = CacheFlags(architecture_, elf);
    if (elf.header.type != kElfShared || !elf.has_dynamic || !flags) {
      return std::optional<Library>();
    }
    Library library = {.name = name,
                       .soname = elf.soname.value_or(name),
                       .flags = *flags,
                       .isa_level = elf.isa_level};
    TALLY_TRY(CheckSoname(library.soname));
    if (tree_->Find(path)->type == NodeType::kSymlink &&
        LinkStaysLink(name, library.soname)) {
      library.is_link = true;
      library.soname = name;
    }
    return std::optional<Library>(std::move(library));
  }

  Status AddLink(const std::string& directory, const Library& library) {
    // The loader is found by its path, never by a link to another name.
    if (library.soname == BaseName(architecture_.loader)) return Ok();
    TALLY_ASSIGN(
        [[maybe_unused]] const bool added,
        tree_->Offer(directory + "/" + library.soname,
                     GeneratedLink(kLdSoCacheGenerator, library.name)));
    return Ok();
  }

  const Architecture& architecture_;
  Tree* tree_;
  LdSoCache cache_;
};

bool HasLoader(const Architecture& architecture, const Tree& tree) {
  const std::string loader(architecture.loader);
  return tree.Resolve(loader) != nullptr ||
         tree.Resolve("usr/" + loader) != nullptr ||
         tree.Resolve("usr/lib/" + std::string(architecture.triplet) + "/" +
                      std::string(BaseName(loader))) != nullptr;
}

}  // namespace

Status GenerateLdSoCache(std::string_view architecture, Tree* tree) {
  const auto found =
      std::ranges::find(kArchitectures, architecture, &Architecture::name);
  if (found == kArchitectures.end()) {
    return InputError("found architecture " + Quote(architecture) +
                      ", expected 'amd64' or 'arm64'");
  }
  if (!HasLoader(*found, *tree)) return Ok();
  TALLY_ASSIGN(const std::vector<LibraryDirectory> directories,
               FindLibraryDirectories(found->triplet, *tree));
  Scanner scanner(*found, tree);
  for (const LibraryDirectory& directory : directories) {
    TALLY_TRY(scanner.Scan(directory));
  }
  return scanner.WriteCache();
}

}  // namespace tally
