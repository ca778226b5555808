// Typed reading of YAML nodes. Each read says what it expects.
//
// The first failure sticks: later reads go on with defaults, and status()
// reports the first one. So the code that reads a map looks like its
// documentation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "manifests/text_rules.h"
#include "manifests/yaml.h"

namespace tally {

class YamlReader {
 public:
  explicit YamlReader(std::filesystem::path path) : path_(std::move(path)) {}

  bool ok() const { return !failure_.has_value(); }
  Status status() const;

  // Refuse records "path:line:column: text", unless something failed before.
  void Refuse(const Location& where, const std::string& text);
  // RefuseFound says what `node` is: "found a list, expected " + expected.
  void RefuseFound(const YamlNode& node, std::string_view expected);

  // Text accepts a scalar that follows `rule`. Plain scalars that look like a
  // number, date, truth value or null must be quoted.
  std::string Text(const YamlNode& node, const TextRule& rule);
  // Number accepts a plain decimal or 0x number between the bounds.
  uint64_t Number(const YamlNode& node, uint64_t min, uint64_t max);
  // Flag accepts true and false.
  bool Flag(const YamlNode& node);
  // OneOf accepts one of `names`, and suggests the nearest.
  std::string OneOf(const YamlNode& node,
                    std::initializer_list<std::string_view> names);
  // Mode accepts "0755".
  unsigned Mode(const YamlNode& node);
  // Sha256 accepts 64 lower-case digits.
  Sha256Digest Sha256(const YamlNode& node);
  // Items returns the nodes of a list, empty on failure.
  const std::vector<YamlNode>& Items(const YamlNode& node);
  // Texts accepts a list of texts. UniqueTexts refuses one that comes twice.
  std::vector<std::string> Texts(const YamlNode& node, const TextRule& rule);
  std::vector<std::string> UniqueTexts(const YamlNode& node,
                                       const TextRule& rule);

 private:
  std::filesystem::path path_;
  std::optional<std::string> failure_;
};

// YamlMap reads the values of a map by key. Keys that are not known are refused
// at once, with the nearest known one.
class YamlMap {
 public:
  // `what` names the map in errors: "an archive". `known` are all its keys. The
  // reader and the node must outlive this object.
  YamlMap(YamlReader& reader, const YamlNode& node, std::string_view what,
          std::initializer_list<std::string_view> known);

  const Location& where() const { return node_.where; }
  // Find returns the value of `key`, or nullptr.
  const YamlNode* Find(std::string_view key) const;
  // Need returns the value of `key`; without one it fails and returns an empty
  // node.
  const YamlNode& Need(std::string_view key);

  // The rest reads the value of a key that must be there…
  std::string Text(std::string_view key, const TextRule& rule) {
    return reader_.Text(Need(key), rule);
  }
  uint64_t Number(std::string_view key, uint64_t min, uint64_t max) {
    return reader_.Number(Need(key), min, max);
  }
  // …or of one that has a default.
  std::string TextOr(std::string_view key, const TextRule& rule,
                     std::string_view otherwise);
  uint64_t NumberOr(std::string_view key, uint64_t min, uint64_t max,
                    uint64_t otherwise);
  bool FlagOr(std::string_view key, bool otherwise);
  std::vector<std::string> UniqueTextsOrNone(std::string_view key,
                                             const TextRule& rule);

  // ListOrNone reads a list of records; an absent key is an empty list.
  template <typename T>
  std::vector<T> ListOrNone(std::string_view key,
                            T (*read)(YamlReader&, const YamlNode&)) {
    std::vector<T> list;
    const YamlNode* node = Find(key);
    if (node == nullptr) return list;
    for (const YamlNode& item : reader_.Items(*node)) {
      list.push_back(read(reader_, item));
    }
    return list;
  }

 private:
  YamlReader& reader_;
  const YamlNode& node_;
  std::string what_;
  std::map<std::string_view, const YamlNode*> values_;
};

}  // namespace tally
