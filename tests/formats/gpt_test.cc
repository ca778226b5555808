#include "formats/gpt.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"
#include "formats/crc32.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

const Uuid kDiskGuid =
    ParseUuid("d1d1d1d1-0203-4405-8607-08090a0b0c0d").value();

std::vector<GptPartition> Partitions() {
  return {
      {.type_guid = kGptRootX86_64,
       .unique_guid = ParseUuid("a0a1a2a3-a4a5-46a7-88a9-aaabacadaeaf").value(),
       .name = "root",
       .size_bytes = 3 * 4096,
       .attributes = kGptReadOnly},
      {.type_guid = kGptRootVerityX86_64,
       .unique_guid = ParseUuid("b0b1b2b3-b4b5-46b7-88b9-babbbcbdbebf").value(),
       .name = "Prüfsumme",
       .size_bytes = 2 << 20}};
}

Bytes Disk(const GptPlan& plan) {
  Bytes disk = plan.primary;
  disk.resize(plan.backup_offset);
  disk.insert(disk.end(), plan.backup.begin(), plan.backup.end());
  return disk;
}

Bytes Disk() { return Disk(PlanGpt(kDiskGuid, Partitions()).value()); }

std::string PlanError(const std::vector<GptPartition>& partitions) {
  const auto plan = PlanGpt(kDiskGuid, partitions);
  return plan ? "" : plan.error().ToString();
}

std::string GptParseError(ByteSpan disk) {
  const auto gpt = ParseGpt(disk);
  return gpt ? "" : gpt.error().ToString();
}

TEST(Gpt, PlacesPartitionsAtMebibytes) {
  const GptPlan plan = PlanGpt(kDiskGuid, Partitions()).value();
  EXPECT_EQ(plan.partition_offsets, (std::vector<uint64_t>{1 << 20, 2 << 20}));
  EXPECT_EQ(plan.size_bytes, uint64_t{5} << 20);
  EXPECT_EQ(plan.backup_offset, (uint64_t{5} << 20) - 33 * 512);
  EXPECT_EQ(plan.primary.size(), 34u * 512);
  EXPECT_EQ(plan.backup.size(), 33u * 512);
}

TEST(Gpt, ReadsBackWhatItPlanned) {
  const auto gpt = ParseGpt(Disk());
  ASSERT_TRUE(gpt) << gpt.error().ToString();
  EXPECT_EQ(gpt->disk_guid, kDiskGuid);
  EXPECT_EQ(gpt->partitions, Partitions());
  EXPECT_EQ(gpt->partition_offsets, (std::vector<uint64_t>{1 << 20, 2 << 20}));
}

TEST(Gpt, KeepsNamesOfEveryUnicodePlane) {
  std::vector<GptPartition> partitions = Partitions();
  for (const std::string name :
       {"", "\x7f", "\u0080\u07ff\u0800\uffff", "\U00010000\U0010ffff",
        "123456789012345678901234567890123456"}) {
    partitions[0].name = name;
    const auto plan = PlanGpt(kDiskGuid, partitions);
    ASSERT_TRUE(plan) << plan.error().ToString();
    EXPECT_EQ(ParseGpt(Disk(*plan))->partitions[0].name, name);
  }
}

TEST(Gpt, IsAcceptedBySgdisk) {
  TALLY_NEED_PROGRAM(sgdisk, "sgdisk");
  const test::Scratch scratch;
  const fs::path disk = scratch.Write("disk", Disk());
  const auto run = [&](const std::string& option) {
    const auto output = RunTool({.program = sgdisk,
                                 .args = {option, disk.string()},
                                 .env = {{"LC_ALL", "C.UTF-8"}}});
    EXPECT_TRUE(output) << output.error().ToString();
    EXPECT_EQ(output->exit_status, 0) << output->stderr_text;
    return output->stdout_text;
  };
  const auto expect = [](const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  };
  expect(run("-v"), "No problems found.");
  expect(run("-p"),
         "Disk identifier (GUID): D1D1D1D1-0203-4405-8607-08090A0B0C0D");
  const std::string root = run("-i1");
  expect(root,
         "Partition GUID code: 4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709 (Linux "
         "x86-64 root (/))");
  expect(root, "Partition unique GUID: A0A1A2A3-A4A5-46A7-88A9-AAABACADAEAF");
  expect(root, "First sector: 2048");
  expect(root, "Last sector: 2071");
  expect(root, "Attribute flags: 1000000000000000");
  expect(root, "Partition name: 'root'");
  const std::string verity = run("-i2");
  expect(verity, "2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5");
  expect(verity, "Partition name: 'Prüfsumme'");
}

TEST(Gpt, KeepsItsBytes) {
  // Format epoch 1: these bytes never change.
  EXPECT_EQ(Sha256(Disk()).hex(),
            "c6550d8996c9a31ba61e99bc079e91473abf84972ff7e8762598fd226d33454c");
}

TEST(Gpt, RejectsPartitionsItCannotHold) {
  std::vector<GptPartition> partitions = Partitions();
  partitions[0].size_bytes = 100;
  EXPECT_EQ(PlanError(partitions),
            "gpt: partition 'root' has 100 bytes, expected a positive multiple "
            "of 512");
  partitions = Partitions();
  partitions[1].unique_guid = partitions[0].unique_guid;
  partitions[1].name = "second";
  EXPECT_EQ(
      PlanError(partitions),
      "gpt: partition 'second' has GUID "
      "a0a1a2a3-a4a5-46a7-88a9-aaabacadaeaf, which is zero or not unique");
  partitions = Partitions();
  partitions[0].type_guid = {};
  EXPECT_EQ(PlanError(partitions),
            "gpt: partition 'root' has a type GUID of zero");
  partitions[0] = Partitions()[0];
  partitions[0].name = std::string(37, 'x');
  EXPECT_EQ(
      PlanError(partitions),
      "gpt: partition name 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' has 37 "
      "UTF-16 units, the limit is 36");
  partitions[0].name = "\xff";
  EXPECT_EQ(PlanError(partitions),
            "gpt: partition name '\\xff' is not UTF-8 without NUL");
  EXPECT_EQ(PlanError(std::vector<GptPartition>(129)),
            "gpt: 129 partitions, the limit is 128");
  EXPECT_EQ(PlanGpt(Uuid{}, {}).error().ToString(),
            "gpt: the disk GUID is zero");
}

TEST(Gpt, RejectsABrokenTable) {
  const auto with = [](size_t at, uint8_t value) {
    Bytes disk = Disk();
    disk[at] = value;
    return GptParseError(disk);
  };
  const size_t size = Disk().size();
  EXPECT_EQ(with(450, 0x83),
            "gpt: the first sector is not the protective MBR of 10240 sectors");
  EXPECT_EQ(with(512, 'X'),
            "gpt header: Signature at 0x200: found 'XFI PART', expected 'EFI "
            "PART'");
  EXPECT_EQ(with(512 + 24, 2).substr(0, 42),
            "gpt header: HeaderCRC32 at 0x210: found 0x");
  EXPECT_EQ(with(512 + 100, 1),
            "gpt header: padding at 0x264: found 0x1, expected zero");
  EXPECT_EQ(with(1024 + 56, 'R'),
            "gpt: the header at 0x200 does not describe this disk: its sector "
            "numbers or the checksum of the entries are wrong");
  EXPECT_EQ(with(size - 33 * 512 + 56, 'R'),
            "gpt: the backup at the end is not a copy of the table at the "
            "front");
  EXPECT_EQ(
      with(size - 512 + 8, 9),
      "gpt header: Revision at 0x4ffe08: found 0x10009, expected 0x10000");
  EXPECT_EQ(GptParseError(Bytes(512 * 66)),
            "gpt: disk has 33792 bytes, expected a multiple of 512 and at "
            "least 34304");
}

// Reentered changes the table through both copies, with checksums set right.
Bytes Reentered(size_t at, const Bytes& bytes) {
  Bytes disk = Disk();
  const size_t backup = disk.size() - 33 * 512;
  const auto put = [&disk](size_t to, uint32_t value) {
    for (size_t i = 0; i < 4; ++i) {
      disk[to + i] = static_cast<uint8_t>(value >> (8 * i));
    }
  };
  for (size_t i = 0; i < bytes.size(); ++i) {
    disk[1024 + at + i] = disk[backup + at + i] = bytes[i];
  }
  for (const size_t header : {size_t{512}, disk.size() - 512}) {
    put(header + 88, Crc32(ByteSpan(disk).subspan(1024, 16384)));
    put(header + 16, 0);
    put(header + 16, Crc32(ByteSpan(disk).subspan(header, 92)));
  }
  return disk;
}

TEST(Gpt, RejectsBadEntries) {
  EXPECT_EQ(GptParseError(Reentered(0x28, {0xff, 0xff})),
            "gpt entry: EndingLBA at 0x428: sectors 2048 to 65535, expected 34 "
            "to at most 10206");
  EXPECT_EQ(
      GptParseError(Reentered(128 + 0x20, {0, 8})),
      "gpt entry: EndingLBA at 0x4a8: sectors 2048 to 8191, expected 2072 "
      "to at most 10206");
  EXPECT_EQ(GptParseError(Reentered(0x38, {0x00, 0xd8})),
            "gpt entry: PartitionName at 0x43a: unpaired surrogate");
  EXPECT_EQ(GptParseError(Reentered(0x38 + 20, {'x'})),
            "gpt entry: PartitionName at 0x44c: found 0x78, expected zero");
  EXPECT_EQ(GptParseError(Reentered(0, Bytes(128))),
            "gpt: entry at 0x480 comes after an unused one");
}

}  // namespace
}  // namespace tally
