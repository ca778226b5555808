// The path rules for everything that enters a tree.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

// Top-level directories that merged-/usr moves below /usr (Debian's usrmerge,
// all architectures).
inline constexpr std::array<std::string_view, 7> kMergedDirectories = {
    "bin", "sbin", "lib", "lib32", "lib64", "libo32", "libx32"};

// NormalPath normalises a path of an archive: "./bin/sh/" becomes "bin/sh", and
// "./" the empty path. Absolute paths, "..", empty components, NUL, components
// over 255 bytes and paths over 4095 are InputErrors.
Result<std::string> NormalPath(std::string_view path);

// MergedPath is NormalPath under the merged-/usr layout that every Debian 12
// system has: "./bin/sh" becomes "usr/bin/sh".
Result<std::string> MergedPath(std::string_view path);

// PathRule says whose layout a tree has: that of a system, or its own (a
// volume).
enum class PathRule { kMergedUsr, kPlain };

// PlacedPath is one of the two.
inline Result<std::string> PlacedPath(std::string_view path, PathRule rule) {
  return rule == PathRule::kPlain ? NormalPath(path) : MergedPath(path);
}

}  // namespace tally
