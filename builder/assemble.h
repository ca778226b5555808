// From a manifest and its locked packages to the trees of an image.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/package.h"
#include "builder/store.h"
#include "builder/tree.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// LocalFiles are the files beside the manifest, by their path there.
using LocalFiles = std::map<std::string, Content>;

// Unpacked has the packages of every tree ("root", "initrd", "kernel",
// "firmware"), in lock order.
using Unpacked = std::map<std::string, std::vector<UnpackedPackage>>;

// UnpackTrees decompresses the packages of all trees in one parallel run,
// keeping only what the manifest wants of each.
Result<Unpacked> UnpackTrees(const Manifest& manifest, const Lock& lock,
                             const Store& store, unsigned num_threads);

// AssembleRoot returns the root file system: packages, merged-/usr links, what
// the manifest adds, and the mount points that our init needs.
Result<Tree> AssembleRoot(const Manifest& manifest, const Unpacked& unpacked,
                          const LocalFiles& local_files);

// AssembleInitrd returns the initial file system: packages, kernel modules with
// what they depend on, our init and its two files in /etc/tally.
Result<Tree> AssembleInitrd(const Manifest& manifest, const Unpacked& unpacked,
                            const LocalFiles& local_files);

// FileOf returns the file at the absolute path `path` in the only package of
// `tree`. Links are not followed. `where` is the place in the manifest that
// asks.
Result<Content> FileOf(const Unpacked& unpacked, const std::string& tree,
                       const std::string& path, const std::string& where);

}  // namespace tally
