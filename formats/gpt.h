// GUID partition tables: UEFI 2.10, chapter 5. See docs/formats/gpt.md.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/uuid.h"

namespace tally {

inline constexpr uint64_t kGptSectorSize = 512;
// Where PlanGpt puts the first partition.
inline constexpr uint64_t kGptFirstPartition = 1 << 20;

// Partition types of the Discoverable Partitions Specification (UAPI.2, section
// "Partition Names"): root file system and its verity data.
// SD_GPT_ROOT_X86_64, 4f68bce3-e8cd-4db1-96e7-fbcaf984b709
inline constexpr Uuid kGptRootX86_64 = {{0x4f, 0x68, 0xbc, 0xe3, 0xe8, 0xcd,
                                         0x4d, 0xb1, 0x96, 0xe7, 0xfb, 0xca,
                                         0xf9, 0x84, 0xb7, 0x09}};
// SD_GPT_ROOT_X86_64_VERITY, 2c7357ed-ebd2-46d9-aec1-23d437ec2bf5
inline constexpr Uuid kGptRootVerityX86_64 = {
    {0x2c, 0x73, 0x57, 0xed, 0xeb, 0xd2, 0x46, 0xd9, 0xae, 0xc1, 0x23, 0xd4,
     0x37, 0xec, 0x2b, 0xf5}};
// SD_GPT_ROOT_ARM64, b921b045-1df0-41c3-af44-4c6f280d3fae
inline constexpr Uuid kGptRootArm64 = {{0xb9, 0x21, 0xb0, 0x45, 0x1d, 0xf0,
                                        0x41, 0xc3, 0xaf, 0x44, 0x4c, 0x6f,
                                        0x28, 0x0d, 0x3f, 0xae}};
// SD_GPT_ROOT_ARM64_VERITY, df3300ce-d69f-4c92-978c-9bfb0f38d820
inline constexpr Uuid kGptRootVerityArm64 = {
    {0xdf, 0x33, 0x00, 0xce, 0xd6, 0x9f, 0x4c, 0x92, 0x97, 0x8c, 0x9b, 0xfb,
     0x0f, 0x38, 0xd8, 0x20}};
// EFI system partition (UEFI 2.10, table 5.7),
// c12a7328-f81f-11d2-ba4b-00a0c93ec93b
inline constexpr Uuid kGptEfiSystem = {{0xc1, 0x2a, 0x73, 0x28, 0xf8, 0x1f,
                                        0x11, 0xd2, 0xba, 0x4b, 0x00, 0xa0,
                                        0xc9, 0x3e, 0xc9, 0x3b}};

// Linux file system data (Discoverable Partitions Specification, "Generic Linux
// Data Partition"), 0fc63daf-8483-4772-8e79-3d69d8477de4
inline constexpr Uuid kGptLinuxData = {{0x0f, 0xc6, 0x3d, 0xaf, 0x84, 0x83,
                                        0x47, 0x72, 0x8e, 0x79, 0x3d, 0x69,
                                        0xd8, 0x47, 0x7d, 0xe4}};

// Attribute bits of the Discoverable Partitions Specification.
inline constexpr uint64_t kGptReadOnly = uint64_t{1} << 60;

struct GptPartition {
  Uuid type_guid;
  Uuid unique_guid;
  std::string name;         // UTF-8; at most 36 UTF-16 code units
  uint64_t size_bytes = 0;  // a multiple of 512, not zero
  uint64_t attributes = 0;

  bool operator==(const GptPartition&) const = default;
};

// GptPlan says where everything goes. The caller streams `primary`, then for
// each partition zeros up to its offset and its data, then zeros up to
// backup_offset and `backup`.
struct GptPlan {
  Bytes primary;  // protective MBR, header, entries: offset 0
  std::vector<uint64_t> partition_offsets;  // bytes, multiples of 1 MiB
  uint64_t backup_offset = 0;               // bytes
  Bytes backup;                             // entries, header
  uint64_t size_bytes = 0;                  // of the disk, a multiple of 1 MiB
};

// PlanGpt lays out the partitions in the given order, each from the next 1 MiB
// boundary. At most 128 partitions; GUIDs must be non-zero and unique.
Result<GptPlan> PlanGpt(const Uuid& disk_guid,
                        const std::vector<GptPartition>& partitions);

// WriteGptDisk writes the whole disk: the tables, and `contents`, one for each
// partition and no larger than it.
Status WriteGptDisk(const GptPlan& plan, const std::vector<ByteSpan>& contents,
                    ByteSink& sink);

// Gpt is a partition table as read from a disk.
struct Gpt {
  Uuid disk_guid;
  std::vector<GptPartition> partitions;
  std::vector<uint64_t> partition_offsets;  // bytes
};

// ParseGpt reads the table of a whole disk image with 512-byte sectors. Both
// copies must be intact and agree, with partitions in order of position, inside
// the usable area and apart.
Result<Gpt> ParseGpt(ByteSpan disk);

}  // namespace tally
