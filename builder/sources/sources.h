// What enters an image besides packages: local files, downloads, directories,
// OCI images. See docs/sources.md.
#pragma once

#include <map>
#include <string>

#include "builder/sources/mapped.h"
#include "builder/sources/source_tree.h"
#include "builder/store.h"
#include "builder/tree.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Sources are the contents that a manifest names, all of them held against the
// lock. Large ones are mapped files.
struct Sources {
  std::map<std::string, Content> local_files;  // by path beside the manifest
  std::map<std::string, Content> downloads;    // by name
  std::map<std::string, SourceTree> trees;     // by TreeKey
  MappedFiles mapped;
};

// TreeKey names what a TreeSourceSpec takes: "download tool strip 1".
std::string TreeKey(const TreeSourceSpec& spec);

// OriginOf returns {"directory", "app"}, {"download", "tool"} or {"oci",
// "app"}.
Origin OriginOf(const TreeSourceSpec& spec);

// ReadSources reads local files and directories below `root`, and everything
// else from the store.
Result<Sources> ReadSources(const Manifest& manifest, const Lock& lock,
                            const Store& store, const fs::path& root);

// AddSourceTrees adds the `trees` of `spec`, after its packages. A path that is
// there already is an InputError that names both origins, unless `conflicts`
// says who wins; a directory of the same kind may be there.
Status AddSourceTrees(const Manifest& manifest, const TreeSpec& spec,
                      const Sources& sources, PathRule paths, Tree* tree);

}  // namespace tally
