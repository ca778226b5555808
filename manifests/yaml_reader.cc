#include "manifests/yaml_reader.h"

#include <algorithm>
#include <set>

#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxShown = 60;

// Shown quotes a text for an error, cut if it is long.
std::string Shown(std::string_view text) {
  if (text.size() <= kMaxShown) return Quote(text);
  return Quote(text.substr(0, kMaxShown)) + "...";
}

// Describe says what a node is, as people see it.
std::string Describe(const YamlNode& node) {
  switch (node.kind) {
    case YamlKind::kNull:
      return "nothing";
    case YamlKind::kScalar:
      return Shown(node.text);
    case YamlKind::kList:
      return "a list";
    case YamlKind::kMap:
      return "a map";
  }
  return "";
}

std::string Unquoted(std::string_view text) {
  const std::string quoted = Quote(text.substr(0, kMaxShown));
  return quoted.substr(1, quoted.size() - 2);
}

// Expected lists names, and the nearest one to `found`.
std::string ExpectedOneOf(std::string_view found,
                          std::initializer_list<std::string_view> names) {
  const std::vector<std::string> list(names.begin(), names.end());
  std::string text =
      (list.size() == 1 ? "expected " : "expected one of ") + Join(list, ", ");
  if (found.size() > kMaxShown) return text;
  if (const auto nearest = NearestName(found, list)) {
    text += " (did you mean " + Quote(*nearest) + "?)";
  }
  return text;
}

}  // namespace

Status YamlReader::status() const {
  if (failure_) return InputError(*failure_);
  return Ok();
}

void YamlReader::Refuse(const Location& where, const std::string& text) {
  if (!failure_) failure_ = AtLine(path_, where) + ": " + text;
}

void YamlReader::RefuseFound(const YamlNode& node, std::string_view expected) {
  Refuse(node.where,
         "found " + Describe(node) + ", expected " + std::string(expected));
}

std::string YamlReader::Text(const YamlNode& node, const TextRule& rule) {
  if (node.kind != YamlKind::kScalar) {
    RefuseFound(node, rule.expected);
    return {};
  }
  if (!node.quoted && LooksTyped(node.text)) {
    const std::string shown = Unquoted(node.text);
    Refuse(node.where, "found " + shown + " without quotes, expected text: \"" +
                           shown + "\"");
    return {};
  }
  if (!rule.accepts(node.text)) {
    RefuseFound(node, rule.expected);
    return {};
  }
  return node.text;
}

uint64_t YamlReader::Number(const YamlNode& node, uint64_t min, uint64_t max) {
  const std::string expected = "a number without quotes, " +
                               std::to_string(min) + " to " +
                               std::to_string(max);
  if (node.kind != YamlKind::kScalar || node.quoted) {
    RefuseFound(node, expected);
    return min;
  }
  const Result<uint64_t> number = ParseUnsigned(node.text);
  if (!number || *number < min || *number > max) {
    RefuseFound(node, expected);
    return min;
  }
  return *number;
}

bool YamlReader::Flag(const YamlNode& node) {
  const bool plain = node.kind == YamlKind::kScalar && !node.quoted;
  if (!plain || (node.text != "true" && node.text != "false")) {
    RefuseFound(node, "true or false");
    return false;
  }
  return node.text == "true";
}

std::string YamlReader::OneOf(const YamlNode& node,
                              std::initializer_list<std::string_view> names) {
  if (node.kind == YamlKind::kScalar &&
      std::find(names.begin(), names.end(), node.text) != names.end()) {
    return node.text;
  }
  Refuse(node.where,
         "found " + Describe(node) + ", " + ExpectedOneOf(node.text, names));
  return {};
}

unsigned YamlReader::Mode(const YamlNode& node) {
  if (node.kind != YamlKind::kScalar || !node.quoted ||
      !kMode.accepts(node.text)) {
    RefuseFound(node, kMode.expected);
    return 0;
  }
  unsigned mode = 0;
  for (char c : node.text) mode = mode * 8 + static_cast<unsigned>(c - '0');
  return mode;
}

Sha256Digest YamlReader::Sha256(const YamlNode& node) {
  const auto digest = Sha256Digest::FromHex(Text(node, kSha256Hex));
  return digest ? *digest : Sha256Digest();
}

const std::vector<YamlNode>& YamlReader::Items(const YamlNode& node) {
  if (node.kind != YamlKind::kList) RefuseFound(node, "a list");
  return node.items;
}

std::vector<std::string> YamlReader::Texts(const YamlNode& node,
                                           const TextRule& rule) {
  std::vector<std::string> texts;
  for (const YamlNode& item : Items(node)) texts.push_back(Text(item, rule));
  return texts;
}

std::vector<std::string> YamlReader::UniqueTexts(const YamlNode& node,
                                                 const TextRule& rule) {
  std::set<std::string> seen;
  for (const YamlNode& item : Items(node)) {
    const std::string text = Text(item, rule);
    if (!ok()) return {};
    if (!seen.insert(text).second) {
      Refuse(item.where, "found " + Shown(text) + " again, expected it once");
    }
  }
  return Texts(node, rule);
}

YamlMap::YamlMap(YamlReader& reader, const YamlNode& node,
                 std::string_view what,
                 std::initializer_list<std::string_view> known)
    : reader_(reader), node_(node), what_(what) {
  if (node.kind != YamlKind::kMap) {
    reader.RefuseFound(node, std::string(what) + " as a map");
    return;
  }
  for (const YamlEntry& entry : node.entries) {
    if (std::find(known.begin(), known.end(), entry.key) == known.end()) {
      reader.Refuse(entry.where, "found unknown key " + Shown(entry.key) +
                                     " in " + what_ + ", " +
                                     ExpectedOneOf(entry.key, known));
    }
    values_[entry.key] = &entry.value;
  }
}

const YamlNode* YamlMap::Find(std::string_view key) const {
  const auto found = values_.find(key);
  return found == values_.end() ? nullptr : found->second;
}

const YamlNode& YamlMap::Need(std::string_view key) {
  static const YamlNode kNothing;
  if (const YamlNode* node = Find(key)) return *node;
  reader_.Refuse(node_.where, "found no key " + Quote(key) + " in " + what_ +
                                  ", expected one");
  return kNothing;
}

std::string YamlMap::TextOr(std::string_view key, const TextRule& rule,
                            std::string_view otherwise) {
  const YamlNode* node = Find(key);
  return node == nullptr ? std::string(otherwise) : reader_.Text(*node, rule);
}

uint64_t YamlMap::NumberOr(std::string_view key, uint64_t min, uint64_t max,
                           uint64_t otherwise) {
  const YamlNode* node = Find(key);
  return node == nullptr ? otherwise : reader_.Number(*node, min, max);
}

bool YamlMap::FlagOr(std::string_view key, bool otherwise) {
  const YamlNode* node = Find(key);
  return node == nullptr ? otherwise : reader_.Flag(*node);
}

std::vector<std::string> YamlMap::UniqueTextsOrNone(std::string_view key,
                                                    const TextRule& rule) {
  const YamlNode* node = Find(key);
  return node == nullptr ? std::vector<std::string>()
                         : reader_.UniqueTexts(*node, rule);
}

}  // namespace tally
