// UEFI 2.10, sections 5.2.3 (protective MBR), 5.3.2 (header), 5.3.3 (entries).
#include "formats/gpt.h"

#include <algorithm>
#include <limits>
#include <set>

#include "common/check.h"
#include "common/text.h"
#include "formats/crc32.h"
#include "formats/gpt_names.h"

namespace tally {
namespace {

constexpr std::string_view kGptSignature = "EFI PART";
constexpr uint32_t kRevision = 0x00010000;
constexpr uint32_t kGptHeaderSize = 92;
constexpr uint64_t kNumEntries = 128;
constexpr uint64_t kGptEntrySize = 128;
constexpr uint64_t kEntriesSize = kNumEntries * kGptEntrySize;
constexpr uint64_t kEntriesSectors = kEntriesSize / kGptSectorSize;
constexpr uint64_t kPrimaryHeaderLba = 1;
constexpr uint64_t kPrimaryEntriesLba = 2;
constexpr uint64_t kFirstUsableLba = kPrimaryEntriesLba + kEntriesSectors;
constexpr uint64_t kBackupSectors = kEntriesSectors + 1;
constexpr uint64_t kPartitionAlignment = 1 << 20;
constexpr uint64_t kMaxDiskSize = uint64_t{1} << 62;  // sums cannot overflow

struct GptHeader {
  uint64_t my_lba = 0;
  uint64_t alternate_lba = 0;
  uint64_t first_usable_lba = 0;
  uint64_t last_usable_lba = 0;
  Uuid disk_guid;
  uint64_t entries_lba = 0;
  uint32_t entries_crc = 0;

  bool operator==(const GptHeader&) const = default;
};

Bytes EncodeHeader(const GptHeader& header, uint32_t crc) {
  ByteWriter writer;
  writer.Text(kGptSignature);               // 0x00 Signature
  writer.U32Le(kRevision);                  // 0x08 Revision
  writer.U32Le(kGptHeaderSize);             // 0x0c HeaderSize
  writer.U32Le(crc);                        // 0x10 HeaderCRC32
  writer.U32Le(0);                          // 0x14 Reserved
  writer.U64Le(header.my_lba);              // 0x18 MyLBA
  writer.U64Le(header.alternate_lba);       // 0x20 AlternateLBA
  writer.U64Le(header.first_usable_lba);    // 0x28 FirstUsableLBA
  writer.U64Le(header.last_usable_lba);     // 0x30 LastUsableLBA
  writer.Raw(GuidBytes(header.disk_guid));  // 0x38 DiskGUID
  writer.U64Le(header.entries_lba);         // 0x48 PartitionEntryLBA
  writer.U32Le(kNumEntries);                // 0x50 NumberOfPartitionEntries
  writer.U32Le(kGptEntrySize);              // 0x54 SizeOfPartitionEntry
  writer.U32Le(header.entries_crc);         // 0x58 PartitionEntryArrayCRC32
  return std::move(writer).Take();
}

// EncodeHeaderSector returns the header with its checksum, which is computed
// with the field itself zero, and zeros up to a sector.
Bytes EncodeHeaderSector(const GptHeader& header) {
  Bytes sector = EncodeHeader(header, Crc32(EncodeHeader(header, 0)));
  sector.resize(kGptSectorSize);
  return sector;
}

Bytes EncodeProtectiveMbr(uint64_t num_sectors) {
  const uint64_t covered =
      std::min<uint64_t>(num_sectors - 1, std::numeric_limits<uint32_t>::max());
  ByteWriter writer;
  writer.ZerosUntil(446);                        // BootCode, no signature
  writer.U8(0x00);                               // BootIndicator
  writer.U8(0x00).U8(0x02).U8(0x00);             // StartingCHS
  writer.U8(0xee);                               // OSType: GPT Protective
  writer.U8(0xff).U8(0xff).U8(0xff);             // EndingCHS
  writer.U32Le(1);                               // StartingLBA
  writer.U32Le(static_cast<uint32_t>(covered));  // SizeInLBA
  writer.ZerosUntil(510);                        // three empty records
  writer.U8(0x55).U8(0xaa);                      // Signature
  return std::move(writer).Take();
}

Status CheckPartitions(const Uuid& disk_guid,
                       const std::vector<GptPartition>& partitions) {
  if (partitions.size() > kNumEntries) {
    return InputError("gpt: " + std::to_string(partitions.size()) +
                      " partitions, the limit is 128");
  }
  std::set<Uuid> guids = {Uuid{}, disk_guid};
  if (guids.size() != 2) return InputError("gpt: the disk GUID is zero");
  uint64_t total_size = 0;
  for (const GptPartition& partition : partitions) {
    const std::string what = "gpt: partition " + Quote(partition.name);
    if (partition.type_guid == Uuid{}) {
      return InputError(what + " has a type GUID of zero");
    }
    if (!guids.insert(partition.unique_guid).second) {
      return InputError(what + " has GUID " +
                        FormatUuid(partition.unique_guid) +
                        ", which is zero or not unique");
    }
    if (partition.size_bytes == 0 ||
        partition.size_bytes % kGptSectorSize != 0 ||
        partition.size_bytes > kMaxDiskSize - total_size) {
      return InputError(what + " has " + std::to_string(partition.size_bytes) +
                        " bytes, expected a positive multiple of 512");
    }
    total_size += partition.size_bytes;
  }
  return Ok();
}

Result<Bytes> EncodeEntries(const std::vector<GptPartition>& partitions,
                            const std::vector<uint64_t>& offsets) {
  ByteWriter writer;
  for (size_t i = 0; i < partitions.size(); ++i) {
    const GptPartition& partition = partitions[i];
    TALLY_ASSIGN(const Bytes name, EncodeGptName(partition.name));
    const uint64_t first_lba = offsets[i] / kGptSectorSize;
    const uint64_t last_lba =
        first_lba + partition.size_bytes / kGptSectorSize - 1;
    writer.Raw(GuidBytes(partition.type_guid));    // 0x00 PartitionTypeGUID
    writer.Raw(GuidBytes(partition.unique_guid));  // 0x10 UniquePartitionGUID
    writer.U64Le(first_lba);                       // 0x20 StartingLBA
    writer.U64Le(last_lba);                        // 0x28 EndingLBA
    writer.U64Le(partition.attributes);            // 0x30 Attributes
    writer.Raw(name);                              // 0x38 PartitionName
  }
  writer.ZerosUntil(kEntriesSize);
  return std::move(writer).Take();
}

GptHeader PrimaryHeader(const Uuid& disk_guid, uint64_t num_sectors,
                        ByteSpan entries) {
  return {.my_lba = kPrimaryHeaderLba,
          .alternate_lba = num_sectors - 1,
          .first_usable_lba = kFirstUsableLba,
          .last_usable_lba = num_sectors - 1 - kBackupSectors,
          .disk_guid = disk_guid,
          .entries_lba = kPrimaryEntriesLba,
          .entries_crc = Crc32(entries)};
}

// BackupOf returns the header that must stand in the last sector.
GptHeader BackupOf(const GptHeader& primary) {
  GptHeader backup = primary;
  std::swap(backup.my_lba, backup.alternate_lba);
  backup.entries_lba = backup.my_lba - kEntriesSectors;
  return backup;
}

Result<GptHeader> ParseHeader(ByteSpan sector, uint64_t offset) {
  ByteReader reader("gpt header", sector, offset);
  GptHeader header;
  const std::string_view signature = AsText(reader.Take("Signature", 8));
  if (signature != kGptSignature) {
    reader.Fail("Signature",
                "found " + Quote(signature) + ", expected 'EFI PART'");
  }
  const auto expect = [&reader](std::string_view field, uint64_t expected) {
    const uint32_t found = reader.U32Le(field);
    if (found != expected) {
      reader.Fail(field, "found " + HexNumber(found) + ", expected " +
                             HexNumber(expected));
    }
  };
  expect("Revision", kRevision);
  expect("HeaderSize", kGptHeaderSize);
  const uint32_t crc = reader.U32Le("HeaderCRC32");
  reader.Zeros("Reserved", 4);
  header.my_lba = reader.U64Le("MyLBA");
  header.alternate_lba = reader.U64Le("AlternateLBA");
  header.first_usable_lba = reader.U64Le("FirstUsableLBA");
  header.last_usable_lba = reader.U64Le("LastUsableLBA");
  header.disk_guid = UuidFromGuidBytes(reader.Array<16>("DiskGUID"));
  header.entries_lba = reader.U64Le("PartitionEntryLBA");
  expect("NumberOfPartitionEntries", kNumEntries);
  expect("SizeOfPartitionEntry", kGptEntrySize);
  header.entries_crc = reader.U32Le("PartitionEntryArrayCRC32");
  reader.Zeros("padding", reader.remaining());
  TALLY_TRY(reader.Finish());
  const uint32_t computed = Crc32(EncodeHeader(header, 0));
  if (computed != crc) {
    return InputError("gpt header: HeaderCRC32 at " + HexNumber(offset + 16) +
                      ": found " + HexNumber(crc) + ", but the header has " +
                      HexNumber(computed));
  }
  return header;
}

Status ParseEntry(ByteSpan bytes, uint64_t offset, const GptHeader& header,
                  uint64_t& next_free_lba, Gpt& gpt) {
  ByteReader reader("gpt entry", bytes, offset);
  GptPartition partition;
  partition.type_guid =
      UuidFromGuidBytes(reader.Array<16>("PartitionTypeGUID"));
  if (partition.type_guid == Uuid{}) {
    reader.Zeros("unused entry", reader.remaining());
    return reader.Finish();
  }
  partition.unique_guid =
      UuidFromGuidBytes(reader.Array<16>("UniquePartitionGUID"));
  const uint64_t first_lba = reader.U64Le("StartingLBA");
  const uint64_t last_lba = reader.U64Le("EndingLBA");
  if (first_lba < next_free_lba || last_lba < first_lba ||
      last_lba > header.last_usable_lba) {
    reader.Fail("EndingLBA", "sectors " + std::to_string(first_lba) + " to " +
                                 std::to_string(last_lba) + ", expected " +
                                 std::to_string(next_free_lba) +
                                 " to at most " +
                                 std::to_string(header.last_usable_lba));
  }
  partition.attributes = reader.U64Le("Attributes");
  partition.name = TakeGptName(reader);
  TALLY_TRY(reader.Finish());
  next_free_lba = last_lba + 1;
  partition.size_bytes = (last_lba - first_lba + 1) * kGptSectorSize;
  gpt.partitions.push_back(std::move(partition));
  gpt.partition_offsets.push_back(first_lba * kGptSectorSize);
  return Ok();
}

Result<Gpt> ParseEntries(ByteSpan entries, const GptHeader& header) {
  Gpt gpt = {.disk_guid = header.disk_guid};
  uint64_t next_free_lba = header.first_usable_lba;
  bool seen_unused = false;
  for (uint64_t at = 0; at < entries.size(); at += kGptEntrySize) {
    const size_t before = gpt.partitions.size();
    const uint64_t offset = kPrimaryEntriesLba * kGptSectorSize + at;
    TALLY_TRY(ParseEntry(entries.subspan(at, kGptEntrySize), offset, header,
                         next_free_lba, gpt));
    const bool is_used = gpt.partitions.size() > before;
    if (is_used && seen_unused) {
      return InputError("gpt: entry at " + HexNumber(offset) +
                        " comes after an unused one");
    }
    seen_unused |= !is_used;
  }
  return gpt;
}

}  // namespace

Result<GptPlan> PlanGpt(const Uuid& disk_guid,
                        const std::vector<GptPartition>& partitions) {
  TALLY_TRY(CheckPartitions(disk_guid, partitions));
  GptPlan plan;
  uint64_t end = kFirstUsableLba * kGptSectorSize;
  for (const GptPartition& partition : partitions) {
    plan.partition_offsets.push_back(AlignUp(end, kPartitionAlignment));
    end = plan.partition_offsets.back() + partition.size_bytes;
  }
  plan.size_bytes =
      AlignUp(end + kBackupSectors * kGptSectorSize, kPartitionAlignment);
  plan.backup_offset = plan.size_bytes - kBackupSectors * kGptSectorSize;
  const uint64_t num_sectors = plan.size_bytes / kGptSectorSize;

  TALLY_ASSIGN(const Bytes entries,
               EncodeEntries(partitions, plan.partition_offsets));
  const GptHeader header = PrimaryHeader(disk_guid, num_sectors, entries);
  ByteWriter primary;
  primary.Raw(EncodeProtectiveMbr(num_sectors));
  primary.Raw(EncodeHeaderSector(header));
  primary.Raw(entries);
  plan.primary = std::move(primary).Take();
  ByteWriter backup;
  backup.Raw(entries);
  backup.Raw(EncodeHeaderSector(BackupOf(header)));
  plan.backup = std::move(backup).Take();
  return plan;
}

Status WriteGptDisk(const GptPlan& plan, const std::vector<ByteSpan>& contents,
                    ByteSink& sink) {
  TALLY_CHECK(contents.size() == plan.partition_offsets.size());
  TALLY_TRY(sink.Append(plan.primary));
  uint64_t at = plan.primary.size();
  for (size_t i = 0; i < contents.size(); ++i) {
    TALLY_CHECK(plan.partition_offsets[i] >= at);
    TALLY_TRY(AppendZeros(sink, plan.partition_offsets[i] - at));
    TALLY_TRY(sink.Append(contents[i]));
    at = plan.partition_offsets[i] + contents[i].size();
  }
  TALLY_CHECK(plan.backup_offset >= at);
  TALLY_TRY(AppendZeros(sink, plan.backup_offset - at));
  return sink.Append(plan.backup);
}

Result<Gpt> ParseGpt(ByteSpan disk) {
  const uint64_t num_sectors = disk.size() / kGptSectorSize;
  if (disk.size() % kGptSectorSize != 0 ||
      num_sectors < kFirstUsableLba + kBackupSectors) {
    return InputError("gpt: disk has " + std::to_string(disk.size()) +
                      " bytes, expected a multiple of 512 and at least 34304");
  }
  const Bytes mbr = EncodeProtectiveMbr(num_sectors);
  if (!std::ranges::equal(mbr, disk.first(kGptSectorSize))) {
    return InputError("gpt: the first sector is not the protective MBR of " +
                      std::to_string(num_sectors) + " sectors");
  }
  TALLY_ASSIGN(const GptHeader header,
               ParseHeader(disk.subspan(kGptSectorSize, kGptSectorSize),
                           kGptSectorSize));
  const ByteSpan entries =
      disk.subspan(kPrimaryEntriesLba * kGptSectorSize, kEntriesSize);
  if (header != PrimaryHeader(header.disk_guid, num_sectors, entries)) {
    return InputError(
        "gpt: the header at 0x200 does not describe this disk: its sector "
        "numbers or the checksum of the entries are wrong");
  }
  const uint64_t backup_offset = disk.size() - kGptSectorSize;
  TALLY_ASSIGN(const GptHeader backup,
               ParseHeader(disk.subspan(backup_offset), backup_offset));
  const ByteSpan backup_entries =
      disk.subspan(backup_offset - kEntriesSize, kEntriesSize);
  if (backup != BackupOf(header) ||
      !std::ranges::equal(backup_entries, entries)) {
    return InputError(
        "gpt: the backup at the end is not a copy of the table "
        "at the front");
  }
  TALLY_ASSIGN(Gpt gpt, ParseEntries(entries, header));
  TALLY_TRY(CheckPartitions(gpt.disk_guid, gpt.partitions));
  return gpt;
}

}  // namespace tally
