// Reads uncompressed EROFS images. Every inode is read once, every directory
// has one parent, and all contents together are no larger than the image: so a
// hostile image costs no more than its size.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

#include "common/text.h"
#include "formats/erofs.h"
#include "formats/erofs_format.h"

namespace tally {
namespace {

// Paths, extended attributes and symlink targets are copied for every name, and
// can thus be far larger than the image.
constexpr uint64_t kMaxMetadataBytes = uint64_t{256} << 20;

class Reader {
 public:
  Reader(ByteSpan image, ErofsImage& out) : image_(image), out_(out) {}

  Status Read();

 private:
  struct Directory {
    std::string path;
    uint64_t nid = 0;
    uint64_t parent_nid = 0;
  };
  struct Name {
    FileNode node;
    uint64_t nid = 0;
    uint32_t num_links = 0;
  };
  // What the names of an inode share.
  struct Loaded {
    FileNode node;
    uint32_t num_links = 0;
    uint64_t xattrs_size = 0;
  };

  Status ReadDirectory(const Directory& directory);
  Status AddName(const Directory& directory, const erofs::Dirent& entry);
  // Load returns the inode, reading it at the first call.
  Result<const Loaded*> Load(uint64_t nid);
  Result<Loaded> LoadNew(uint64_t nid);
  Result<ByteSpan> Contents(const erofs::Inode& inode, uint64_t offset);
  Result<ByteSpan> At(uint64_t offset, uint64_t size_bytes,
                      const std::string& what) const;
  Status Spend(uint64_t size_bytes);
  Status FinishList();

  ByteSpan image_;
  ErofsImage& out_;
  erofs::Superblock superblock_;
  std::vector<Directory>
      pending_;  // directories whose entries are not read yet
  std::set<uint64_t> directories_seen_;
  // Look-ups only: the order of this map reaches no output.
  std::unordered_map<uint64_t, Loaded> inodes_;
  std::vector<Name> names_;
  uint64_t contents_size_ = 0;
  uint64_t metadata_size_ = 0;
};

Result<ByteSpan> Reader::At(uint64_t offset, uint64_t size_bytes,
                            const std::string& what) const {
  if (offset > image_.size() || size_bytes > image_.size() - offset) {
    return InputError("erofs: " + what + " at " + HexNumber(offset) +
                      " needs " + std::to_string(size_bytes) +
                      " bytes, the image has " + std::to_string(image_.size()));
  }
  return image_.subspan(offset, size_bytes);
}

Status Reader::Spend(uint64_t size_bytes) {
  metadata_size_ += size_bytes;
  if (metadata_size_ <= kMaxMetadataBytes) return Ok();
  return InputError(
      "erofs: more than 256 MiB of paths, extended attributes and targets");
}

// Contents returns the data of an inode at `offset`: a view if all of it is in
// data blocks or all of it inline, else joined.
Result<ByteSpan> Reader::Contents(const erofs::Inode& inode, uint64_t offset) {
  if (inode.size_bytes > image_.size() - contents_size_) {
    return InputError("erofs: inode at " + HexNumber(offset) + " has " +
                      std::to_string(inode.size_bytes) +
                      " bytes: more contents than the image holds");
  }
  contents_size_ += inode.size_bytes;
  const uint64_t tail_size = inode.tail_size();
  const uint64_t head_size = inode.size_bytes - tail_size;
  ByteSpan head;
  if (head_size > 0) {
    TALLY_ASSIGN(head, At(uint64_t{inode.first_block} * erofs::kBlockSize,
                          head_size, "data"));
  }
  if (tail_size == 0) return head;
  const uint64_t tail_at = offset + inode.header_size + inode.xattrs_size;
  if (tail_at % erofs::kBlockSize + tail_size > erofs::kBlockSize) {
    return InputError("erofs: inline data at " + HexNumber(tail_at) +
                      " crosses the end of its block");
  }
  TALLY_ASSIGN(const ByteSpan tail, At(tail_at, tail_size, "inline data"));
  if (head_size == 0) return tail;
  Bytes joined = ToBytes(head);
  joined.insert(joined.end(), tail.begin(), tail.end());
  out_.joined_contents.push_back(std::move(joined));
  return ByteSpan(out_.joined_contents.back());
}

Result<Reader::Loaded> Reader::LoadNew(uint64_t nid) {
  if (nid > image_.size() / erofs::kSlotSize) {
    return InputError("erofs: inode " + std::to_string(nid) +
                      " is outside the image");
  }
  const uint64_t offset =
      superblock_.meta_block * erofs::kBlockSize + nid * erofs::kSlotSize;
  TALLY_ASSIGN(ByteSpan bytes, At(offset, erofs::kCompactInodeSize, "inode"));
  bytes = image_.subspan(offset, std::min<uint64_t>(erofs::kExtendedInodeSize,
                                                    image_.size() - offset));
  TALLY_ASSIGN(const erofs::Inode inode,
               erofs::ParseInode(bytes, offset, superblock_));
  const uint64_t xattrs_at = offset + inode.header_size;
  TALLY_ASSIGN(const ByteSpan xattrs,
               At(xattrs_at, inode.xattrs_size, "extended attributes"));
  TALLY_TRY(Spend(inode.xattrs_size));
  Loaded loaded = {.num_links = inode.num_links,
                   .xattrs_size = inode.xattrs_size};
  FileNode& node = loaded.node;
  node.type = inode.type;
  node.mode = inode.mode;
  node.uid = inode.uid;
  node.gid = inode.gid;
  node.mtime = inode.mtime;
  TALLY_ASSIGN(node.xattrs, erofs::ParseXattrs(xattrs, xattrs_at));
  TALLY_ASSIGN(node.content, Contents(inode, offset));
  return loaded;
}

Result<const Reader::Loaded*> Reader::Load(uint64_t nid) {
  auto found = inodes_.find(nid);
  if (found == inodes_.end()) {
    TALLY_ASSIGN(Loaded loaded, LoadNew(nid));
    found = inodes_.emplace(nid, std::move(loaded)).first;
  }
  return &found->second;
}

Status Reader::AddName(const Directory& directory, const erofs::Dirent& entry) {
  Directory child = {
      .path = directory.path.empty()
                  ? std::string(entry.name)
                  : directory.path + "/" + std::string(entry.name),
      .nid = entry.nid,
      .parent_nid = directory.nid};
  if (child.path.size() > 4095) {
    return InputError("erofs: path " + Quote(child.path) +
                      " has more than 4095 bytes");
  }
  TALLY_ASSIGN(const Loaded* loaded, Load(entry.nid));
  if (loaded->node.type != entry.type) {
    return InputError("erofs: directory entry " + Quote(child.path) +
                      " has another type than its inode");
  }
  Name name = {
      .node = loaded->node, .nid = entry.nid, .num_links = loaded->num_links};
  name.node.path = child.path;
  names_.push_back(std::move(name));
  if (entry.type == NodeType::kDirectory) pending_.push_back(std::move(child));
  return Ok();
}

Status Reader::ReadDirectory(const Directory& directory) {
  const std::string subject = "erofs directory " + Quote(directory.path);
  if (!directories_seen_.insert(directory.nid).second) {
    return InputError(subject + ": inode " + std::to_string(directory.nid) +
                      " occurs twice");
  }
  TALLY_ASSIGN(const Loaded* loaded, Load(directory.nid));
  TALLY_ASSIGN(const std::vector<erofs::Dirent> entries,
               erofs::ParseDirectory(loaded->node.content, subject));
  for (const erofs::Dirent& entry : entries) {
    const bool is_dot = entry.name == ".";
    if (!is_dot && entry.name != "..") {
      TALLY_TRY(AddName(directory, entry));
      continue;
    }
    const uint64_t expected = is_dot ? directory.nid : directory.parent_nid;
    if (entry.nid != expected || entry.type != NodeType::kDirectory) {
      return InputError(subject + ": " + Quote(entry.name) + " is inode " +
                        std::to_string(entry.nid) + ", expected directory " +
                        std::to_string(expected));
    }
  }
  return Ok();
}

// FinishList sorts, finds hard links and moves contents to where they belong.
Status Reader::FinishList() {
  std::ranges::sort(names_, {}, [](const Name& name) -> const std::string& {
    return name.node.path;
  });
  std::map<uint64_t, size_t> first_name;
  for (Name& name : names_) {
    FileNode& node = name.node;
    const auto [first, is_new] =
        first_name.emplace(name.nid, out_.files.size());
    if (!is_new) node.hard_link_of = first->second;
    if (node.type == NodeType::kSymlink) {
      node.symlink_target = std::string(AsText(node.content));
    }
    if (node.type != NodeType::kFile) node.content = {};
    out_.files.push_back(std::move(node));
  }
  TALLY_TRY(CheckFileList(out_.files));
  const std::vector<uint32_t> link_counts = LinkCounts(out_.files);
  for (size_t i = 0; i < names_.size(); ++i) {
    if (names_[i].num_links == link_counts[i]) continue;
    return InputError("erofs: " + Quote(out_.files[i].path) +
                      " has link count " + std::to_string(names_[i].num_links) +
                      ", expected " + std::to_string(link_counts[i]));
  }
  if (superblock_.num_inodes != first_name.size()) {
    return InputError("erofs superblock: inos at 0x410: found " +
                      std::to_string(superblock_.num_inodes) + ", expected " +
                      std::to_string(first_name.size()));
  }
  return Ok();
}

Status Reader::Read() {
  TALLY_ASSIGN(superblock_, erofs::ParseSuperblock(image_));
  const uint64_t size_bytes = superblock_.num_blocks * erofs::kBlockSize;
  if (image_.size() < size_bytes) {
    return InputError("erofs: image has " + std::to_string(image_.size()) +
                      " bytes, its superblock says " +
                      std::to_string(size_bytes));
  }
  image_ = image_.first(size_bytes);
  out_.options = {.uuid = superblock_.uuid,
                  .volume_name = superblock_.volume_name,
                  .build_time = static_cast<int64_t>(superblock_.build_time)};
  const uint64_t root_nid = superblock_.root_nid;
  TALLY_ASSIGN(const Loaded* root, Load(root_nid));
  if (root->node.type != NodeType::kDirectory) {
    return InputError("erofs: the root inode is not a directory");
  }
  names_.push_back({root->node, root_nid, root->num_links});
  pending_.push_back({.path = "", .nid = root_nid, .parent_nid = root_nid});
  while (!pending_.empty()) {
    const Directory directory = std::move(pending_.back());
    pending_.pop_back();
    TALLY_TRY(ReadDirectory(directory));
  }
  return FinishList();
}

}  // namespace

Result<ErofsImage> ReadErofs(ByteSpan image) {
  ErofsImage out;
  TALLY_TRY(Reader(image, out).Read());
  return out;
}

}  // namespace tally
