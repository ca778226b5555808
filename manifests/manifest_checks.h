// Checks of a manifest whose values are each well formed: do they agree?
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manifests/manifest.h"

namespace tally {

// TreeRequests is what a manifest asks for by name in one tree of the lock.
struct TreeRequests {
  std::string tree;  // "root", "initrd", "kernel", "firmware", "stub"
  std::vector<PackageRequest> packages;
  std::vector<std::string> omit;
};

// TakesOnePackage: the tree is one file of one package, which comes alone,
// without its dependencies.
bool TakesOnePackage(std::string_view tree);

// RequestsOf returns the requests of all trees, in the order above.
std::vector<TreeRequests> RequestsOf(const Manifest& manifest);

// CheckManifest refuses duplicates, names without a definition, and targets
// without the parts that they measure.
Status CheckManifest(const Manifest& manifest);

}  // namespace tally
