#include "manifests/yaml.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <exception>
#include <map>
#include <optional>
#include <sstream>

#include "common/text.h"

namespace tally {
namespace {

// The manifest needs 5 levels and the lock 4.
constexpr size_t kMaxDepth = 16;
// About 25000 locked packages.
constexpr size_t kMaxNodes = 1'000'000;

// Refusal carries an error through yaml-cpp's frames; it never leaves this
// file.
struct Refusal {
  Location where;
  std::string text;
};

Location LocationOf(const YAML::Mark& mark) {
  return {.line = mark.line + 1, .column = mark.column + 1};
}

std::string_view DescribeKind(YamlKind kind) {
  switch (kind) {
    case YamlKind::kNull:
      return "nothing";
    case YamlKind::kScalar:
      return "text";
    case YamlKind::kList:
      return "a list";
    case YamlKind::kMap:
      return "a map";
  }
  return "";
}

// TreeBuilder makes nodes from the events of yaml-cpp's parser. Its own node
// tree hides duplicate keys and resolves aliases.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(std::string_view text) : text_(text) {}

  YamlNode TakeRoot() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    RefuseProperties(mark, "?", anchor);
    Add(Node(YamlKind::kNull, mark));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    throw Refusal{LocationOf(mark), "found an alias, expected a value"};
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag,
                YAML::anchor_t anchor, const std::string& value) override {
    RefuseProperties(mark, tag, anchor);
    YamlNode node = Node(YamlKind::kScalar, mark);
    if (value.find('\0') != std::string::npos) {
      throw Refusal{node.where, "found a zero byte, expected text"};
    }
    if (!IsClosed(mark)) {
      throw Refusal{node.where,
                    "found text without its closing quote, expected one"};
    }
    node.text = value;
    node.quoted = tag == "!";
    Add(std::move(node));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    RefuseProperties(mark, tag, anchor);
    Open(Node(YamlKind::kList, mark));
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t anchor, YAML::EmitterStyle::value) override {
    RefuseProperties(mark, tag, anchor);
    Open(Node(YamlKind::kMap, mark));
  }
  void OnMapEnd() override { Close(); }

 private:
  struct Frame {
    YamlNode node;
    bool has_key = false;  // of a map: the next node is a value
    std::map<std::string, Location> keys;
  };

  YamlNode Node(YamlKind kind, const YAML::Mark& mark) {
    YamlNode node;
    node.kind = kind;
    node.where = LocationOf(mark);
    if (++num_nodes_ > kMaxNodes) {
      throw Refusal{node.where, "found more than " + std::to_string(kMaxNodes) +
                                    " values, expected fewer"};
    }
    return node;
  }

  // yaml-cpp reports the tag "?" for plain nodes and "!" for quoted scalars; a
  // "!" that somebody wrote is told apart by the first byte of the node.
  void RefuseProperties(const YAML::Mark& mark, const std::string& tag,
                        YAML::anchor_t anchor) {
    if (anchor != 0) {
      throw Refusal{LocationOf(mark), "found an anchor, expected a value"};
    }
    const size_t position = mark.pos < 0 ? 0 : static_cast<size_t>(mark.pos);
    const bool written_tag = position < text_.size() && text_[position] == '!';
    if ((tag != "?" && tag != "!" && !tag.empty()) || written_tag) {
      throw Refusal{LocationOf(mark), "found a tag, expected a value"};
    }
  }

  // IsClosed says whether the scalar at `mark`, if it begins with a quote, ends
  // with one: yaml-cpp 0.7 lets the end of the file close it.
  bool IsClosed(const YAML::Mark& mark) const {
    size_t i = static_cast<size_t>(mark.pos);
    if (i >= text_.size()) return true;
    const char quote = text_[i];
    if (quote != '"' && quote != '\'') return true;
    for (++i; i < text_.size(); ++i) {
      const bool doubled = quote == '\'' && i + 1 < text_.size() &&
                           text_[i] == quote && text_[i + 1] == quote;
      if (doubled || (quote == '"' && text_[i] == '\\')) {
        ++i;
      } else if (text_[i] == quote) {
        return true;
      }
    }
    return false;
  }

  void Open(YamlNode node) {
    if (stack_.size() == kMaxDepth) {
      throw Refusal{node.where, "found more than " + std::to_string(kMaxDepth) +
                                    " levels of nesting, expected fewer"};
    }
    if (ExpectsKey()) RefuseKey(node);
    stack_.push_back({.node = std::move(node)});
  }

  void Close() {
    YamlNode node = std::move(stack_.back().node);
    stack_.pop_back();
    Add(std::move(node));
  }

  void Add(YamlNode node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.kind == YamlKind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (frame.has_key) {
      YamlEntry& entry = frame.node.entries.back();
      if (node.kind == YamlKind::kNull) node.where = entry.where;
      entry.value = std::move(node);
      frame.has_key = false;
    } else {
      AddKey(frame, std::move(node));
    }
  }

  void AddKey(Frame& frame, YamlNode node) {
    if (node.kind != YamlKind::kScalar) RefuseKey(node);
    if (node.text == "<<" && !node.quoted) {
      throw Refusal{node.where, "found a merge key, expected a key"};
    }
    const auto [first, is_new] = frame.keys.emplace(node.text, node.where);
    if (!is_new) {
      throw Refusal{node.where, "found key " + Quote(node.text) +
                                    " again, expected it once (first in line " +
                                    std::to_string(first->second.line) + ")"};
    }
    frame.node.entries.push_back(
        {.key = std::move(node.text), .where = node.where, .value = {}});
    frame.has_key = true;
  }

  bool ExpectsKey() const {
    return !stack_.empty() && stack_.back().node.kind == YamlKind::kMap &&
           !stack_.back().has_key;
  }

  [[noreturn]] static void RefuseKey(const YamlNode& node) {
    throw Refusal{node.where, "found " + std::string(DescribeKind(node.kind)) +
                                  ", expected a key"};
  }

  std::string_view text_;
  YamlNode root_;
  std::vector<Frame> stack_;
  size_t num_nodes_ = 0;
};

Location LocationAt(std::string_view text, size_t position) {
  Location where = {.line = 1, .column = 1};
  for (char c : text.substr(0, position)) {
    ++where.column;
    if (c == '\n') where = {.line = where.line + 1, .column = 1};
  }
  return where;
}

std::optional<Refusal> FindBadByte(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte >= 0x20 && byte != 0x7f) || byte == '\n' || byte == '\t')
      continue;
    if (byte == '\r') {
      return Refusal{LocationAt(text, i),
                     "found a carriage return, expected lines that end in a "
                     "line feed only"};
    }
    return Refusal{
        LocationAt(text, i),
        "found control byte " + HexNumber(byte) + ", expected printable text"};
  }
  return std::nullopt;
}

// FindFlow finds a '[' or '{' that is not closed at once, in quotes or not.
std::optional<Refusal> FindFlow(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '[' && text[i] != '{') continue;
    const char closing = text[i] == '[' ? ']' : '}';
    if (i + 1 < text.size() && text[i + 1] == closing) continue;
    return Refusal{LocationAt(text, i), "found " + Quote(text.substr(i, 1)) +
                                            ", expected one entry per line"};
  }
  return std::nullopt;
}

std::optional<Refusal> CheckText(std::string_view text, YamlFlow flow) {
  if (text.starts_with("\xef\xbb\xbf")) {
    return Refusal{{.line = 1, .column = 1},
                   "found a byte order mark, expected plain UTF-8"};
  }
  if (auto refusal = FindBadByte(text)) return refusal;
  if (!IsUtf8(text)) {
    return Refusal{{.line = 1, .column = 1},
                   "found bytes that are not UTF-8, expected UTF-8 text"};
  }
  if (flow == YamlFlow::kEmptyOnly) return FindFlow(text);
  return std::nullopt;
}

// Second documents are refused by the caller; their content is not looked at.
class IgnoringHandler : public YAML::EventHandler {
  void OnDocumentStart(const YAML::Mark& mark) override {
    throw Refusal{LocationOf(mark), "found a second document, expected one"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

YamlNode ParseDocument(std::string_view text) {
  std::istringstream stream{std::string(text)};
  YAML::Parser parser(stream);
  TreeBuilder builder(text);
  if (!parser.HandleNextDocument(builder)) {
    throw Refusal{{.line = 1, .column = 1},
                  "found an empty file, expected a map"};
  }
  IgnoringHandler second;
  parser.HandleNextDocument(second);
  return builder.TakeRoot();
}

// Printable keeps a message of the library from writing to a terminal.
std::string Printable(std::string_view message) {
  const std::string quoted = Quote(message);
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace

std::string AtLine(const std::filesystem::path& path, const Location& where) {
  return path.string() + ":" + std::to_string(where.line) + ":" +
         std::to_string(where.column);
}

Result<YamlNode> ParseYaml(std::string_view text,
                           const std::filesystem::path& path, YamlFlow flow) {
  if (const auto refusal = CheckText(text, flow)) {
    return InputError(AtLine(path, refusal->where) + ": " + refusal->text);
  }
  try {
    return ParseDocument(text);
  } catch (const Refusal& refusal) {
    return InputError(AtLine(path, refusal.where) + ": " + refusal.text);
  } catch (const YAML::Exception& exception) {
    return InputError(AtLine(path, LocationOf(exception.mark)) +
                      ": found broken YAML (" + Printable(exception.msg) +
                      "), expected YAML 1.2");
  } catch (const std::exception& exception) {
    return InputError(path.string() + ": cannot be read as YAML: " +
                      Printable(exception.what()));
  }
}

}  // namespace tally
