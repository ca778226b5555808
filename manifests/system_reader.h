// Reading `system` of a manifest: what the generators make.
#pragma once

#include "manifests/manifest.h"
#include "manifests/yaml_reader.h"

namespace tally {

SystemSpec ReadSystem(YamlReader& reader, const YamlNode& node);

}  // namespace tally
