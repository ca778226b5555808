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

// MergedPath normalises a path of an archive: "./bin/sh" becomes "usr/bin/sh"
// under the merged-/usr layout that every Debian 12 system has. Absolute paths,
// "..", empty components, NUL, components over 255 bytes and paths over 4095
// are InputErrors.
Result<std::string> MergedPath(std::string_view path);

}  // namespace tally
