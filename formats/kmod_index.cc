// Follows kmod 30: index_insert, index_write__node and index_write in
// tools/depmod.c, and the description at the top of libkmod/libkmod-index.c.
// kmod 34 writes the same nodes in another order; both read both.
#include "formats/kmod_index.h"

#include <algorithm>
#include <map>
#include <memory>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint32_t kKmodIndexMagic = 0xb007f457;
constexpr uint32_t kKmodIndexVersion = 0x00020001;
constexpr uint64_t kKmodIndexHeaderSize = 12;
constexpr uint32_t kPrefixFlag = 0x80000000;
constexpr uint32_t kValuesFlag = 0x40000000;
constexpr uint32_t kChildrenFlag = 0x20000000;
constexpr uint32_t kOffsetMask = 0x0fffffff;
// Keys are walked by recursion.
constexpr size_t kMaxKeyBytes = 1023;
constexpr size_t kMaxValueBytes = 1 << 20;

// KmodIndexNode stands for all keys that begin with the path to it. Its prefix
// is what all of these have in common after that.
struct KmodIndexNode {
  std::string prefix;
  std::map<uint8_t, std::unique_ptr<KmodIndexNode>>
      children;                        // by the next character
  std::vector<KmodIndexEntry> values;  // the key is not used
};

// Split makes `node` end after the first `length` characters of its prefix.
void SplitNode(KmodIndexNode& node, size_t length) {
  auto rest = std::make_unique<KmodIndexNode>();
  const auto next = static_cast<uint8_t>(node.prefix[length]);
  rest->prefix = node.prefix.substr(length + 1);
  rest->children = std::move(node.children);
  rest->values = std::move(node.values);
  node.prefix.resize(length);
  node.children.clear();
  node.values.clear();
  node.children[next] = std::move(rest);
}

void AddValue(KmodIndexNode& node, const KmodIndexEntry& entry) {
  const auto after =
      std::ranges::find_if(node.values, [&](const KmodIndexEntry& other) {
        return other.priority >= entry.priority;
      });
  node.values.insert(after, {.value = entry.value, .priority = entry.priority});
}

void Insert(KmodIndexNode& root, const KmodIndexEntry& entry) {
  KmodIndexNode* node = &root;
  std::string_view rest = entry.key;
  while (true) {
    const auto [at, unused] = std::ranges::mismatch(node->prefix, rest);
    const auto length = static_cast<size_t>(at - node->prefix.begin());
    if (length < node->prefix.size()) SplitNode(*node, length);
    rest.remove_prefix(length);
    if (rest.empty()) break;
    std::unique_ptr<KmodIndexNode>& child =
        node->children[static_cast<uint8_t>(rest.front())];
    rest.remove_prefix(1);
    if (child == nullptr) {
      child = std::make_unique<KmodIndexNode>();
      child->prefix = rest;
    }
    node = child.get();
  }
  AddValue(*node, entry);
}

// WriteNode writes children first and returns the offset of the node, with
// flags. The depth is at most the length of a key.
uint32_t WriteNode(const KmodIndexNode& node, ByteWriter& writer) {
  std::map<uint8_t, uint32_t> offsets;
  for (const auto& [character, child] : node.children) {
    offsets[character] = WriteNode(*child, writer);
  }
  auto offset = static_cast<uint32_t>(kKmodIndexHeaderSize + writer.size());
  if (!node.prefix.empty()) {
    offset |= kPrefixFlag;
    writer.Text(node.prefix).U8(0);
  }
  if (!offsets.empty()) {
    offset |= kChildrenFlag;
    const unsigned first = offsets.begin()->first;
    const unsigned last = offsets.rbegin()->first;
    writer.U8(static_cast<uint8_t>(first)).U8(static_cast<uint8_t>(last));
    for (unsigned c = first; c <= last; ++c) {
      const auto found = offsets.find(static_cast<uint8_t>(c));
      writer.U32Be(found == offsets.end() ? 0 : found->second);
    }
  }
  if (!node.values.empty()) {
    offset |= kValuesFlag;
    writer.U32Be(static_cast<uint32_t>(node.values.size()));
    for (const KmodIndexEntry& value : node.values) {
      writer.U32Be(value.priority).Text(value.value).U8(0);
    }
  }
  return offset;
}

Status CheckText(std::string_view text, size_t max_size_bytes) {
  const bool ascii = std::ranges::all_of(
      text, [](char c) { return c != '\0' && static_cast<uint8_t>(c) < 0x80; });
  if (ascii && text.size() <= max_size_bytes) return Ok();
  return InputError("module index: found " + Quote(text.substr(0, 100)) +
                    ", expected ASCII of at most " +
                    std::to_string(max_size_bytes) + " bytes");
}

class KmodIndexParser {
 public:
  explicit KmodIndexParser(ByteSpan bytes) : bytes_(bytes) {}

  // ReadNode appends the entries of the node and all below it.
  Status ReadNode(uint32_t link, const std::string& key) {
    const uint64_t at = link & kOffsetMask;
    // Nodes that share children could say more than there are bytes.
    if (at > bytes_.size() || ++num_nodes_ > bytes_.size() ||
        key.size() > kMaxKeyBytes) {
      return InputError("module index: no node can be at " + HexNumber(at));
    }
    ByteReader reader("module index", bytes_.subspan(at), at);
    std::string full = key;
    if ((link & kPrefixFlag) != 0) full += ReadText(reader, "prefix");
    std::vector<std::pair<uint8_t, uint32_t>> children;
    if ((link & kChildrenFlag) != 0) {
      const unsigned first = reader.U8("first");
      const unsigned last = reader.U8("last");
      for (unsigned c = first; c <= last && reader.ok(); ++c) {
        const uint32_t child = reader.U32Be("child");
        if (child != 0) children.emplace_back(static_cast<uint8_t>(c), child);
      }
    }
    std::vector<KmodIndexEntry> values;
    if ((link & kValuesFlag) != 0) {
      const uint64_t count =
          reader.Count("values", reader.U32Be("values"), bytes_.size() / 5);
      for (uint64_t i = 0; i < count && reader.ok(); ++i) {
        const uint32_t priority = reader.U32Be("priority");
        values.push_back({.key = full,
                          .value = std::string(ReadText(reader, "value")),
                          .priority = priority});
      }
    }
    TALLY_TRY(reader.status());
    // The writer puts a value before those of the same priority.
    entries_.insert(entries_.end(), values.rbegin(), values.rend());
    for (const auto& [character, child] : children) {
      TALLY_TRY(ReadNode(child, full + static_cast<char>(character)));
    }
    return Ok();
  }

  std::vector<KmodIndexEntry> Take() { return std::move(entries_); }

 private:
  std::string_view ReadText(ByteReader& reader, std::string_view field) {
    const std::string_view rest = AsText(bytes_).substr(
        static_cast<size_t>(bytes_.size() - reader.remaining()));
    const std::string_view text = rest.substr(0, rest.find('\0'));
    if (text.size() > kMaxValueBytes) reader.Fail(field, "too long");
    reader.Take(field, text.size());
    reader.U8("NUL");
    return text;
  }

  ByteSpan bytes_;
  uint64_t num_nodes_ = 0;
  std::vector<KmodIndexEntry> entries_;
};

}  // namespace

Result<Bytes> EncodeKmodIndex(const std::vector<KmodIndexEntry>& entries) {
  KmodIndexNode root;
  for (const KmodIndexEntry& entry : entries) {
    TALLY_TRY(CheckText(entry.key, kMaxKeyBytes));
    TALLY_TRY(CheckText(entry.value, kMaxValueBytes));
    Insert(root, entry);
  }
  ByteWriter nodes;
  const uint32_t root_offset = WriteNode(root, nodes);
  if (kKmodIndexHeaderSize + nodes.size() > kOffsetMask) {
    return InputError("module index: more than 256 MiB");
  }
  ByteWriter writer;
  writer.U32Be(kKmodIndexMagic);
  writer.U32Be(kKmodIndexVersion);
  writer.U32Be(root_offset);
  writer.Raw(nodes.bytes());
  return std::move(writer).Take();
}

Result<std::vector<KmodIndexEntry>> ParseKmodIndex(ByteSpan bytes) {
  ByteReader header("module index", bytes);
  const uint32_t magic = header.U32Be("magic");
  if (magic != kKmodIndexMagic) {
    header.Fail("magic", "found " + HexNumber(magic) + ", expected " +
                             HexNumber(kKmodIndexMagic));
  }
  const uint32_t version = header.U32Be("version");
  if (version != kKmodIndexVersion) {
    header.Fail("version", "found " + HexNumber(version) + ", expected " +
                               HexNumber(kKmodIndexVersion));
  }
  const uint32_t root = header.U32Be("root");
  TALLY_TRY(header.status());
  KmodIndexParser parser(bytes);
  TALLY_TRY(parser.ReadNode(root, ""));
  std::vector<KmodIndexEntry> entries = parser.Take();
  TALLY_ASSIGN(const Bytes again, EncodeKmodIndex(entries));
  if (!std::ranges::equal(again, bytes)) {
    return InputError("module index: the order of nodes is not depmod's");
  }
  return entries;
}

}  // namespace tally
