// Why each guard exists: docs/guards.md.
#include "builder/guard_rules.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "builder/elf_closure.h"
#include "common/text.h"
#include "formats/file_capabilities.h"

namespace tally {
namespace {

using std::string_view_literals::operator""sv;

constexpr unsigned kSetuid = 04000;
constexpr unsigned kSetgid = 02000;
constexpr unsigned kSticky = 01000;
constexpr unsigned kWorldWritable = 00002;

std::string ModeText(const TreeNode& node) {
  std::array<char, 32> text;
  std::snprintf(text.data(), text.size(), "mode %04o", node.mode);
  return text.data();
}

// SetIdFinding: only a package may bring such a file, and only with a word in
// the manifest.
Finding SetIdFinding(const std::string& guard, const std::string& path,
                     const TreeNode& node) {
  Finding finding{.guard = guard, .path = path, .what = ModeText(node)};
  if (node.origin.kind != "package") {
    finding.what += ", and no package ships it";
    finding.can_be_allowed = false;
  }
  return finding;
}

std::string CapabilityText(const Bytes& xattr) {
  const auto capabilities = ParseCapabilityXattr(xattr);
  return capabilities ? FormatCapabilities(*capabilities)
                      : "malformed " + Hex(xattr);
}

// The first directories of paths that only a running system has.
constexpr std::array kRuntimeDirectories = {"dev"sv, "proc"sv, "run"sv, "sys"sv,
                                            "tmp"sv};

bool IsVolatile(std::string_view path) {
  return std::ranges::find(kRuntimeDirectories,
                           path.substr(0, path.find('/'))) !=
         kRuntimeDirectories.end();
}

bool LeadsNowhere(const Tree& tree, const std::string& link) {
  const Tree::WayEnd end = tree.Follow(link);
  return !end.found && !IsVolatile(end.path);
}

// Directories whose contents are state of the package tools. Empty ones are
// harmless; packages ship them.
constexpr std::array kStateDirectories = {
    "var/lib/dpkg/"sv,      "var/lib/apt/"sv, "var/lib/ucf/"sv,
    "var/cache/apt/"sv,     "var/log/apt/"sv, "var/cache/debconf/"sv,
    "var/cache/ldconfig/"sv};
constexpr std::array kStateFiles = {"var/log/dpkg.log"sv,
                                    "var/log/alternatives.log"sv,
                                    "var/log/bootstrap.log"sv,
                                    "etc/passwd-"sv,
                                    "etc/group-"sv,
                                    "etc/shadow-"sv,
                                    "etc/gshadow-"sv,
                                    "etc/subuid-"sv,
                                    "etc/subgid-"sv};
constexpr std::array kSetAside = {
    ".dpkg-new"sv, ".dpkg-old"sv,  ".dpkg-dist"sv,   ".dpkg-tmp"sv,
    ".dpkg-bak"sv, ".dpkg-inst"sv, ".dpkg-remove"sv, ".dpkg-backup"sv,
    ".ucf-new"sv,  ".ucf-old"sv,   ".ucf-dist"sv,    ".ucf-tmp"sv};

const char* ResidueKind(std::string_view path) {
  if (path.starts_with("var/lib/dpkg/status.d/")) return nullptr;
  const auto is_below = [path](std::string_view directory) {
    return path.starts_with(directory);
  };
  if (std::ranges::any_of(kStateDirectories, is_below) ||
      std::ranges::find(kStateFiles, path) != kStateFiles.end()) {
    return "state of the package tools";
  }
  const auto ends = [path](std::string_view end) {
    return path.ends_with(end);
  };
  if (std::ranges::any_of(kSetAside, ends))
    return "a file dpkg or ucf set aside";
  return nullptr;
}

}  // namespace

void FindBadModes(const Tree& tree, Findings* findings) {
  for (const auto& [path, node] : tree.nodes()) {
    const bool is_file = node.type == NodeType::kFile;
    if (is_file && (node.mode & kSetuid) != 0) {
      findings->push_back(SetIdFinding("setuid", path, node));
    }
    if (is_file && (node.mode & kSetgid) != 0) {
      findings->push_back(SetIdFinding("setgid", path, node));
    }
    const bool is_sticky_directory = !is_file && (node.mode & kSticky) != 0;
    if (node.type != NodeType::kSymlink && (node.mode & kWorldWritable) != 0 &&
        !is_sticky_directory) {
      findings->push_back(
          {.guard = "world-writable", .path = path, .what = ModeText(node)});
    }
  }
}

void FindBadXattrs(const std::map<std::string, Bytes>& planned,
                   const Tree& tree, Findings* findings) {
  for (const auto& [path, node] : tree.nodes()) {
    for (const auto& [name, value] : node.xattrs) {
      if (name == kCapabilityXattr) {
        const auto plan = planned.find(path);
        if (plan != planned.end() && plan->second == value) continue;
        findings->push_back(
            {.guard = "capability",
             .path = path,
             .what = CapabilityText(value) + ", which nobody asked for"});
        continue;
      }
      const bool is_user = name.starts_with("user.");
      findings->push_back({.guard = "xattr",
                           .path = path,
                           .what = "attribute " + Quote(name),
                           .can_be_allowed = is_user});
    }
  }
}

void FindDanglingLinks(const Tree& tree, Findings* findings) {
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type != NodeType::kSymlink) continue;
    if (!node.symlink_target.starts_with('/')) continue;
    if (!LeadsNowhere(tree, path)) continue;
    findings->push_back({.guard = "dangling-link",
                         .path = path,
                         .what = "nothing at " + Quote(node.symlink_target)});
  }
}

void FindElfGaps(const Tree& tree, Findings* findings) {
  using Kind = MissingLibrary::Kind;
  for (const MissingLibrary& missing : FindElfProblems(tree)) {
    // Images without Perl or make hold dozens of scripts for them, which nobody
    // runs: a guard that has to be allowed by habit guards nothing.
    if (missing.kind == Kind::kScriptInterpreter) continue;
    const bool is_interpreter = missing.kind == Kind::kInterpreter;
    findings->push_back(
        {.guard = is_interpreter ? "elf-interpreter" : "elf-library",
         .path = missing.path,
         .what = missing.kind == Kind::kUnreadable
                     ? missing.needed
                     : "needs " + Quote(missing.needed)});
  }
}

void FindDpkgResidue(const Tree& tree, Findings* findings) {
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type == NodeType::kDirectory) continue;
    const char* kind = ResidueKind(path);
    if (kind == nullptr) continue;
    findings->push_back({.guard = "dpkg-residue", .path = path, .what = kind});
  }
}

}  // namespace tally
