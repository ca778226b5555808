// Where the dynamic loader of an image looks for shared libraries: what
// /etc/ld.so.conf says, and the directories that are built in.
#pragma once

#include <string>
#include <vector>

#include "builder/tree.h"

namespace tally {

// LibraryDirectory is one directory that ldconfig would scan.
struct LibraryDirectory {
  std::string path;      // as written, absolute: "/lib/x86_64-linux-gnu"
  std::string resolved;  // in the tree: "usr/lib/x86_64-linux-gnu"
  std::string hwcaps;    // "x86-64-v3" below glibc-hwcaps, else ""
};

// DefaultLibraryDirectories are the ones built into Debian's loader and
// ldconfig. `triplet` is the multiarch name, "x86_64-linux-gnu".
std::vector<std::string> DefaultLibraryDirectories(std::string_view triplet);

// FindLibraryDirectories returns the directories that exist, each once, in
// ldconfig's order: /etc/ld.so.conf with its includes, then the default ones;
// each is followed by its glibc-hwcaps subdirectories.
Result<std::vector<LibraryDirectory>> FindLibraryDirectories(
    std::string_view triplet, const Tree& tree);

}  // namespace tally
