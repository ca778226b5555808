#include "builder/package_listing.h"

#include <map>
#include <string_view>
#include <unordered_set>

#include "builder/archive.h"
#include "builder/merged_path.h"
#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kPackageListingMagic = "tally-package-listing-1\n";

constexpr uint8_t kDirectoryType = 'd';
constexpr uint8_t kFileType = 'f';
constexpr uint8_t kSymlinkType = 'l';
constexpr uint8_t kHardLinkType = 'h';

void WriteText(ByteWriter& writer, std::string_view text) {
  writer.U32Le(static_cast<uint32_t>(text.size())).Text(text);
}

void WriteOwners(ByteWriter& writer, const UnpackedEntry& entry) {
  writer.U32Le(entry.uid).U32Le(entry.gid);
}

void WriteEntry(ByteWriter& writer, const UnpackedEntry& entry) {
  switch (entry.type) {
    case NodeType::kDirectory:
      writer.U8(kDirectoryType);
      WriteText(writer, entry.path);
      writer.U16Le(static_cast<uint16_t>(entry.mode));
      WriteOwners(writer, entry);
      return;
    case NodeType::kFile:
      writer.U8(kFileType);
      WriteText(writer, entry.path);
      writer.U16Le(static_cast<uint16_t>(entry.mode));
      WriteOwners(writer, entry);
      writer.U64Le(entry.content.size_bytes());
      writer.Raw(entry.content.sha256.span());
      return;
    case NodeType::kSymlink:
      writer.U8(kSymlinkType);
      WriteText(writer, entry.path);
      WriteOwners(writer, entry);
      WriteText(writer, entry.symlink_target);
      return;
  }
}

// ListingReader reads entries and holds them against those before.
class ListingReader {
 public:
  explicit ListingReader(ByteReader& reader) : reader_(reader) {}

  Status ReadEntry() {
    ListedEntry listed;
    UnpackedEntry& entry = listed.entry;
    const uint8_t type = reader_.U8("type");
    TALLY_TRY(reader_.status());
    entry.path = ReadText("path", 4095);
    TALLY_TRY(CheckPath(entry.path));
    switch (type) {
      case kDirectoryType:
        entry.type = NodeType::kDirectory;
        ReadModeAndOwners(&entry);
        break;
      case kFileType:
        entry.type = NodeType::kFile;
        ReadModeAndOwners(&entry);
        listed.size_bytes = reader_.Count("size", reader_.U64Le("size"),
                                          kMaxPackageBytes - total_bytes_);
        total_bytes_ += listed.size_bytes;
        entry.content.sha256 = Sha256Digest(reader_.Array<32>("sha256"));
        break;
      case kSymlinkType:
        entry.type = NodeType::kSymlink;
        entry.mode = 0777;
        ReadOwners(&entry);
        entry.symlink_target = ReadText("target", kMaxControlBytes);
        break;
      case kHardLinkType:
        TALLY_TRY(ReadLink(&listed));
        break;
      default:
        reader_.Fail("type", "found " + HexNumber(type) +
                                 ", expected one of 'd', 'f', 'l', 'h'");
    }
    TALLY_TRY(reader_.status());
    entries_.push_back(std::move(listed));
    return Ok();
  }

  std::vector<ListedEntry> Take() && { return std::move(entries_); }

 private:
  std::string ReadText(std::string_view field, uint64_t max_size_bytes) {
    const uint64_t size_bytes =
        reader_.Count(field, reader_.U32Le(field), max_size_bytes);
    return std::string(AsText(reader_.Take(field, size_bytes)));
  }

  // CheckPath refuses what unpacking never gives, whatever digest the lock has.
  Status CheckPath(const std::string& path) {
    TALLY_TRY(reader_.status());
    const Result<std::string> merged = MergedPath("./" + path);
    if (!merged || *merged != path) {
      reader_.Fail("path", "found " + Quote(path) +
                               ", expected a normal path of merged-/usr");
    } else if (!paths_.insert(path).second) {
      reader_.Fail("path", Quote(path) + " twice");
    }
    return reader_.status();
  }

  void ReadModeAndOwners(UnpackedEntry* entry) {
    entry->mode = static_cast<unsigned>(
        reader_.Count("mode", reader_.U16Le("mode"), 07777));
    ReadOwners(entry);
  }

  void ReadOwners(UnpackedEntry* entry) {
    entry->uid = reader_.U32Le("uid");
    entry->gid = reader_.U32Le("gid");
  }

  Status ReadLink(ListedEntry* listed) {
    const uint32_t index = reader_.U32Le("link");
    TALLY_TRY(reader_.status());
    if (index >= entries_.size() ||
        entries_[index].entry.type != NodeType::kFile ||
        entries_[index].link_of) {
      reader_.Fail("link", "found " + std::to_string(index) +
                               ", expected the index of an earlier file");
      return reader_.status();
    }
    std::string path = std::move(listed->entry.path);
    *listed = entries_[index];
    listed->link_of = index;
    listed->entry.hard_link_of = std::move(listed->entry.path);
    listed->entry.path = std::move(path);
    return Ok();
  }

  ByteReader& reader_;
  std::vector<ListedEntry> entries_;
  std::unordered_set<std::string> paths_;
  uint64_t total_bytes_ = 0;
};

}  // namespace

Bytes EncodeListing(const UnpackedPackage& package) {
  ByteWriter writer;
  writer.Text(kPackageListingMagic);
  WriteText(writer, package.control_text);
  writer.U32Le(static_cast<uint32_t>(package.entries.size()));
  std::map<std::string_view, uint32_t> index_of_file;
  for (uint32_t i = 0; i < package.entries.size(); ++i) {
    const UnpackedEntry& entry = package.entries[i];
    if (entry.hard_link_of.empty()) {
      if (entry.type == NodeType::kFile) index_of_file[entry.path] = i;
      WriteEntry(writer, entry);
      continue;
    }
    const auto first = index_of_file.find(entry.hard_link_of);
    TALLY_CHECK(first != index_of_file.end());
    writer.U8(kHardLinkType);
    WriteText(writer, entry.path);
    writer.U32Le(first->second);
  }
  return std::move(writer).Take();
}

Result<PackageListing> ParseListing(ByteSpan bytes) {
  ByteReader reader("package listing", bytes);
  const std::string_view magic =
      AsText(reader.Take("magic", kPackageListingMagic.size()));
  if (magic != kPackageListingMagic) {
    reader.Fail("magic", "found " + Quote(magic) + ", expected " +
                             Quote(kPackageListingMagic));
  }
  PackageListing listing;
  const uint64_t control_size = reader.Count(
      "control size", reader.U32Le("control size"), kMaxControlBytes);
  listing.control_text = AsText(reader.Take("control", control_size));
  const uint64_t num_entries =
      reader.Count("number of entries", reader.U32Le("number of entries"),
                   kMaxPackageMembers);
  TALLY_TRY(reader.status());
  ListingReader entries(reader);
  for (uint64_t i = 0; i < num_entries; ++i) TALLY_TRY(entries.ReadEntry());
  TALLY_TRY(reader.Finish());
  listing.entries = std::move(entries).Take();
  return listing;
}

}  // namespace tally
