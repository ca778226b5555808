#include "cli/boot_disk.h"

#include <gtest/gtest.h>

#include "formats/gpt.h"

namespace tally {
namespace {

// A file system with one file.
Bytes FileSystem(const std::string& directory, const std::string& name,
                 ByteSpan content) {
  const Fat32Nodes nodes = {
      {"EFI", NodeType::kDirectory},
      {"EFI/" + directory, NodeType::kDirectory},
      {"EFI/" + directory + "/" + name, NodeType::kFile, content.size()}};
  constexpr int64_t kTime = 1700000000;
  BufferSink sink;
  const auto source = [content](size_t, ByteSink& to) {
    return to.Append(content);
  };
  EXPECT_TRUE(
      WriteFat32(nodes, {.volume_label = "ESP", .time = kTime}, source, sink));
  return std::move(sink).Take();
}

// A disk with these partitions, all of one type.
Bytes DiskOf(const Uuid& type, const std::vector<ByteSpan>& contents) {
  std::vector<GptPartition> partitions;
  for (const ByteSpan content : contents) {
    GptPartition partition = {.type_guid = type, .size_bytes = content.size()};
    partition.unique_guid.bytes[0] =
        static_cast<uint8_t>(partitions.size() + 1);
    partitions.push_back(partition);
  }
  const GptPlan plan = PlanGpt(kGptLinuxData, partitions).value();
  BufferSink sink;
  EXPECT_TRUE(WriteGptDisk(plan, contents, sink));
  return std::move(sink).Take();
}

std::string FindError(const Bytes& disk) {
  const auto found = FindBootImage(disk);
  return found ? "no error" : found.error().ToString();
}

TEST(FindBootImage, IsWhereFirmwareLooks) {
  const Bytes program = ToBytes(AsBytes("program"));
  const Bytes esp = FileSystem("BOOT", "BOOTX64.EFI", program);
  const Bytes disk = DiskOf(kGptEfiSystem, {esp});
  const auto found = FindBootImage(disk);
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(ToBytes(found->image), program);
}

TEST(FindBootImage, NamesAreTheSameInEitherCase) {
  const Bytes program = ToBytes(AsBytes("program"));
  const Bytes esp = FileSystem("Boot", "BootX64.efi", program);
  const Bytes disk = DiskOf(kGptEfiSystem, {esp});
  const auto found = FindBootImage(disk);
  ASSERT_TRUE(found) << found.error().ToString();
  EXPECT_EQ(ToBytes(found->image), program);
}

TEST(FindBootImage, RejectsADiskThatSaysNotWhatBoots) {
  const Bytes program = ToBytes(AsBytes("program"));
  const Bytes esp = FileSystem("BOOT", "BOOTX64.EFI", program);
  EXPECT_EQ(FindError(DiskOf(kGptLinuxData, {esp})),
            "disk: found 0 EFI system partitions, expected 1");
  EXPECT_EQ(FindError(DiskOf(kGptEfiSystem, {esp, esp})),
            "disk: found 2 EFI system partitions, expected 1");
  const Bytes other = FileSystem("BOOT", "BOOTAA64.EFI", program);
  EXPECT_EQ(FindError(DiskOf(kGptEfiSystem, {other})),
            "EFI system partition: there is no file 'EFI/BOOT/BOOTX64.EFI'");
  const Bytes nothing(1 << 20);
  EXPECT_NE(FindError(DiskOf(kGptEfiSystem, {nothing})).find("fat32"),
            std::string::npos);
}

TEST(ParseBootDiskPci, IsADeviceAndItsFunction) {
  EXPECT_FALSE(ParseBootDiskPci("").value());
  const PciPlace place = ParseBootDiskPci("0x1f.2").value().value();
  EXPECT_EQ(place.device, 31);
  EXPECT_EQ(place.function, 2);
  for (const char* text : {"1", "32.0", "1.8", "1.0.0", "1.x"}) {
    EXPECT_EQ(ParseBootDiskPci(text).error().ToString(),
              "--boot-disk-pci: found '" + std::string(text) +
                  "', expected a device and its function on the root bus, "
                  "such as 1.0 or 0x1f.2");
  }
}

}  // namespace
}  // namespace tally
