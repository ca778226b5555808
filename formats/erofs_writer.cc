// The one EROFS image that this project makes of a list: first every inode with
// its attributes and the tail of its data, then the whole blocks of data.
#include <algorithm>
#include <limits>
#include <set>

#include "common/check.h"
#include "common/text.h"
#include "formats/erofs.h"
#include "formats/erofs_format.h"

namespace tally {
namespace {

constexpr uint64_t kMetadataStart =
    erofs::kSuperblockOffset + erofs::kSuperblockSize;
// Metadata goes to the sink in pieces of this size, not inode by inode.
constexpr size_t kMetadataFlushSize = 64 << 10;

struct PlannedInode {
  size_t node = 0;  // index in the list, of the first name
  uint64_t offset = 0;
  erofs::Inode inode;
  Bytes xattrs;

  uint64_t nid() const { return offset / erofs::kSlotSize; }
};

struct ErofsPlan {
  const FileList& files;
  std::vector<PlannedInode> inodes;           // in list order
  std::vector<size_t> inode_of_node;          // index in `inodes`
  std::vector<std::vector<size_t>> children;  // by node; sorted, as the list is
  uint64_t metadata_size = 0;
  erofs::Superblock superblock;

  uint64_t size_bytes() const {
    return superblock.num_blocks * erofs::kBlockSize;
  }
};

// MetadataLayout hands out places for inodes. What fits into one block never
// crosses a block's end: the kernel wants inode, attributes and inline data
// together. The smallest gap that is large enough is used, the first of equals.
class MetadataLayout {
 public:
  uint64_t Place(uint64_t size_bytes) {
    size_bytes = AlignUp(size_bytes, erofs::kSlotSize);
    auto gap = gaps_.lower_bound({size_bytes, 0});
    if (gap == gaps_.end()) {
      const uint64_t added = AlignUp(size_bytes, erofs::kBlockSize);
      gap = gaps_.insert({added, end_}).first;
      end_ += added;
    }
    const auto [gap_size, offset] = *gap;
    gaps_.erase(gap);
    if (gap_size > size_bytes) {
      gaps_.insert({gap_size - size_bytes, offset + size_bytes});
    }
    return offset;
  }

  uint64_t end() const { return end_; }

 private:
  std::set<std::pair<uint64_t, uint64_t>> gaps_ = {  // size, offset
      {erofs::kBlockSize - kMetadataStart, kMetadataStart}};
  uint64_t end_ = erofs::kBlockSize;
};

// MetadataSink collects what follows the superblock, and writes the first block
// when it is complete, since the checksum in it covers the whole block.
class MetadataSink {
 public:
  MetadataSink(const erofs::Superblock& superblock, ByteSink& sink)
      : superblock_(superblock), sink_(sink) {}

  Status AppendAt(uint64_t offset, ByteSpan bytes) {
    TALLY_CHECK(offset >= offset_);
    buffer_.resize(buffer_.size() + (offset - offset_));
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    offset_ = offset + bytes.size();
    return buffer_.size() < kMetadataFlushSize ? Ok() : Flush();
  }

  Status Flush() {
    ByteSpan rest = buffer_;
    if (!first_block_written_) {
      const ByteSpan head = rest.first(erofs::kBlockSize - kMetadataStart);
      TALLY_TRY(sink_.Append(erofs::EncodeFirstBlock(superblock_, head)));
      rest = rest.subspan(head.size());
      first_block_written_ = true;
    }
    TALLY_TRY(sink_.Append(rest));
    buffer_.clear();
    return Ok();
  }

 private:
  const erofs::Superblock& superblock_;
  ByteSink& sink_;
  Bytes buffer_;
  uint64_t offset_ = kMetadataStart;
  bool first_block_written_ = false;
};

Status CheckOptions(const ErofsOptions& options) {
  if (options.volume_name.size() > 15 ||
      options.volume_name.find('\0') != std::string::npos) {
    return InputError("erofs volume name " + Quote(options.volume_name) +
                      ", expected at most 15 bytes without NUL");
  }
  if (options.build_time < 0) {
    return InputError("erofs build time " + std::to_string(options.build_time) +
                      ", expected no time before 1970");
  }
  return Ok();
}

void LinkChildren(ErofsPlan& plan) {
  const FileList& files = plan.files;
  plan.children.resize(files.size());
  // Directories that enclose the current node, outermost first. Byte order of
  // whole paths puts "a-b" between "a" and "a/c", hence a look-up by path.
  std::vector<std::pair<std::string_view, size_t>> directories;
  for (size_t i = 0; i < files.size(); ++i) {
    if (i > 0) {
      const std::string_view parent = ParentPath(files[i].path);
      const auto found = std::ranges::lower_bound(
          directories, parent, {}, &std::pair<std::string_view, size_t>::first);
      plan.children[found->second].push_back(i);
    }
    if (files[i].type == NodeType::kDirectory) {
      directories.emplace_back(files[i].path, i);
    }
  }
}

// DirectoryNames returns the names in a directory, with "." and "..", in order.
std::vector<std::string_view> DirectoryNames(const ErofsPlan& plan,
                                             size_t node) {
  std::vector<std::string_view> names = {".", ".."};
  for (const size_t child : plan.children[node]) {
    names.push_back(BaseName(plan.files[child].path));
  }
  std::ranges::sort(names);
  return names;
}

uint64_t DataSize(const ErofsPlan& plan, size_t node) {
  const FileNode& file = plan.files[node];
  switch (file.type) {
    case NodeType::kDirectory:
      return erofs::DirectorySize(DirectoryNames(plan, node));
    case NodeType::kSymlink:
      return file.symlink_target.size();
    case NodeType::kFile:
      break;
  }
  return file.content.size();
}

// PlanInode decides everything about an inode but its places.
Result<PlannedInode> PlanInode(const ErofsPlan& plan, size_t node,
                               uint32_t num_links) {
  const FileNode& file = plan.files[node];
  PlannedInode planned = {.node = node};
  TALLY_ASSIGN(planned.xattrs, erofs::EncodeXattrs(file.xattrs, file.path));
  erofs::Inode& inode = planned.inode;
  inode.xattrs_size = planned.xattrs.size();
  inode.type = file.type;
  inode.mode = file.mode;
  inode.size_bytes = DataSize(plan, node);
  inode.ino = static_cast<uint32_t>(plan.inodes.size() + 1);
  inode.uid = file.uid;
  inode.gid = file.gid;
  inode.mtime = file.mtime;
  inode.num_links = num_links;
  const uint64_t tail_size = inode.size_bytes % erofs::kBlockSize;
  if (tail_size > 0 &&
      erofs::kExtendedInodeSize + inode.xattrs_size + tail_size <=
          erofs::kBlockSize) {
    inode.layout = erofs::Layout::kInline;
  }
  return planned;
}

Status PlanInodes(ErofsPlan& plan) {
  const std::vector<uint32_t> link_counts = LinkCounts(plan.files);
  MetadataLayout metadata;
  plan.inode_of_node.resize(plan.files.size());
  for (size_t i = 0; i < plan.files.size(); ++i) {
    if (plan.files[i].hard_link_of) {
      plan.inode_of_node[i] = plan.inode_of_node[*plan.files[i].hard_link_of];
      continue;
    }
    TALLY_ASSIGN(PlannedInode planned, PlanInode(plan, i, link_counts[i]));
    planned.offset =
        metadata.Place(erofs::kExtendedInodeSize + planned.xattrs.size() +
                       planned.inode.tail_size());
    plan.inode_of_node[i] = plan.inodes.size();
    plan.inodes.push_back(std::move(planned));
  }
  plan.metadata_size = metadata.end();
  return Ok();
}

// PlaceData gives whole blocks to inodes, and returns the number of all blocks.
Result<uint32_t> PlaceData(ErofsPlan& plan) {
  uint64_t next_block = plan.metadata_size / erofs::kBlockSize;
  for (PlannedInode& planned : plan.inodes) {
    const uint64_t num_blocks = planned.inode.num_data_blocks();
    if (num_blocks == 0) continue;
    planned.inode.first_block = static_cast<uint32_t>(next_block);
    next_block += num_blocks;
    if (next_block > std::numeric_limits<uint32_t>::max()) {
      return InputError("erofs cannot hold " +
                        Quote(plan.files[planned.node].path) +
                        ": the image would exceed 4294967295 blocks");
    }
  }
  return static_cast<uint32_t>(next_block);
}

Result<ErofsPlan> MakePlan(const FileList& files, const ErofsOptions& options) {
  TALLY_TRY(CheckFileList(files));
  TALLY_TRY(CheckOptions(options));
  ErofsPlan plan = {.files = files};
  LinkChildren(plan);
  TALLY_TRY(PlanInodes(plan));
  TALLY_ASSIGN(const uint32_t num_blocks, PlaceData(plan));
  plan.superblock = {
      .root_nid = plan.inodes[0].nid(),
      .num_inodes = plan.inodes.size(),
      .build_time = static_cast<uint64_t>(options.build_time),
      .num_blocks = num_blocks,
      .uuid = options.uuid,
      .volume_name = options.volume_name,
  };
  return plan;
}

uint64_t NidOf(const ErofsPlan& plan, size_t node) {
  return plan.inodes[plan.inode_of_node[node]].nid();
}

size_t ParentNode(const ErofsPlan& plan, size_t node) {
  const std::string_view parent = ParentPath(plan.files[node].path);
  const auto found =
      std::ranges::lower_bound(plan.files, parent, {}, &FileNode::path);
  return static_cast<size_t>(found - plan.files.begin());
}

Bytes DirectoryData(const ErofsPlan& plan, size_t node) {
  std::vector<erofs::Dirent> entries = {
      {".", NidOf(plan, node), NodeType::kDirectory},
      {"..", NidOf(plan, ParentNode(plan, node)), NodeType::kDirectory}};
  for (const size_t child : plan.children[node]) {
    const FileNode& file = plan.files[child];
    entries.push_back({BaseName(file.path), NidOf(plan, child), file.type});
  }
  std::ranges::sort(entries, {}, &erofs::Dirent::name);
  return erofs::EncodeDirectory(entries);
}

// InodeData returns what is in the inode; a directory is built into `storage`.
ByteSpan InodeData(const ErofsPlan& plan, const PlannedInode& planned,
                   Bytes& storage) {
  const FileNode& file = plan.files[planned.node];
  switch (file.type) {
    case NodeType::kDirectory:
      storage = DirectoryData(plan, planned.node);
      return storage;
    case NodeType::kSymlink:
      return AsBytes(file.symlink_target);
    case NodeType::kFile:
      break;
  }
  return file.content;
}

Status WriteMetadata(const ErofsPlan& plan, ByteSink& sink) {
  std::vector<const PlannedInode*> by_offset;
  for (const PlannedInode& planned : plan.inodes) by_offset.push_back(&planned);
  std::ranges::sort(by_offset, {}, &PlannedInode::offset);
  MetadataSink metadata(plan.superblock, sink);
  for (const PlannedInode* planned : by_offset) {
    uint64_t offset = planned->offset;
    TALLY_TRY(metadata.AppendAt(offset, erofs::EncodeInode(planned->inode)));
    offset += erofs::kExtendedInodeSize;
    TALLY_TRY(metadata.AppendAt(offset, planned->xattrs));
    offset += planned->xattrs.size();
    const uint64_t tail_size = planned->inode.tail_size();
    if (tail_size == 0) continue;
    Bytes storage;
    const ByteSpan data = InodeData(plan, *planned, storage);
    TALLY_TRY(metadata.AppendAt(offset, data.last(tail_size)));
  }
  TALLY_TRY(metadata.AppendAt(plan.metadata_size, {}));
  return metadata.Flush();
}

Status WriteData(const ErofsPlan& plan, ByteSink& sink) {
  for (const PlannedInode& planned : plan.inodes) {
    const uint64_t room = planned.inode.num_data_blocks() * erofs::kBlockSize;
    if (room == 0) continue;
    Bytes storage;
    const ByteSpan data = InodeData(plan, planned, storage);
    const ByteSpan blocks = data.first(std::min<uint64_t>(room, data.size()));
    TALLY_TRY(sink.Append(blocks));
    TALLY_TRY(AppendZeros(sink, room - blocks.size()));
  }
  return Ok();
}

}  // namespace

Result<uint64_t> ErofsSize(const FileList& files, const ErofsOptions& options) {
  TALLY_ASSIGN(const ErofsPlan plan, MakePlan(files, options));
  return plan.size_bytes();
}

Status WriteErofs(const FileList& files, const ErofsOptions& options,
                  ByteSink& sink) {
  TALLY_ASSIGN(const ErofsPlan plan, MakePlan(files, options));
  TALLY_TRY(WriteMetadata(plan, sink));
  return WriteData(plan, sink);
}

}  // namespace tally
