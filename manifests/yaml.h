// Strict YAML: a small tree of nodes with locations. yaml-cpp and its
// exceptions are seen by yaml.cc only.
//
// What is left of YAML: maps with unique plain keys, lists, scalars, comments.
// Refused: anchors, aliases, tags, merge keys, several documents, control
// bytes, text that is not UTF-8, deep nesting.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manifests/manifest.h"

namespace tally {

enum class YamlKind { kNull, kScalar, kList, kMap };

struct YamlEntry;

struct YamlNode {
  YamlKind kind = YamlKind::kNull;
  Location where;                  // of a null in a map: that of its key
  std::string text;                // of a scalar, unescaped
  bool quoted = false;             // "x", 'x' and block scalars
  std::vector<YamlNode> items;     // of a list
  std::vector<YamlEntry> entries;  // of a map, in file order, keys unique
};

struct YamlEntry {
  std::string key;
  Location where;
  YamlNode value;
};

// YamlFlow says which of the forms [a, b] and {a: b} a text may have.
enum class YamlFlow {
  kAny,
  // Only [] and {}. The scanner must hold all of a flow collection in memory,
  // so this bounds what a large file can ask for.
  kEmptyOnly,
};

// ParseYaml returns the tree of the one document in `text`. Errors begin with
// "path:line:column: "; columns count bytes.
Result<YamlNode> ParseYaml(std::string_view text,
                           const std::filesystem::path& path, YamlFlow flow);

// AtLine formats "path:line:column".
std::string AtLine(const std::filesystem::path& path, const Location& where);

}  // namespace tally
