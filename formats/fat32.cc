// The one FAT32 image that this project makes of a list: the reserved sectors,
// both FATs, then every directory and file in list order without gaps.
#include "formats/fat32.h"

#include <iterator>
#include <map>

#include "common/check.h"
#include "common/text.h"
#include "formats/fat32_format.h"
#include "formats/fat32_names.h"

namespace tally {
namespace {

constexpr uint64_t kMebibyte = 1 << 20;
constexpr uint64_t kMaxFileSize = 0xffffffff;
constexpr size_t kFatFlushSize = 64 << 10;

// Child is one name in a directory.
struct Child {
  size_t node = 0;
  std::string short_name;  // 11 bytes
  bool has_long_name = false;
};

// Directory is the root or a directory of the list.
struct Directory {
  std::vector<Child> children;
  uint64_t num_entries = 0;
};

// Extent is what one directory or file occupies; empty files have none.
struct Extent {
  uint32_t cluster = 0;
  uint32_t num_clusters = 0;
};

struct Fat32Plan {
  const Fat32Nodes& nodes;
  // By index in the list + 1; the root is 0. For files empty.
  std::vector<Directory> directories;
  std::vector<size_t> parents;  // by index + 1 too
  std::vector<Extent> extents;  // and these
  fat32::BootSector boot;
  fat32::Timestamp time;
  uint64_t num_used = 0;  // clusters
};

// CountedSink passes on what a source appends, and no more than it announced.
class CountedSink : public ByteSink {
 public:
  CountedSink(const Fat32Node& node, ByteSink& sink)
      : node_(node), sink_(sink) {}

  Status Append(ByteSpan bytes) override {
    size_bytes_ += bytes.size();
    if (size_bytes_ > node_.size_bytes) return Mismatch();
    return sink_.Append(bytes);
  }

  Status Finish() const {
    return size_bytes_ == node_.size_bytes ? Ok() : Mismatch();
  }

 private:
  Status Mismatch() const {
    return InputError("fat32: content of " + Quote(node_.path) + " has " +
                      (size_bytes_ > node_.size_bytes ? "at least " : "") +
                      std::to_string(size_bytes_) + " bytes, expected " +
                      std::to_string(node_.size_bytes));
  }

  const Fat32Node& node_;
  ByteSink& sink_;
  uint64_t size_bytes_ = 0;
};

Status CheckNode(const Fat32Node& node) {
  if (node.path.size() > fat32::kMaxPathSize) {
    return InputError("fat32: path of " + std::to_string(node.path.size()) +
                      " bytes, the limit is 255");
  }
  const auto status = fat32::CheckName(BaseName(node.path));
  if (!status) {
    return Error(status.error()).While("adding " + Quote(node.path));
  }
  if (node.type == NodeType::kSymlink) {
    return InputError("fat32: " + Quote(node.path) +
                      " is a symlink, expected a directory or a file");
  }
  if (node.type == NodeType::kDirectory && node.size_bytes != 0) {
    return InputError("fat32: directory " + Quote(node.path) + " has a size");
  }
  if (node.size_bytes > kMaxFileSize) {
    return InputError("fat32: file " + Quote(node.path) + " has " +
                      std::to_string(node.size_bytes) +
                      " bytes, the limit is 4294967295");
  }
  return Ok();
}

// LinkNodes checks the list and finds the parent of each node.
Status LinkNodes(Fat32Plan& plan) {
  const Fat32Nodes& nodes = plan.nodes;
  if (nodes.size() > fat32::kMaxNodes) {
    return InputError("fat32: " + std::to_string(nodes.size()) +
                      " files and directories, the limit is 65536");
  }
  plan.directories.resize(nodes.size() + 1);
  plan.parents.resize(nodes.size() + 1);
  // Upper case: "A" and "a" would be the same name.
  std::map<std::string, size_t> seen;
  std::map<std::string_view, size_t> directories = {{"", 0}};
  for (size_t i = 0; i < nodes.size(); ++i) {
    const std::string& path = nodes[i].path;
    TALLY_TRY(CheckNode(nodes[i]));
    if (i > 0 && path <= nodes[i - 1].path) {
      return InputError("fat32: path " + Quote(path) + " comes after " +
                        Quote(nodes[i - 1].path) +
                        ", expected paths sorted and unique");
    }
    const auto parent = directories.find(ParentPath(path));
    if (parent == directories.end() || path.front() == '/') {
      return InputError("fat32: path " + Quote(path) +
                        " is in no directory of the list");
    }
    const auto [other, is_new] = seen.emplace(fat32::UpperCase(path), i);
    if (!is_new) {
      return InputError("fat32: names " + Quote(nodes[other->second].path) +
                        " and " + Quote(path) + " differ by case only");
    }
    plan.parents[i + 1] = parent->second;
    plan.directories[parent->second].children.push_back({.node = i});
    if (nodes[i].type == NodeType::kDirectory) directories.emplace(path, i + 1);
  }
  return Ok();
}

Status PlanDirectory(Fat32Plan& plan, size_t index) {
  Directory& directory = plan.directories[index];
  std::vector<std::string_view> names;
  for (const Child& child : directory.children) {
    names.push_back(BaseName(plan.nodes[child.node].path));
  }
  TALLY_ASSIGN(const auto short_names, fat32::ShortNames(names));
  // The volume label in the root, "." and ".." elsewhere.
  directory.num_entries = index == 0 ? 1 : 2;
  for (size_t i = 0; i < names.size(); ++i) {
    Child& child = directory.children[i];
    child.short_name = short_names[i];
    child.has_long_name = fat32::ShortName(names[i]).empty();
    directory.num_entries +=
        1 + (child.has_long_name ? fat32::NumLongNameEntries(names[i]) : 0);
  }
  if (directory.num_entries > fat32::kMaxDirectoryEntries) {
    const std::string path = index == 0 ? "" : plan.nodes[index - 1].path;
    return InputError("fat32: directory " + Quote(path) + " has " +
                      std::to_string(directory.num_entries) +
                      " entries, the limit is 65536");
  }
  return Ok();
}

bool IsDirectory(const Fat32Plan& plan, size_t index) {
  return index == 0 || plan.nodes[index - 1].type == NodeType::kDirectory;
}

uint64_t DataSize(const Fat32Plan& plan, size_t index) {
  if (!IsDirectory(plan, index)) return plan.nodes[index - 1].size_bytes;
  return plan.directories[index].num_entries * fat32::kEntrySize;
}

uint64_t NumClusters(const Fat32Plan& plan, uint64_t cluster_size) {
  uint64_t total = 0;  // at most 65537 times 2^32 bytes: no overflow
  for (size_t i = 0; i < plan.directories.size(); ++i) {
    total += AlignUp(DataSize(plan, i), cluster_size) / cluster_size;
  }
  return total;
}

bool Fits(const Fat32Plan& plan) {
  return NumClusters(plan, plan.boot.cluster_size()) <=
         plan.boot.num_clusters();
}

// SetSize takes the given size, or finds the smallest one that has room.
Status SetSize(Fat32Plan& plan, const Fat32Options& options) {
  if (options.size_bytes) {
    TALLY_TRY(fat32::SetGeometry(*options.size_bytes, plan.boot));
    if (Fits(plan)) return Ok();
    return InputError(
        "fat32: the files need " +
        std::to_string(NumClusters(plan, plan.boot.cluster_size())) +
        " clusters of " + std::to_string(plan.boot.cluster_size()) +
        " bytes, a volume of " + std::to_string(*options.size_bytes) +
        " bytes has " + std::to_string(plan.boot.num_clusters()));
  }
  // In MiB, where the cluster size changes. Between two of them a larger volume
  // holds more, hence the search by halves.
  constexpr uint64_t kRowEnds[] = {32, 260, 8192, 16384, 32768, 2097151};
  for (size_t row = 1; row < std::size(kRowEnds); ++row) {
    uint64_t low = kRowEnds[row - 1] + 1;
    uint64_t high = kRowEnds[row];
    TALLY_TRY(fat32::SetGeometry(high * kMebibyte, plan.boot));
    if (!Fits(plan)) continue;
    while (low < high) {
      const uint64_t middle = (low + high) / 2;
      TALLY_TRY(fat32::SetGeometry(middle * kMebibyte, plan.boot));
      if (Fits(plan)) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return fat32::SetGeometry(high * kMebibyte, plan.boot);
  }
  return InputError("fat32: the files do not fit into 2 TiB");
}

void PlaceExtents(Fat32Plan& plan) {
  plan.extents.resize(plan.directories.size());
  uint32_t next = fat32::kFirstCluster;
  for (size_t i = 0; i < plan.extents.size(); ++i) {
    const uint64_t cluster_size = plan.boot.cluster_size();
    const auto num_clusters = static_cast<uint32_t>(
        AlignUp(DataSize(plan, i), cluster_size) / cluster_size);
    if (num_clusters == 0) continue;
    plan.extents[i] = {.cluster = next, .num_clusters = num_clusters};
    next += num_clusters;
  }
  plan.num_used = next - fat32::kFirstCluster;
}

Result<Fat32Plan> MakePlan(const Fat32Nodes& nodes,
                           const Fat32Options& options) {
  Fat32Plan plan = {.nodes = nodes};
  TALLY_TRY(fat32::CheckLabel(options.volume_label));
  TALLY_ASSIGN(plan.time, fat32::MakeTimestamp(options.time));
  const uint64_t hidden_sectors = options.partition_offset / fat32::kSectorSize;
  if (options.partition_offset % fat32::kSectorSize != 0 ||
      hidden_sectors > 0xffffffff) {
    return InputError("fat32: partition offset " +
                      std::to_string(options.partition_offset) +
                      ", expected a multiple of 512 below 2 TiB");
  }
  plan.boot.hidden_sectors = static_cast<uint32_t>(hidden_sectors);
  plan.boot.volume_id = options.volume_id;
  plan.boot.label = options.volume_label;
  plan.boot.label.resize(11, ' ');
  TALLY_TRY(LinkNodes(plan));
  for (size_t i = 0; i < plan.directories.size(); ++i) {
    if (IsDirectory(plan, i)) TALLY_TRY(PlanDirectory(plan, i));
  }
  TALLY_TRY(SetSize(plan, options));
  PlaceExtents(plan);
  return plan;
}

Status WriteReserved(const Fat32Plan& plan, ByteSink& sink) {
  const uint64_t num_free = plan.boot.num_clusters() - plan.num_used;
  const uint64_t next_free =
      num_free == 0 ? fat32::kUnknown : fat32::kFirstCluster + plan.num_used;
  const Bytes boot = fat32::EncodeBootSector(plan.boot);
  const Bytes info =
      fat32::EncodeFsInfo({.num_free = static_cast<uint32_t>(num_free),
                           .next_free = static_cast<uint32_t>(next_free)});
  ByteWriter writer;
  writer.Raw(boot).Raw(info);
  writer.ZerosUntil(fat32::kBackupSector * fat32::kSectorSize);
  writer.Raw(boot).Raw(info);
  writer.ZerosUntil(plan.boot.fat_offset());
  return sink.Append(writer.bytes());
}

Status WriteFat(const Fat32Plan& plan, ByteSink& sink) {
  ByteWriter writer;
  writer.U32Le(0x0ffffff8);          // the media byte
  writer.U32Le(fat32::kEndOfChain);  // unmounted cleanly, no error
  uint64_t written = 0;
  for (const Extent& extent : plan.extents) {
    for (uint32_t i = 1; i <= extent.num_clusters; ++i) {
      writer.U32Le(i == extent.num_clusters ? fat32::kEndOfChain
                                            : extent.cluster + i);
      if (writer.size() < kFatFlushSize) continue;
      TALLY_TRY(sink.Append(writer.bytes()));
      written += writer.size();
      writer = ByteWriter();
    }
  }
  TALLY_TRY(sink.Append(writer.bytes()));
  written += writer.size();
  return AppendZeros(sink, plan.boot.fat_size() - written);
}

Bytes EncodeDirectory(const Fat32Plan& plan, size_t index) {
  ByteWriter writer;
  const auto append = [&](std::string name, uint8_t attributes,
                          uint32_t cluster, uint64_t size_bytes) {
    name.resize(11, ' ');
    fat32::AppendEntry({.name = std::move(name),
                        .attributes = attributes,
                        .created = plan.time,
                        .written_time = plan.time.time,
                        .written_date = plan.time.date,
                        .cluster = cluster,
                        .size_bytes = static_cast<uint32_t>(size_bytes)},
                       writer);
  };
  if (index == 0) {
    append(plan.boot.label, fat32::kVolumeId, 0, 0);
  } else {
    // The root has number 0 here, wherever it lies.
    const size_t parent = plan.parents[index];
    append(".", fat32::kDirectory, plan.extents[index].cluster, 0);
    append("..", fat32::kDirectory,
           parent == 0 ? 0 : plan.extents[parent].cluster, 0);
  }
  for (const Child& child : plan.directories[index].children) {
    const Fat32Node& node = plan.nodes[child.node];
    if (child.has_long_name) {
      fat32::AppendLongName(BaseName(node.path),
                            fat32::ShortNameChecksum(child.short_name), writer);
    }
    append(
        child.short_name,
        IsDirectory(plan, child.node + 1) ? fat32::kDirectory : fat32::kArchive,
        plan.extents[child.node + 1].cluster, node.size_bytes);
  }
  return std::move(writer).Take();
}

Status WriteData(const Fat32Plan& plan, const Fat32Source& source,
                 ByteSink& sink) {
  for (size_t i = 0; i < plan.extents.size(); ++i) {
    const Extent& extent = plan.extents[i];
    if (extent.num_clusters == 0) continue;
    if (IsDirectory(plan, i)) {
      TALLY_TRY(sink.Append(EncodeDirectory(plan, i)));
    } else {
      CountedSink counted(plan.nodes[i - 1], sink);
      TALLY_TRY(source(i - 1, counted));
      TALLY_TRY(counted.Finish());
    }
    TALLY_TRY(AppendZeros(sink, extent.num_clusters * plan.boot.cluster_size() -
                                    DataSize(plan, i)));
  }
  return AppendZeros(sink, plan.boot.size_bytes() - plan.boot.data_offset() -
                               plan.num_used * plan.boot.cluster_size());
}

}  // namespace

Result<uint64_t> Fat32Size(const Fat32Nodes& nodes,
                           const Fat32Options& options) {
  TALLY_ASSIGN(const Fat32Plan plan, MakePlan(nodes, options));
  return plan.boot.size_bytes();
}

Status WriteFat32(const Fat32Nodes& nodes, const Fat32Options& options,
                  const Fat32Source& source, ByteSink& sink) {
  TALLY_ASSIGN(const Fat32Plan plan, MakePlan(nodes, options));
  TALLY_TRY(WriteReserved(plan, sink));
  for (uint32_t i = 0; i < fat32::kNumFats; ++i)
    TALLY_TRY(WriteFat(plan, sink));
  return WriteData(plan, source, sink);
}

}  // namespace tally
