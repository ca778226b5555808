// From a manifest and its locked packages to the trees of an image: what root
// (builder/root.h) and initrd share, and the initrd.
#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builder/package.h"
#include "builder/sources/sources.h"
#include "builder/store.h"
#include "builder/tree.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Unpacked has the packages of every tree ("root", "initrd", "kernel",
// "firmware", "stub"), in lock order.
using Unpacked = std::map<std::string, std::vector<UnpackedPackage>>;

// UnpackTrees decompresses the packages of all trees in one parallel run,
// keeping only what the manifest wants of each.
Result<Unpacked> UnpackTrees(const Manifest& manifest, const Lock& lock,
                             const Store& store, unsigned num_threads,
                             UnpackOrder order = UnpackOrder::kLargestFirst);

// AddMountPoints adds the directories that no package has.
Status AddMountPoints(std::initializer_list<std::string_view> names,
                      Tree* tree);

// CheckProgram: the path leads to a file that somebody may execute. `where` is
// the place in the manifest that asks.
Status CheckProgram(const Tree& tree, const std::string& where,
                    const std::string& path);

// AssembleInitrd returns the initial file system: packages, kernel modules with
// what they depend on, our init and its two files in /etc/tally.
Result<Tree> AssembleInitrd(const Manifest& manifest, const Unpacked& unpacked,
                            const Sources& sources, int format_epoch);

// FileOf returns the file at the absolute path `path` in the only package of
// `tree`. Links are not followed. `where` is the place in the manifest that
// asks.
Result<Content> FileOf(const Unpacked& unpacked, const std::string& tree,
                       const std::string& path, const std::string& where);

}  // namespace tally
