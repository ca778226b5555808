// FAT specification 1.03: "Boot Sector and BPB", "FAT32 FSInfo Sector
// Structure and Backup Boot Sector", "FAT Directory Structure", "FAT Long
// Directory Entries". Field names are the specification's.
#include "formats/fat32_format.h"

#include <algorithm>
#include <array>

#include "common/check.h"
#include "common/text.h"

namespace tally::fat32 {
namespace {

constexpr uint32_t kLeadSignature = 0x41615252;
constexpr uint32_t kStructureSignature = 0x61417272;
constexpr uint32_t kTrailSignature = 0xaa550000;

// The table DskTableFAT32 of the specification, as sizes in sectors. Volumes up
// to the first number are no FAT32.
constexpr uint64_t kTooSmall = 66600;
struct ClusterRow {
  uint64_t max_sectors;
  uint32_t sectors_per_cluster;
};
constexpr ClusterRow kClusterTable[] = {
    {532480, 1},    {16777216, 8},    {33554432, 16},
    {67108864, 32}, {0xffffffff, 64},
};

// Expect fails the reader if the value that it read last is not `expected`.
void Expect(ByteReader& reader, std::string_view field, uint64_t found,
            uint64_t expected) {
  if (found == expected) return;
  reader.Fail(
      field, "found " + HexNumber(found) + ", expected " + HexNumber(expected));
}

Status CheckGeometry(const BootSector& boot) {
  const uint32_t per_cluster = boot.sectors_per_cluster;
  const bool is_power = per_cluster != 0 && per_cluster <= 128 &&
                        (per_cluster & (per_cluster - 1)) == 0;
  if (!is_power) {
    return InputError("fat32: " + std::to_string(per_cluster) +
                      " sectors per cluster, expected a power of two up to "
                      "128");
  }
  if (boot.reserved_sectors <= kBackupSector + kInfoSector) {
    return InputError("fat32: " + std::to_string(boot.reserved_sectors) +
                      " reserved sectors, expected at least 8");
  }
  if (boot.data_offset() > boot.size_bytes() ||
      boot.num_clusters() < kMinClusters) {
    return InputError("fat32: " + std::to_string(boot.total_sectors) +
                      " sectors have less than 65525 clusters");
  }
  const uint64_t last_cluster =
      uint64_t{boot.num_clusters()} + kFirstCluster - 1;
  if (last_cluster > kMaxCluster || boot.fat_size() / 4 <= last_cluster) {
    return InputError("fat32: a FAT of " + std::to_string(boot.fat_sectors) +
                      " sectors is too small for " +
                      std::to_string(boot.num_clusters()) + " clusters");
  }
  if (boot.root_cluster < kFirstCluster || boot.root_cluster > last_cluster) {
    return InputError("fat32: BPB_RootClus is " +
                      std::to_string(boot.root_cluster) + ", expected 2 to " +
                      std::to_string(last_cluster));
  }
  return Ok();
}

constexpr int64_t kDay = 86400;
constexpr int64_t kFirstTime = 315532800;  // 1980-01-01
constexpr int64_t kEndTime = 4354819200;   // 2108-01-01

// DaysInMonth is for 1980 to 2107, where 2100 is the one exception.
unsigned DaysInMonth(unsigned year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool is_leap = year % 4 == 0 && year != 2100;
  return kDays[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

}  // namespace

Status SetGeometry(uint64_t size_bytes, BootSector& boot) {
  const uint64_t sectors = size_bytes / kSectorSize;
  if (size_bytes % kSectorSize != 0 || sectors <= kTooSmall ||
      sectors > 0xffffffff) {
    return InputError("fat32: size of " + std::to_string(size_bytes) +
                      " bytes, expected a multiple of 512 from 34099712 to "
                      "2199023255040");
  }
  const auto* row = std::ranges::find_if(
      kClusterTable,
      [sectors](const ClusterRow& r) { return sectors <= r.max_sectors; });
  const uint64_t per_cluster = row->sectors_per_cluster;
  boot.sectors_per_cluster = row->sectors_per_cluster;
  boot.total_sectors = static_cast<uint32_t>(sectors);
  // The least number f with 128 f >= (sectors - reserved - 2 f) / per_cluster
  // + 2: every cluster and the two first entries have a place.
  const uint64_t wanted = sectors - kReservedSectors + 2 * per_cluster;
  const uint64_t divisor = 128 * per_cluster + kNumFats;
  boot.fat_sectors = static_cast<uint32_t>(AlignUp(wanted, divisor) / divisor);
  return CheckGeometry(boot);
}

Bytes EncodeBootSector(const BootSector& boot) {
  TALLY_CHECK(boot.label.size() == 11);
  ByteWriter writer;
  writer.U8(0xeb).U8(0x58).U8(0x90);  // 0x00 BS_jmpBoot, to 0x5a
  writer.Text("MSWIN4.1");            // 0x03 BS_OEMName, as recommended
  writer.U16Le(kSectorSize);          // 0x0b BPB_BytsPerSec
  writer.U8(static_cast<uint8_t>(boot.sectors_per_cluster));  // 0x0d SecPerClus
  writer.U16Le(
      static_cast<uint16_t>(boot.reserved_sectors));  // 0x0e RsvdSecCnt
  writer.U8(kNumFats);                                // 0x10 BPB_NumFATs
  writer.U16Le(0);                                    // 0x11 BPB_RootEntCnt
  writer.U16Le(0);                                    // 0x13 BPB_TotSec16
  writer.U8(0xf8);                                    // 0x15 BPB_Media: fixed
  writer.U16Le(0);                                    // 0x16 BPB_FATSz16
  writer.U16Le(63);                                   // 0x18 BPB_SecPerTrk
  writer.U16Le(255);                                  // 0x1a BPB_NumHeads
  writer.U32Le(boot.hidden_sectors);                  // 0x1c BPB_HiddSec
  writer.U32Le(boot.total_sectors);                   // 0x20 BPB_TotSec32
  writer.U32Le(boot.fat_sectors);                     // 0x24 BPB_FATSz32
  writer.U16Le(0);                  // 0x28 BPB_ExtFlags: FATs mirrored
  writer.U16Le(0);                  // 0x2a BPB_FSVer
  writer.U32Le(boot.root_cluster);  // 0x2c BPB_RootClus
  writer.U16Le(kInfoSector);        // 0x30 BPB_FSInfo
  writer.U16Le(kBackupSector);      // 0x32 BPB_BkBootSec
  writer.Zeros(12);                 // 0x34 BPB_Reserved
  writer.U8(0x80);                  // 0x40 BS_DrvNum
  writer.U8(0);                     // 0x41 BS_Reserved1
  writer.U8(0x29);                  // 0x42 BS_BootSig: three fields follow
  writer.U32Le(boot.volume_id);     // 0x43 BS_VolID
  writer.Text(boot.label);          // 0x47 BS_VolLab
  writer.Text("FAT32   ");          // 0x52 BS_FilSysType
  // A BIOS that starts this stops here: jump to itself.
  writer.U8(0xeb).U8(0xfe);  // 0x5a
  writer.ZerosUntil(510);
  writer.U8(0x55).U8(0xaa);  // 0x1fe Signature_word
  return std::move(writer).Take();
}

Result<BootSector> ParseBootSector(ByteSpan sector) {
  ByteReader reader("fat32 boot sector", sector);
  const auto expect16 = [&reader](std::string_view field, uint64_t expected) {
    Expect(reader, field, reader.U16Le(field), expected);
  };
  const auto expect8 = [&reader](std::string_view field, uint64_t expected) {
    Expect(reader, field, reader.U8(field), expected);
  };
  BootSector boot;
  reader.Skip("BS_jmpBoot", 3);
  reader.Skip("BS_OEMName", 8);
  expect16("BPB_BytsPerSec", kSectorSize);
  boot.sectors_per_cluster = reader.U8("BPB_SecPerClus");
  boot.reserved_sectors = reader.U16Le("BPB_RsvdSecCnt");
  expect8("BPB_NumFATs", kNumFats);
  expect16("BPB_RootEntCnt", 0);
  expect16("BPB_TotSec16", 0);
  expect8("BPB_Media", 0xf8);
  expect16("BPB_FATSz16", 0);
  reader.Skip("BPB_SecPerTrk and BPB_NumHeads", 4);
  boot.hidden_sectors = reader.U32Le("BPB_HiddSec");
  boot.total_sectors = reader.U32Le("BPB_TotSec32");
  boot.fat_sectors = reader.U32Le("BPB_FATSz32");
  expect16("BPB_ExtFlags", 0);
  expect16("BPB_FSVer", 0);
  boot.root_cluster = reader.U32Le("BPB_RootClus");
  expect16("BPB_FSInfo", kInfoSector);
  expect16("BPB_BkBootSec", kBackupSector);
  reader.Zeros("BPB_Reserved", 12);
  reader.Skip("BS_DrvNum", 1);
  expect8("BS_Reserved1", 0);
  expect8("BS_BootSig", 0x29);
  boot.volume_id = reader.U32Le("BS_VolID");
  boot.label = AsText(reader.Take("BS_VolLab", 11));
  reader.Skip("BS_FilSysType and boot code", 510 - 0x52);
  expect16("Signature_word", 0xaa55);
  TALLY_TRY(reader.Finish());
  TALLY_TRY(CheckGeometry(boot));
  return boot;
}

Bytes EncodeFsInfo(const FsInfo& info) {
  ByteWriter writer;
  writer.U32Le(kLeadSignature);       // 0x000 FSI_LeadSig
  writer.Zeros(480);                  // 0x004 FSI_Reserved1
  writer.U32Le(kStructureSignature);  // 0x1e4 FSI_StrucSig
  writer.U32Le(info.num_free);        // 0x1e8 FSI_Free_Count
  writer.U32Le(info.next_free);       // 0x1ec FSI_Nxt_Free
  writer.Zeros(12);                   // 0x1f0 FSI_Reserved2
  writer.U32Le(kTrailSignature);      // 0x1fc FSI_TrailSig
  return std::move(writer).Take();
}

Result<FsInfo> ParseFsInfo(ByteSpan sector) {
  ByteReader reader("fat32 FSInfo", sector, kInfoSector * kSectorSize);
  const auto expect = [&reader](std::string_view field, uint64_t expected) {
    Expect(reader, field, reader.U32Le(field), expected);
  };
  FsInfo info;
  expect("FSI_LeadSig", kLeadSignature);
  reader.Zeros("FSI_Reserved1", 480);
  expect("FSI_StrucSig", kStructureSignature);
  info.num_free = reader.U32Le("FSI_Free_Count");
  info.next_free = reader.U32Le("FSI_Nxt_Free");
  reader.Zeros("FSI_Reserved2", 12);
  expect("FSI_TrailSig", kTrailSignature);
  TALLY_TRY(reader.Finish());
  return info;
}

Result<Timestamp> MakeTimestamp(int64_t seconds) {
  if (seconds < kFirstTime || seconds >= kEndTime) {
    return InputError("fat32: time " + std::to_string(seconds) +
                      ", expected one of the years 1980 to 2107: 315532800 to "
                      "4354819199");
  }
  auto day = static_cast<unsigned>((seconds - kFirstTime) / kDay);
  unsigned year = 1980;
  unsigned month = 1;
  while (day >= DaysInMonth(year, month)) {
    day -= DaysInMonth(year, month);
    year += month == 12 ? 1 : 0;
    month = month % 12 + 1;
  }
  const auto of_day = static_cast<unsigned>(seconds % kDay);
  const unsigned date = (year - 1980) << 9 | month << 5 | (day + 1);
  const unsigned time =
      of_day / 3600 << 11 | of_day / 60 % 60 << 5 | of_day % 60 / 2;
  return Timestamp{.date = static_cast<uint16_t>(date),
                   .time = static_cast<uint16_t>(time),
                   .tenths = static_cast<uint8_t>(of_day % 2 * 100)};
}

Result<int64_t> TimestampSeconds(const Timestamp& timestamp) {
  const unsigned date = timestamp.date;
  const unsigned time = timestamp.time;
  const unsigned year = (date >> 9) + 1980;
  const unsigned month = date >> 5 & 15;
  const unsigned day = date & 31;
  const unsigned hours = time >> 11;
  const unsigned minutes = time >> 5 & 63;
  const unsigned steps = time & 31;
  if (month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month) ||
      hours > 23 || minutes > 59 || steps > 29 || timestamp.tenths > 199) {
    return InputError("fat32: date " + HexNumber(date) + " and time " +
                      HexNumber(time) + " are no point in time");
  }
  int64_t days = day - 1;
  for (unsigned y = 1980; y <= year; ++y) {
    for (unsigned m = 1; m <= 12 && (y < year || m < month); ++m) {
      days += DaysInMonth(y, m);
    }
  }
  return kFirstTime + days * kDay + hours * 3600 + minutes * 60 + steps * 2 +
         timestamp.tenths / 100;
}

}  // namespace tally::fat32
