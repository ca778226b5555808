// Field order and semantics: cpio(5), and
// Documentation/driver-api/early-userspace/ buffer-format.rst with
// init/initramfs.c of Linux.
#include "formats/cpio.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kCpioMagic = "070701";
constexpr std::string_view kTrailer = "TRAILER!!!";
constexpr uint64_t kCpioHeaderSize = 110;  // magic and 13 fields of 8 digits
// As gen_init_cpio and GNU cpio pad an archive.
constexpr uint64_t kArchiveAlignment = 512;
constexpr uint32_t kTypeDirectory = 0040000;
constexpr uint32_t kTypeFile = 0100000;
constexpr uint32_t kTypeSymlink = 0120000;

void HexField(ByteWriter& writer, uint32_t value) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (int shift = 28; shift >= 0; shift -= 4) {
    writer.U8(static_cast<uint8_t>(kDigits[(value >> shift) & 0xf]));
  }
}

// EncodeHeader returns `padding` zeros, header, name and padding up to the
// data.
Bytes EncodeHeader(const CpioEntry& entry, uint64_t padding) {
  ByteWriter writer;
  writer.Zeros(padding);
  writer.Text(kCpioMagic);                                        // c_magic
  HexField(writer, entry.ino);                                    // c_ino
  HexField(writer, entry.mode);                                   // c_mode
  HexField(writer, entry.uid);                                    // c_uid
  HexField(writer, entry.gid);                                    // c_gid
  HexField(writer, entry.nlink);                                  // c_nlink
  HexField(writer, entry.mtime);                                  // c_mtime
  HexField(writer, static_cast<uint32_t>(entry.content.size()));  // c_filesize
  HexField(writer, entry.dev_major);                              // c_devmajor
  HexField(writer, entry.dev_minor);                              // c_devminor
  HexField(writer, entry.rdev_major);                             // c_rdevmajor
  HexField(writer, entry.rdev_minor);                             // c_rdevminor
  HexField(writer, static_cast<uint32_t>(entry.name.size()) + 1);  // c_namesize
  HexField(writer, 0);                                             // c_check
  writer.Text(entry.name).U8(0);
  const uint64_t size_bytes = writer.size() - padding;
  writer.Zeros(AlignUp(size_bytes, 4) - size_bytes);
  return std::move(writer).Take();
}

Status CheckEncodable(const CpioEntry& entry) {
  if (entry.name.empty() || entry.name.size() >= kMaxCpioNameSize ||
      entry.name.find('\0') != std::string::npos || entry.name == kTrailer) {
    return InputError("cpio cannot hold the name " + Quote(entry.name));
  }
  if (entry.content.size() > std::numeric_limits<uint32_t>::max()) {
    return InputError("cpio cannot hold the " +
                      std::to_string(entry.content.size()) + " bytes of " +
                      Quote(entry.name) + ", the limit is 4294967295");
  }
  return Ok();
}

uint64_t EntrySize(const CpioEntry& entry) {
  return AlignUp(kCpioHeaderSize + entry.name.size() + 1, 4) +
         AlignUp(entry.content.size(), 4);
}

const CpioEntry& TrailerEntry() {
  static const CpioEntry trailer = {.name = std::string(kTrailer), .nlink = 1};
  return trailer;
}

uint64_t ArchiveSize(const std::vector<CpioEntry>& entries) {
  uint64_t size_bytes = EntrySize(TrailerEntry());
  for (const CpioEntry& entry : entries) size_bytes += EntrySize(entry);
  return AlignUp(size_bytes, kArchiveAlignment);
}

uint32_t TypeBits(NodeType type) {
  switch (type) {
    case NodeType::kDirectory:
      return kTypeDirectory;
    case NodeType::kSymlink:
      return kTypeSymlink;
    case NodeType::kFile:
      break;
  }
  return kTypeFile;
}

Status CheckRepresentable(const FileNode& node) {
  if (!node.xattrs.empty()) {
    return InputError("cpio cannot hold extended attribute " +
                      Quote(node.xattrs[0].first) + " of " + Quote(node.path));
  }
  if (node.mtime > std::numeric_limits<uint32_t>::max()) {
    return InputError("cpio cannot hold the time " +
                      std::to_string(node.mtime) + " of " + Quote(node.path) +
                      ", the limit is 4294967295");
  }
  return Ok();
}

// IsDefaultRoot says whether the kernel's own root directory is what `node`
// asks for: init/do_mounts.c and fs/ramfs make it 0755, owned by 0:0.
bool IsDefaultRoot(const FileNode& node) {
  return node.mode == 0755 && node.uid == 0 && node.gid == 0;
}

// LastLinks returns for each inode's first node the index of its last one.
std::vector<size_t> LastLinks(const FileList& files) {
  std::vector<size_t> last(files.size());
  for (size_t i = 0; i < files.size(); ++i) {
    last[files[i].hard_link_of.value_or(i)] = i;
  }
  return last;
}

Result<std::vector<CpioEntry>> PlanEntries(const FileList& files) {
  TALLY_TRY(CheckFileList(files));
  const std::vector<uint32_t> link_counts = LinkCounts(files);
  const std::vector<size_t> last_links = LastLinks(files);
  std::vector<uint32_t> inodes(files.size(), 0);
  uint32_t next_inode = 1;
  std::vector<CpioEntry> entries;
  for (size_t i = 0; i < files.size(); ++i) {
    const FileNode& node = files[i];
    TALLY_TRY(CheckRepresentable(node));
    if (i == 0 && IsDefaultRoot(node)) continue;
    const size_t first = node.hard_link_of.value_or(i);
    inodes[i] = first == i ? next_inode++ : inodes[first];
    CpioEntry entry = {.name = i == 0 ? "." : node.path,
                       .ino = inodes[i],
                       .mode = TypeBits(node.type) | node.mode,
                       .uid = node.uid,
                       .gid = node.gid,
                       .nlink = link_counts[i],
                       .mtime = static_cast<uint32_t>(node.mtime)};
    if (node.type == NodeType::kSymlink) {
      entry.content = AsBytes(node.symlink_target);
    } else if (last_links[first] == i) {
      // The data goes with the last link: GNU cpio and gen_init_cpio write it
      // there, and the kernel keeps what an earlier link already holds.
      entry.content = files[first].content;
    }
    TALLY_TRY(CheckEncodable(entry));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

bool CpioEntry::operator==(const CpioEntry& other) const {
  return name == other.name && ino == other.ino && mode == other.mode &&
         uid == other.uid && gid == other.gid && nlink == other.nlink &&
         mtime == other.mtime && dev_major == other.dev_major &&
         dev_minor == other.dev_minor && rdev_major == other.rdev_major &&
         rdev_minor == other.rdev_minor && offset == other.offset &&
         std::ranges::equal(content, other.content);
}

Status WriteCpio(const FileList& files, ByteSink& sink) {
  TALLY_ASSIGN(const std::vector<CpioEntry> entries, PlanEntries(files));
  return EncodeCpio(entries, sink);
}

Result<uint64_t> CpioSize(const FileList& files) {
  TALLY_ASSIGN(const std::vector<CpioEntry> entries, PlanEntries(files));
  return ArchiveSize(entries);
}

Status EncodeCpio(const std::vector<CpioEntry>& entries, ByteSink& sink) {
  for (const CpioEntry& entry : entries) TALLY_TRY(CheckEncodable(entry));
  uint64_t size_bytes = 0;
  for (const CpioEntry& entry : entries) {
    // The padding of the data before goes with the header: one append less.
    const uint64_t padding = AlignUp(size_bytes, 4) - size_bytes;
    const Bytes header = EncodeHeader(entry, padding);
    TALLY_TRY(sink.Append(header));
    TALLY_TRY(sink.Append(entry.content));
    size_bytes += header.size() + entry.content.size();
  }
  const uint64_t padding = AlignUp(size_bytes, 4) - size_bytes;
  const Bytes trailer = EncodeHeader(TrailerEntry(), padding);
  TALLY_TRY(sink.Append(trailer));
  size_bytes += trailer.size();
  return AppendZeros(sink, ArchiveSize(entries) - size_bytes);
}

}  // namespace tally
