// Reads the targets of a manifest.
#pragma once

#include "manifests/manifest.h"
#include "manifests/yaml_reader.h"

namespace tally {

// ReadTarget reads one target of any platform, which decides what keys it has.
TargetSpec ReadTarget(YamlReader& reader, const YamlNode& node);

}  // namespace tally
