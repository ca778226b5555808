// Directories and inline extended attributes of EROFS.
#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/text.h"
#include "formats/erofs_format.h"

namespace tally::erofs {
namespace {

constexpr uint64_t kDirentSize = 12;         // struct erofs_dirent
constexpr uint64_t kMaxErofsNameSize = 255;  // EROFS_NAME_LEN
constexpr uint64_t kXattrHeaderSize = 12;    // struct erofs_xattr_ibody_header
constexpr uint64_t kXattrEntrySize = 4;      // struct erofs_xattr_entry
// i_xattr_icount has 16 bits.
constexpr uint64_t kMaxXattrsSize = kXattrHeaderSize + 4 * (UINT16_MAX - 1);
// h_name_filter of an image without EROFS_FEATURE_COMPAT_XATTR_FILTER is not
// used; mkfs.erofs wrote zero before it knew the feature.
constexpr uint32_t kNoNameFilter = 0;

struct XattrPrefix {
  uint8_t index;  // EROFS_XATTR_INDEX_…
  std::string_view text;
};
// The ACL names come in full and leave an empty rest.
constexpr std::array<XattrPrefix, 5> kXattrPrefixes = {{
    {1, "user."},
    {2, "system.posix_acl_access"},
    {3, "system.posix_acl_default"},
    {4, "trusted."},
    {6, "security."},
}};

bool IsAcl(const XattrPrefix& prefix) { return prefix.text.back() != '.'; }

const XattrPrefix* PrefixOf(std::string_view name) {
  const auto found =
      std::ranges::find_if(kXattrPrefixes, [name](const XattrPrefix& prefix) {
        return IsAcl(prefix) ? name == prefix.text
                             : name.starts_with(prefix.text) &&
                                   name.size() > prefix.text.size();
      });
  return found == kXattrPrefixes.end() ? nullptr : &*found;
}

// File types of directory entries: EROFS_FT_REG_FILE, _DIR and _SYMLINK.
uint8_t EncodeType(NodeType type) {
  switch (type) {
    case NodeType::kDirectory:
      return 2;
    case NodeType::kSymlink:
      return 7;
    case NodeType::kFile:
      break;
  }
  return 1;
}

NodeType TakeType(ByteReader& reader) {
  const uint8_t type = reader.U8("file_type");
  if (type == 1) return NodeType::kFile;
  if (type == 2) return NodeType::kDirectory;
  if (type != 7) {
    reader.Fail("file_type", "found " + std::to_string(type) +
                                 ", expected 1 (file), 2 (directory) or 7 "
                                 "(symlink)");
  }
  return NodeType::kSymlink;
}

void TakeXattr(ByteReader& reader, Xattrs& xattrs) {
  const uint64_t name_size = reader.U8("e_name_len");
  const uint8_t index = reader.U8("e_name_index");
  const auto prefix =
      std::ranges::find(kXattrPrefixes, index, &XattrPrefix::index);
  if (prefix == kXattrPrefixes.end() || IsAcl(*prefix) != (name_size == 0)) {
    reader.Fail("e_name_index", "found " + std::to_string(index) + " with " +
                                    std::to_string(name_size) +
                                    " bytes of name, expected a known prefix");
    return;
  }
  const uint64_t value_size = reader.U16Le("e_value_size");
  const std::string_view rest = AsText(reader.Take("e_name", name_size));
  const ByteSpan value = reader.Take("e_value", value_size);
  const uint64_t used = kXattrEntrySize + name_size + value_size;
  reader.Zeros("padding", AlignUp(used, 4) - used);
  xattrs.emplace_back(std::string(prefix->text) + std::string(rest),
                      ToBytes(value));
}

Status ParseDirectoryBlock(ByteSpan block, uint64_t offset,
                           const std::string& subject,
                           std::vector<Dirent>& entries) {
  ByteReader reader(subject, block, offset);
  const size_t first_entry = entries.size();
  std::vector<uint64_t> name_offsets;
  uint64_t table_size = kDirentSize;  // known once the first entry is read
  while (reader.ok() && name_offsets.size() * kDirentSize < table_size) {
    Dirent entry = {.nid = reader.U64Le("nid")};
    name_offsets.push_back(reader.U16Le("nameoff"));
    if (name_offsets.size() == 1) {
      table_size = name_offsets[0];
      if (table_size % kDirentSize != 0 || table_size == 0 ||
          table_size > block.size()) {
        reader.Fail("nameoff", "found " + std::to_string(table_size) +
                                   ", expected a multiple of 12 inside the "
                                   "block");
      }
    }
    entry.type = TakeType(reader);
    reader.Zeros("reserved", 1);
    entries.push_back(entry);
  }
  TALLY_TRY(reader.status());
  // A name ends where the next one begins; the last one at NUL or the end.
  for (size_t i = 0; i < name_offsets.size(); ++i) {
    uint64_t size_bytes = block.size() - name_offsets[i];
    if (i + 1 < name_offsets.size()) {
      size_bytes = name_offsets[i + 1] - name_offsets[i];
    } else {
      const std::string_view rest = AsText(block.subspan(name_offsets[i]));
      size_bytes = std::min<uint64_t>(size_bytes, rest.find('\0'));
    }
    if (size_bytes == 0 || size_bytes > kMaxErofsNameSize) {
      return InputError(subject + ": name at " +
                        HexNumber(offset + name_offsets[i]) +
                        " does not have 1 to 255 bytes");
    }
    entries[first_entry + i].name = AsText(reader.Take("name", size_bytes));
    TALLY_TRY(reader.status());
  }
  reader.Zeros("padding", reader.remaining());
  return reader.Finish();
}

}  // namespace

Result<Bytes> EncodeXattrs(const Xattrs& xattrs, std::string_view path) {
  if (xattrs.empty()) return Bytes();
  ByteWriter writer;
  writer.U32Le(kNoNameFilter);  // 0x0 h_name_filter
  writer.U8(0);                 // 0x4 h_shared_count
  writer.Zeros(7);              // 0x5 h_reserved2
  for (const auto& [name, value] : xattrs) {
    const XattrPrefix* prefix = PrefixOf(name);
    if (prefix == nullptr || value.size() > UINT16_MAX) {
      return InputError("erofs cannot hold extended attribute " + Quote(name) +
                        " of " + Quote(path));
    }
    const std::string_view rest =
        std::string_view(name).substr(prefix->text.size());
    writer.U8(static_cast<uint8_t>(rest.size()));       // 0x0 e_name_len
    writer.U8(prefix->index);                           // 0x1 e_name_index
    writer.U16Le(static_cast<uint16_t>(value.size()));  // 0x2 e_value_size
    writer.Text(rest).Raw(value).PadTo(4);
  }
  if (writer.size() > kMaxXattrsSize) {
    return InputError("erofs cannot hold the " + std::to_string(writer.size()) +
                      " bytes of extended attributes of " + Quote(path) +
                      ", the limit is " + std::to_string(kMaxXattrsSize));
  }
  return std::move(writer).Take();
}

Result<Xattrs> ParseXattrs(ByteSpan bytes, uint64_t offset) {
  Xattrs xattrs;
  if (bytes.empty()) return xattrs;
  ByteReader reader("erofs xattrs", bytes, offset);
  reader.Skip("h_name_filter", 4);
  const uint8_t shared_count = reader.U8("h_shared_count");
  if (shared_count != 0) {
    reader.Fail("h_shared_count",
                "found " + std::to_string(shared_count) +
                    ", expected 0: shared attributes are not supported");
  }
  reader.Zeros("h_reserved2", 7);
  while (reader.ok() && reader.remaining() > 0) TakeXattr(reader, xattrs);
  TALLY_TRY(reader.Finish());
  std::ranges::sort(xattrs);
  return xattrs;
}

std::vector<size_t> DirectoryBlocks(std::span<const std::string_view> names) {
  std::vector<size_t> blocks;
  uint64_t used = kBlockSize;  // so that the first name opens a block
  for (const std::string_view name : names) {
    const uint64_t cost = kDirentSize + name.size();
    if (used + cost > kBlockSize) {
      blocks.push_back(0);
      used = 0;
    }
    ++blocks.back();
    used += cost;
  }
  return blocks;
}

uint64_t DirectorySize(std::span<const std::string_view> names) {
  const std::vector<size_t> blocks = DirectoryBlocks(names);
  TALLY_CHECK(!blocks.empty());
  uint64_t last_block_size = 0;
  for (const std::string_view name : names.last(blocks.back())) {
    last_block_size += kDirentSize + name.size();
  }
  return (blocks.size() - 1) * kBlockSize + last_block_size;
}

Bytes EncodeDirectory(const std::vector<Dirent>& entries) {
  std::vector<std::string_view> names;
  for (const Dirent& entry : entries) names.push_back(entry.name);
  ByteWriter writer;
  auto next = entries.begin();
  for (const size_t count : DirectoryBlocks(names)) {
    writer.PadTo(kBlockSize);
    const std::span<const Dirent> block(next, count);
    uint64_t name_offset = count * kDirentSize;
    for (const Dirent& entry : block) {
      writer.U64Le(entry.nid);                           // 0x0 nid
      writer.U16Le(static_cast<uint16_t>(name_offset));  // 0x8 nameoff
      writer.U8(EncodeType(entry.type));                 // 0xa file_type
      writer.U8(0);                                      // 0xb reserved
      name_offset += entry.name.size();
    }
    for (const Dirent& entry : block) writer.Text(entry.name);
    next += static_cast<ptrdiff_t>(count);
  }
  return std::move(writer).Take();
}

Result<std::vector<Dirent>> ParseDirectory(ByteSpan data,
                                           const std::string& subject) {
  std::vector<Dirent> entries;
  for (uint64_t at = 0; at < data.size(); at += kBlockSize) {
    const uint64_t size_bytes = std::min(kBlockSize, data.size() - at);
    TALLY_TRY(ParseDirectoryBlock(data.subspan(at, size_bytes), at, subject,
                                  entries));
  }
  bool has_dot = false;
  bool has_dot_dot = false;
  for (size_t i = 0; i < entries.size(); ++i) {
    const std::string_view name = entries[i].name;
    has_dot |= name == ".";
    has_dot_dot |= name == "..";
    if (name.find('/') != std::string_view::npos ||
        name.find('\0') != std::string_view::npos) {
      return InputError(subject + ": name " + Quote(name) +
                        " contains '/' or NUL");
    }
    if (i > 0 && name <= entries[i - 1].name) {
      return InputError(subject + ": name " + Quote(name) + " comes after " +
                        Quote(entries[i - 1].name) + ", expected byte order");
    }
  }
  if (!has_dot || !has_dot_dot) {
    return InputError(subject + ": '.' or '..' is missing");
  }
  return entries;
}

}  // namespace tally::erofs
