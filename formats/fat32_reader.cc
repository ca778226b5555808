// Reads FAT32 images. Every cluster is visited at most once and every allocated
// one exactly once: so no chain has a loop, and the work and the memory are
// bounded by the image's size and the limit on names.
#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "common/text.h"
#include "formats/fat32.h"
#include "formats/fat32_directory.h"
#include "formats/fat32_format.h"
#include "formats/fat32_names.h"

namespace tally {
namespace {

// Volume is the image with its FAT, and which clusters were already read.
class Volume {
 public:
  Volume(ByteSpan image, fat32::BootSector boot)
      : image_(image), boot_(std::move(boot)), seen_(boot_.num_clusters()) {}

  const fat32::BootSector& boot() const { return boot_; }

  Status CheckReserved();
  // CheckAllClustersSeen also refuses a wrong number of free ones.
  Status CheckAllClustersSeen() const;

  // Content returns the data of the chain from `cluster`, whole clusters. Data
  // that is not in one piece goes to `joined`.
  Result<ByteSpan> Content(uint32_t cluster, std::string_view path,
                           std::vector<Bytes>& joined);

 private:
  Result<std::vector<uint32_t>> Chain(uint32_t cluster, std::string_view path);
  uint32_t FatEntry(uint32_t cluster) const;

  ByteSpan image_;
  fat32::BootSector boot_;
  uint32_t num_free_ = 0;   // as FSInfo says
  std::vector<bool> seen_;  // by cluster - 2
};

uint32_t Volume::FatEntry(uint32_t cluster) const {
  ByteReader reader("fat32 FAT",
                    image_.subspan(boot_.fat_offset() + cluster * 4ull, 4));
  return reader.U32Le("entry");
}

Status Volume::CheckReserved() {
  const ByteSpan backup = image_.subspan(
      fat32::kBackupSector * fat32::kSectorSize, fat32::kSectorSize);
  if (!std::ranges::equal(image_.first(fat32::kSectorSize), backup)) {
    return InputError(
        "fat32: the backup at 0xc00 is not a copy of the boot sector");
  }
  const ByteSpan fats =
      image_.subspan(boot_.fat_offset(), 2 * boot_.fat_size());
  if (!std::ranges::equal(fats.first(boot_.fat_size()),
                          fats.subspan(boot_.fat_size()))) {
    return InputError("fat32: the two FATs differ");
  }
  const uint32_t media = FatEntry(0);
  const uint32_t flags = FatEntry(1);
  if (media != 0x0ffffff8 || (flags & 0x0ffffff8) != 0x0ffffff8) {
    return InputError("fat32: the FAT begins with " + HexNumber(media) + " " +
                      HexNumber(flags) +
                      ", expected 0xffffff8 0xfffffff: not unmounted cleanly");
  }
  TALLY_ASSIGN(
      const fat32::FsInfo info,
      fat32::ParseFsInfo(image_.subspan(fat32::kInfoSector * fat32::kSectorSize,
                                        fat32::kSectorSize)));
  num_free_ = info.num_free;
  return Ok();
}

Status Volume::CheckAllClustersSeen() const {
  ByteReader fat("fat32 FAT", image_.subspan(boot_.fat_offset()));
  fat.Skip("FAT[0] and FAT[1]", 8);
  uint32_t num_free = 0;
  for (uint32_t i = 0; i < boot_.num_clusters(); ++i) {
    const uint32_t entry = fat.U32Le("entry");
    if (seen_[i]) continue;
    if (entry != 0) {
      return InputError("fat32: cluster " +
                        std::to_string(i + fat32::kFirstCluster) +
                        " is allocated, but belongs to no file");
    }
    ++num_free;
  }
  if (num_free != num_free_) {
    return InputError("fat32 FSInfo: FSI_Free_Count is " +
                      std::to_string(num_free_) + ", but " +
                      std::to_string(num_free) + " clusters are free");
  }
  return Ok();
}

Result<std::vector<uint32_t>> Volume::Chain(uint32_t cluster,
                                            std::string_view path) {
  std::vector<uint32_t> chain;
  const auto is_end = [](uint32_t entry) {
    return entry >= fat32::kFirstEndOfChain && entry <= fat32::kEndOfChain;
  };
  for (uint32_t at = cluster; !is_end(at); at = FatEntry(at)) {
    const bool exists = at >= fat32::kFirstCluster &&
                        at - fat32::kFirstCluster < boot_.num_clusters();
    if (!exists || seen_[at - fat32::kFirstCluster]) {
      return InputError(
          "fat32: " + Quote(path) + " has cluster " + std::to_string(at) +
          (exists ? ", which was already used"
                  : ", expected 2 to " +
                        std::to_string(boot_.num_clusters() + 1)));
    }
    seen_[at - fat32::kFirstCluster] = true;
    chain.push_back(at);
  }
  return chain;
}

Result<ByteSpan> Volume::Content(uint32_t cluster, std::string_view path,
                                 std::vector<Bytes>& joined) {
  TALLY_ASSIGN(const auto chain, Chain(cluster, path));
  if (chain.empty()) {
    return InputError("fat32: " + Quote(path) + " has no cluster");
  }
  std::vector<uint32_t> in_one_piece(chain.size());
  std::iota(in_one_piece.begin(), in_one_piece.end(), chain.front());
  if (chain == in_one_piece) {
    return image_.subspan(boot_.cluster_offset(chain.front()),
                          chain.size() * boot_.cluster_size());
  }
  Bytes content;
  for (const uint32_t at : chain) {
    const ByteSpan part =
        image_.subspan(boot_.cluster_offset(at), boot_.cluster_size());
    content.insert(content.end(), part.begin(), part.end());
  }
  joined.push_back(std::move(content));
  return ByteSpan(joined.back());
}

// ImageReader walks the tree from the root.
class ImageReader {
 public:
  explicit ImageReader(Volume& volume) : volume_(volume) {}

  Result<Fat32Image> Read();

 private:
  struct Pending {
    std::string path;
    uint32_t cluster = 0;
    uint32_t parent_cluster = 0;  // 0 for the root
  };

  Status ReadDirectory(const Pending& directory);
  Status TakeDots(const Pending& directory, std::vector<fat32::Named>& entries);
  Status TakeLabel(std::vector<fat32::Named>& entries);
  Status AddNode(const Pending& directory, const fat32::Named& named);
  void Sort();

  Volume& volume_;
  Fat32Image image_;
  std::vector<Pending> pending_;
};

Status ImageReader::TakeLabel(std::vector<fat32::Named>& entries) {
  const auto label =
      std::ranges::find_if(entries, [](const fat32::Named& named) {
        return (named.entry.attributes & fat32::kVolumeId) != 0;
      });
  if (label == entries.end()) {
    return InputError("fat32: the root has no volume label");
  }
  const fat32::Entry& entry = label->entry;
  if (entry.name != volume_.boot().label || entry.cluster != 0 ||
      entry.size_bytes != 0) {
    return InputError("fat32: the root has the volume label " +
                      Quote(entry.name) + ", the boot sector " +
                      Quote(volume_.boot().label));
  }
  std::string text = entry.name;
  text.resize(text.find_last_not_of(' ') + 1);
  TALLY_TRY(fat32::CheckLabel(text));
  image_.options.volume_label = std::move(text);
  // Some programs give a label no time of creation.
  TALLY_ASSIGN(image_.options.time,
               fat32::TimestampSeconds(
                   entry.created.date != 0
                       ? entry.created
                       : fat32::Timestamp{.date = entry.written_date,
                                          .time = entry.written_time}));
  entries.erase(label);
  return Ok();
}

Status ImageReader::TakeDots(const Pending& directory,
                             std::vector<fat32::Named>& entries) {
  const auto is_dot = [&](size_t i, std::string_view name, uint32_t cluster) {
    return i < entries.size() && entries[i].entry.name == name &&
           entries[i].entry.attributes == fat32::kDirectory &&
           entries[i].entry.cluster == cluster &&
           entries[i].entry.size_bytes == 0;
  };
  if (!is_dot(0, ".          ", directory.cluster) ||
      !is_dot(1, "..         ", directory.parent_cluster)) {
    return InputError("fat32: directory " + Quote(directory.path) +
                      " does not begin with '.' and '..'");
  }
  entries.erase(entries.begin(), entries.begin() + 2);
  return Ok();
}

Status ImageReader::AddNode(const Pending& directory,
                            const fat32::Named& named) {
  const fat32::Entry& entry = named.entry;
  const bool is_root = directory.path.empty();
  const std::string path = (is_root ? "" : directory.path + "/") + named.name;
  if (path.size() > fat32::kMaxPathSize ||
      image_.nodes.size() >= fat32::kMaxNodes) {
    return InputError("fat32: " + Quote(path) +
                      " has over 255 bytes or is not among the first 65536 "
                      "files and directories");
  }
  Fat32Node node = {.path = path, .size_bytes = entry.size_bytes};
  ByteSpan content;
  if (named.is_directory()) {
    node.type = NodeType::kDirectory;
    pending_.push_back({path, entry.cluster, is_root ? 0 : directory.cluster});
  } else if (entry.cluster != 0) {
    TALLY_ASSIGN(content,
                 volume_.Content(entry.cluster, path, image_.joined_contents));
  }
  const uint64_t cluster_size = volume_.boot().cluster_size();
  if (AlignUp(node.size_bytes, cluster_size) != content.size()) {
    return InputError("fat32: " + Quote(path) + " has DIR_FileSize " +
                      std::to_string(node.size_bytes) + ", but " +
                      std::to_string(content.size() / cluster_size) +
                      " clusters of " + std::to_string(cluster_size) +
                      " bytes");
  }
  image_.contents.push_back(content.first(node.size_bytes));
  image_.nodes.push_back(std::move(node));
  return Ok();
}

Status ImageReader::ReadDirectory(const Pending& directory) {
  std::vector<Bytes> joined;
  TALLY_ASSIGN(const ByteSpan bytes,
               volume_.Content(directory.cluster, directory.path, joined));
  if (bytes.size() > fat32::kMaxDirectoryEntries * fat32::kEntrySize) {
    return InputError("fat32: directory " + Quote(directory.path) + " has " +
                      std::to_string(bytes.size()) +
                      " bytes, the limit is 2097152");
  }
  TALLY_ASSIGN(std::vector<fat32::Named> entries, fat32::ParseDirectory(bytes));
  TALLY_TRY(directory.path.empty() ? TakeLabel(entries)
                                   : TakeDots(directory, entries));
  std::set<std::string> names;
  for (const fat32::Named& named : entries) {
    if (named.name.empty()) {
      return InputError("fat32: directory " + Quote(directory.path) +
                        " has a second label, '.' or '..'");
    }
    // Its name and its alias may be the same; two entries may share nothing.
    const std::string alias = fat32::ShortNameText(named.entry.name);
    const std::string upper = fat32::UpperCase(named.name);
    if (!names.insert(upper).second ||
        (alias != upper && !names.insert(alias).second)) {
      return InputError("fat32: directory " + Quote(directory.path) +
                        " has the name " + Quote(named.name) + " twice");
    }
    TALLY_TRY(AddNode(directory, named));
  }
  return Ok();
}

void ImageReader::Sort() {
  std::vector<size_t> order(image_.nodes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [this](size_t i) -> const std::string& {
    return image_.nodes[i].path;
  });
  Fat32Nodes nodes;
  std::vector<ByteSpan> contents;
  for (const size_t i : order) {
    nodes.push_back(std::move(image_.nodes[i]));
    contents.push_back(image_.contents[i]);
  }
  image_.nodes = std::move(nodes);
  image_.contents = std::move(contents);
}

Result<Fat32Image> ImageReader::Read() {
  const fat32::BootSector& boot = volume_.boot();
  image_.options.volume_id = boot.volume_id;
  image_.options.partition_offset = boot.hidden_sectors * fat32::kSectorSize;
  image_.options.size_bytes = boot.size_bytes();
  pending_.push_back({"", boot.root_cluster, 0});
  while (!pending_.empty()) {
    const Pending directory = std::move(pending_.back());
    pending_.pop_back();
    const auto status = ReadDirectory(directory);
    if (!status) {
      return Error(status.error())
          .While("reading directory " + Quote(directory.path));
    }
  }
  TALLY_TRY(volume_.CheckAllClustersSeen());
  Sort();
  return std::move(image_);
}

}  // namespace

Result<Fat32Image> ReadFat32(ByteSpan image) {
  TALLY_ASSIGN(fat32::BootSector boot,
               fat32::ParseBootSector(image.first(
                   std::min<uint64_t>(image.size(), fat32::kSectorSize))));
  if (boot.size_bytes() != image.size()) {
    return InputError("fat32: image has " + std::to_string(image.size()) +
                      " bytes, its boot sector says " +
                      std::to_string(boot.size_bytes()));
  }
  Volume volume(image, std::move(boot));
  TALLY_TRY(volume.CheckReserved());
  return ImageReader(volume).Read();
}

}  // namespace tally
