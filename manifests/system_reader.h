// Reading `system` of a manifest: what the generators make.
#pragma once

#include <cstdint>

#include "manifests/manifest.h"
#include "manifests/yaml_reader.h"

namespace tally {

// Ids over 2^31 are taken for negative numbers by some programs.
inline constexpr uint64_t kMaxAccountId = 0x7fffffff;

SystemSpec ReadSystem(YamlReader& reader, const YamlNode& node);

}  // namespace tally
