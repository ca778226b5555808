// What ReadFat32 refuses: one broken place in an image of ours at a time.
#include <gtest/gtest.h>

#include "formats/fat32.h"

namespace tally {
namespace {

constexpr size_t kInfo = 512;
constexpr size_t kBackup = 6 * 512;
constexpr size_t kFat = 32 * 512;
constexpr size_t kFatSize = 520 * 512;
constexpr size_t kFatRoot = kFat + 2 * kFatSize;  // cluster 2
constexpr size_t kDirectory = kFatRoot + 512;     // cluster 3
// In the root: label, "EFI", a part of a long name, its alias.
constexpr size_t kEfiEntry = kFatRoot + 32;
constexpr size_t kLongName = kFatRoot + 64;
constexpr size_t kAlias = kFatRoot + 96;

const Bytes& FatImage() {
  static const Bytes image = [] {
    const Fat32Nodes nodes = {{.path = "EFI", .type = NodeType::kDirectory},
                              {.path = "EFI/A.BIN", .size_bytes = 600},
                              {.path = "long name.txt", .size_bytes = 5}};
    BufferSink sink;
    const auto status = WriteFat32(
        nodes, {.volume_label = "ESP", .time = 1700000000},
        [&](size_t node, ByteSink& to) {
          return to.Append(Bytes(nodes[node].size_bytes, 0x41));
        },
        sink);
    EXPECT_TRUE(status);
    return std::move(sink).Take();
  }();
  return image;
}

std::string FatReadError(ByteSpan image) {
  const auto read = ReadFat32(image);
  return read ? "" : read.error().ToString();
}

struct ImageChange {
  size_t offset;
  Bytes bytes;
};

std::string ErrorWith(const std::vector<ImageChange>& changes) {
  Bytes image = FatImage();
  for (const ImageChange& change : changes) {
    std::copy(change.bytes.begin(), change.bytes.end(),
              image.begin() + static_cast<std::ptrdiff_t>(change.offset));
  }
  return FatReadError(image);
}

// InBoot changes the boot sector and its backup.
std::string ErrorInBoot(size_t offset, const Bytes& bytes) {
  return ErrorWith({{offset, bytes}, {kBackup + offset, bytes}});
}

// ErrorInFat changes an entry of both FATs.
std::string ErrorInFat(size_t cluster, const Bytes& bytes) {
  return ErrorWith(
      {{kFat + cluster * 4, bytes}, {kFat + kFatSize + cluster * 4, bytes}});
}

TEST(Fat32Reader, AcceptsTheImageThatTheOthersBreak) {
  EXPECT_EQ(FatReadError(FatImage()), "");
}

TEST(Fat32Reader, JoinsAFileInPieces) {
  // The two clusters of A.BIN, 4 and 5, become 4 and 7.
  Bytes image = FatImage();
  for (const size_t fat : {kFat, kFat + kFatSize}) {
    image[fat + 4 * 4] = 7;
    for (size_t i = 0; i < 4; ++i) {
      image[fat + 7 * 4 + i] = image[fat + 5 * 4 + i];
      image[fat + 5 * 4 + i] = 0;
    }
  }
  for (size_t i = 0; i < 88; ++i) image[kFatRoot + 5 * 512 + i] = 0x42;
  const auto read = ReadFat32(image);
  ASSERT_TRUE(read) << read.error().ToString();
  Bytes expected(512, 0x41);
  expected.resize(600, 0x42);
  EXPECT_EQ(ToBytes(read->contents[1]), expected);
}

TEST(Fat32Reader, RejectsABrokenBootSector) {
  EXPECT_EQ(FatReadError({}),
            "fat32 boot sector: BS_jmpBoot at 0x0: needs 3 bytes, 0 left");
  EXPECT_EQ(ErrorInBoot(11, {0, 16}),
            "fat32 boot sector: BPB_BytsPerSec at 0xb: found 0x1000, expected "
            "0x200");
  EXPECT_EQ(ErrorInBoot(13, {3}),
            "fat32: 3 sectors per cluster, expected a power of two up to 128");
  EXPECT_EQ(ErrorInBoot(14, {7, 0}),
            "fat32: 7 reserved sectors, expected at least 8");
  EXPECT_EQ(ErrorInBoot(13, {2}),
            "fat32: 67584 sectors have less than 65525 clusters");
  EXPECT_EQ(ErrorInBoot(36, {0x07, 0x02}),
            "fat32: a FAT of 519 sectors is too small for 66514 clusters");
  EXPECT_EQ(ErrorInBoot(44, {1}),
            "fat32: BPB_RootClus is 1, expected 2 to 66513");
  EXPECT_EQ(ErrorInBoot(510, {0}),
            "fat32 boot sector: Signature_word at 0x1fe: found 0xaa00, "
            "expected 0xaa55");
  EXPECT_EQ(ErrorWith({{kBackup, {0}}}),
            "fat32: the backup at 0xc00 is not a copy of the boot sector");
  EXPECT_EQ(FatReadError(ByteSpan(FatImage()).first(1 << 20)),
            "fat32: image has 1048576 bytes, its boot sector says 34603008");
}

TEST(Fat32Reader, RejectsABrokenFsInfo) {
  EXPECT_EQ(ErrorWith({{kInfo, {0}}}),
            "fat32 FSInfo: FSI_LeadSig at 0x200: found 0x41615200, expected "
            "0x41615252");
  EXPECT_EQ(ErrorWith({{kInfo + 488, {0, 0, 0, 0}}}),
            "fat32 FSInfo: FSI_Free_Count is 0, but 66507 clusters are free");
}

TEST(Fat32Reader, RejectsABrokenFat) {
  EXPECT_EQ(ErrorWith({{kFat + 100, {1}}}), "fat32: the two FATs differ");
  EXPECT_EQ(ErrorInFat(1, {0xff, 0xff, 0xff, 0x07}),
            "fat32: the FAT begins with 0xffffff8 0x7ffffff, expected "
            "0xffffff8 0xfffffff: not unmounted cleanly");
  const std::string in_efi = "\n  while reading directory 'EFI'";
  EXPECT_EQ(
      ErrorInFat(5, {4, 0, 0, 0}),
      "fat32: 'EFI/A.BIN' has cluster 4, which was already used" + in_efi);
  EXPECT_EQ(
      ErrorInFat(5, {2, 0, 0, 0}),
      "fat32: 'EFI/A.BIN' has cluster 2, which was already used" + in_efi);
  EXPECT_EQ(ErrorInFat(4, {0, 0, 0, 0}),
            "fat32: 'EFI/A.BIN' has cluster 0, expected 2 to 66513" + in_efi);
  EXPECT_EQ(
      ErrorInFat(4, {0xff, 0xff, 0, 0x10}),
      "fat32: 'EFI/A.BIN' has cluster 268500991, expected 2 to 66513" + in_efi);
  EXPECT_EQ(ErrorInFat(4, {0xff, 0xff, 0xff, 0x0f}),
            "fat32: 'EFI/A.BIN' has DIR_FileSize 600, but 1 clusters of 512 "
            "bytes" +
                in_efi);
  EXPECT_EQ(ErrorInFat(9, {0xff, 0xff, 0xff, 0x0f}),
            "fat32: cluster 9 is allocated, but belongs to no file");
}

TEST(Fat32Reader, RejectsABrokenDirectory) {
  const std::string in_root = "\n  while reading directory ''";
  const std::string in_efi = "\n  while reading directory 'EFI'";
  EXPECT_EQ(ErrorWith({{kDirectory + 33, {' '}}}),
            "fat32: directory 'EFI' does not begin with '.' and '..'" + in_efi);
  EXPECT_EQ(ErrorWith({{kDirectory + 26, {9}}}),
            "fat32: directory 'EFI' does not begin with '.' and '..'" + in_efi);
  EXPECT_EQ(
      ErrorWith({{kEfiEntry, {'e'}}}),
      "fat32 entry: DIR_Name at 0x20: 'eFI        ' is no 8.3 name" + in_root);
  EXPECT_EQ(ErrorWith({{kEfiEntry, {'.'}}}),
            "fat32: directory '' has a second label, '.' or '..'" + in_root);
  EXPECT_EQ(ErrorWith({{kEfiEntry + 12, {1}}}),
            "fat32 entry: DIR_NTRes at 0x2c: found 0x1, expected no bits but "
            "0x18" +
                in_root);
  EXPECT_EQ(
      ErrorWith({{kEfiEntry + 28, {1}}}),
      "fat32: 'EFI' has DIR_FileSize 1, but 0 clusters of 512 bytes" + in_root);
  EXPECT_EQ(
      ErrorWith({{kEfiEntry, {0}}}),
      "fat32: the directory ends at 0x20, but not all zeros follow" + in_root);
  // "EFI" becomes a second "LONGNA~1.TXT".
  const ByteSpan alias = ByteSpan(FatImage()).subspan(kAlias, 11);
  EXPECT_EQ(ErrorWith({{kEfiEntry, ToBytes(alias)}}),
            "fat32: directory '' has the name 'long name.txt' twice" + in_root);
}

TEST(Fat32Reader, RejectsABrokenLabel) {
  const std::string in_root = "\n  while reading directory ''";
  EXPECT_EQ(ErrorWith({{kFatRoot + 11, {0x20}}}),
            "fat32: the root has no volume label" + in_root);
  EXPECT_EQ(ErrorWith({{kFatRoot, {'X'}}}),
            "fat32: the root has the volume label 'XSP        ', the boot "
            "sector 'ESP        '" +
                in_root);
  EXPECT_EQ(ErrorWith({{kFatRoot + 16, {0, 2}}}),
            "fat32: date 0x200 and time 0xb1aa are no point in time" + in_root);
}

TEST(Fat32Reader, RejectsABrokenLongName) {
  const std::string in_root = "\n  while reading directory ''";
  EXPECT_EQ(ErrorWith({{kLongName, {0x40}}}),
            "fat32 long name: LDIR_Ord at 0x40: found 0x40, expected part 1 to "
            "20" +
                in_root);
  EXPECT_EQ(
      ErrorWith({{kLongName, {0x01}}}),
      "fat32: long name at 0x40 is not the part that has to follow" + in_root);
  EXPECT_EQ(ErrorWith({{kLongName, {0x42}}}),
            "fat32: the long name before 0x60 is not complete or of another "
            "entry" +
                in_root);
  EXPECT_EQ(ErrorWith({{kLongName + 13, {0}}}),
            "fat32: the long name before 0x60 is not complete or of another "
            "entry" +
                in_root);
  EXPECT_EQ(ErrorWith({{kLongName + 1, {0xe4}}}),
            "fat32: long name at 0x40 has the character 0xe4, expected ASCII" +
                in_root);
  EXPECT_EQ(ErrorWith({{kLongName + 1, {0}}}),
            "fat32: long name at 0x40 does not end as the specification says" +
                in_root);
  EXPECT_EQ(ErrorWith({{kLongName + 1, {'/'}}}),
            "fat32: name '/ong name.txt', expected 1 to 255 printable ASCII "
            "characters without \"*/:<>?\\| and no period or space at the "
            "end" +
                in_root);
  EXPECT_EQ(ErrorWith({{kAlias, {0xe5}}}),
            "fat32: the long name before 0x60 belongs to no entry" + in_root);
}

}  // namespace
}  // namespace tally
