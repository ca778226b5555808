// Reading of the parts of a manifest that are neither packages nor the
// manifest's own text: downloads, directories, OCI images.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "manifests/manifest.h"
#include "manifests/yaml_reader.h"

namespace tally {

// Choice is one of several keys of which a record has exactly one.
struct Choice {
  std::string_view key;
  const TextRule& rule;
  std::optional<std::string>* value;
};

// ReadOnlyOne reads the one key that is there, and refuses none and several.
// `what` names the record: "a file".
void ReadOnlyOne(YamlReader& reader, const YamlMap& map, std::string_view what,
                 std::initializer_list<Choice> choices);

// ReadTreeSource reads one of `trees`.
TreeSourceSpec ReadTreeSource(YamlReader& reader, const YamlNode& node);

// ReadDownload reads one of `downloads`.
DownloadSpec ReadDownload(YamlReader& reader, const YamlNode& node);

// ReadOciImage reads one of `oci_images`.
OciImageSpec ReadOciImage(YamlReader& reader, const YamlNode& node);

}  // namespace tally
