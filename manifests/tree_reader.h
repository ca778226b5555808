// Reading of the parts of a manifest that are a file system's contents.
#pragma once

#include "manifests/manifest.h"
#include "manifests/yaml_reader.h"

namespace tally {

// ReadPackageRequest reads NAME, or {name: NAME, suite: SUITE}.
PackageRequest ReadPackageRequest(YamlReader& reader, const YamlNode& node);

// ReadRootTree reads the map `root`.
TreeSpec ReadRootTree(YamlReader& reader, const YamlNode& node);

// ReadInitrd reads the map `initrd`: a tree, and kernel modules.
InitrdSpec ReadInitrd(YamlReader& reader, const YamlNode& node);

// ReadVolume reads one of `volumes`: a tree without packages.
VolumeSpec ReadVolume(YamlReader& reader, const YamlNode& node);

}  // namespace tally
