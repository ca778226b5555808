// The structures of FAT32: boot sector, FSInfo, directory entries, dates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally::fat32 {

constexpr uint64_t kSectorSize = 512;
constexpr uint64_t kEntrySize = 32;
constexpr uint32_t kReservedSectors = 32;
constexpr uint64_t kInfoSector = 1;
constexpr uint64_t kBackupSector = 6;
constexpr uint32_t kNumFats = 2;
constexpr uint32_t kFirstCluster = 2;     // numbers 0 and 1 name no cluster
constexpr uint32_t kMinClusters = 65525;  // fewer would be FAT16
constexpr uint32_t kMaxCluster = 0x0ffffff6;
constexpr uint32_t kEndOfChain = 0x0fffffff;
constexpr uint32_t kFirstEndOfChain = 0x0ffffff8;  // and all above
constexpr uint32_t kUnknown = 0xffffffff;          // in FSInfo
constexpr uint64_t kMaxDirectoryEntries = 65536;
// Our own limits: what fits a path of the specification (260 characters with
// drive and NUL), and far more names than a system partition has.
constexpr size_t kMaxPathSize = 255;
constexpr size_t kMaxNodes = 65536;

constexpr uint8_t kReadOnly = 0x01;
constexpr uint8_t kVolumeId = 0x08;
constexpr uint8_t kDirectory = 0x10;
constexpr uint8_t kArchive = 0x20;
constexpr uint8_t kLongName = 0x0f;
constexpr size_t kLongNamePart = 13;  // characters in one entry

// BootSector has the fields that are not the same in every image.
struct BootSector {
  uint32_t sectors_per_cluster = 0;
  uint32_t reserved_sectors = kReservedSectors;
  uint32_t hidden_sectors = 0;
  uint32_t total_sectors = 0;
  uint32_t fat_sectors = 0;
  uint32_t root_cluster = kFirstCluster;
  uint32_t volume_id = 0;
  std::string label;  // padded to 11 bytes

  uint64_t cluster_size() const { return sectors_per_cluster * kSectorSize; }
  uint64_t fat_offset() const { return reserved_sectors * kSectorSize; }
  uint64_t fat_size() const { return fat_sectors * kSectorSize; }
  uint64_t data_offset() const { return fat_offset() + kNumFats * fat_size(); }
  uint64_t size_bytes() const { return total_sectors * kSectorSize; }
  uint32_t num_clusters() const {
    return static_cast<uint32_t>((size_bytes() - data_offset()) /
                                 cluster_size());
  }
  uint64_t cluster_offset(uint32_t cluster) const {
    return data_offset() + (cluster - kFirstCluster) * cluster_size();
  }
};

// SetGeometry chooses the cluster size and the size of the FATs for a volume of
// `size_bytes`, by the specification's table; other sizes are an input error.
Status SetGeometry(uint64_t size_bytes, BootSector& boot);

Bytes EncodeBootSector(const BootSector& boot);
// ParseBootSector also checks that the numbers agree with each other and that
// the volume is FAT32.
Result<BootSector> ParseBootSector(ByteSpan sector);

struct FsInfo {
  uint32_t num_free = 0;
  uint32_t next_free = 0;
};

Bytes EncodeFsInfo(const FsInfo& info);
Result<FsInfo> ParseFsInfo(ByteSpan sector);

// Timestamp is a point in time, in the three fields of a directory entry.
struct Timestamp {
  uint16_t date = 0;
  uint16_t time = 0;   // in steps of 2 s
  uint8_t tenths = 0;  // hundredths of a second that `time` lacks, to 199

  bool operator==(const Timestamp&) const = default;
};

// MakeTimestamp takes seconds since 1970 from 1980 to 2107, as UTC.
Result<Timestamp> MakeTimestamp(int64_t seconds);
Result<int64_t> TimestampSeconds(const Timestamp& timestamp);

// Entry is a directory entry that is not a part of a long name.
struct Entry {
  std::string name;  // 11 bytes
  uint8_t attributes = 0;
  uint8_t lower_case = 0;  // 0x08: the base is lower case, 0x10: the extension
  Timestamp created;
  uint16_t written_time = 0;
  uint16_t written_date = 0;
  uint32_t cluster = 0;  // the first one, or 0 for none
  uint32_t size_bytes = 0;
};

void AppendEntry(const Entry& entry, ByteWriter& writer);
Result<Entry> ParseEntry(ByteSpan bytes, uint64_t offset);

// NumLongNameEntries says how many entries a long name takes.
size_t NumLongNameEntries(std::string_view name);
void AppendLongName(std::string_view name, uint8_t checksum,
                    ByteWriter& writer);

// LongNamePart is one entry of a long name.
struct LongNamePart {
  unsigned ordinal = 0;  // from 1
  bool is_last = false;  // of the name; stands first in the directory
  uint8_t checksum = 0;
  std::string text;  // 13 characters, fewer only in the last part
};

Result<LongNamePart> ParseLongNamePart(ByteSpan bytes, uint64_t offset);

}  // namespace tally::fat32
