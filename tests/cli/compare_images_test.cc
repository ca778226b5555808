#include "cli/compare_images.h"

#include <gtest/gtest.h>

#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"

namespace tally {
namespace {

std::string DifferenceOf(std::string_view name, ByteSpan a, ByteSpan b) {
  const auto found = FindDifference(name, a, b);
  return found ? found->ToString() : "";
}

Bytes Erofs(const FileList& files, int64_t build_time = 5) {
  BufferSink sink;
  EXPECT_TRUE(WriteErofs(
      files, {.uuid = {{1}}, .volume_name = "root", .build_time = build_time},
      sink));
  return std::move(sink).Take();
}

Bytes Cpio(const FileList& files) {
  BufferSink sink;
  EXPECT_TRUE(WriteCpio(files, sink));
  return std::move(sink).Take();
}

const std::string kFirst = "first";
const std::string kSecond = "fiRst";

FileList Small() {
  return {{.path = "", .type = NodeType::kDirectory, .mode = 0755},
          {.path = "etc", .type = NodeType::kDirectory, .mode = 0755},
          {.path = "etc/a", .mode = 0644, .content = AsBytes(kFirst)},
          {.path = "etc/b",
           .type = NodeType::kSymlink,
           .mode = 0777,
           .symlink_target = "a"}};
}

FileList Changed(void (*change)(FileNode& file, FileNode& link)) {
  FileList files = Small();
  change(files[2], files[3]);
  return files;
}

struct Case {
  void (*change)(FileNode& file, FileNode& link);
  std::string text;  // after the name of the image
};

const std::vector<Case> kCases = {
    {[](FileNode& file, FileNode&) { file.mode = 0600; },
     "/etc/a: mode\n   first 0644\n  second 0600"},
    {[](FileNode& file, FileNode&) { file.mtime = 7; },
     "/etc/a: mtime\n   first 0\n  second 7"},
    {[](FileNode& file, FileNode&) { file.uid = 7; },
     "/etc/a: uid\n   first 0\n  second 7"},
    {[](FileNode& file, FileNode&) { file.content = AsBytes(kSecond); },
     "/etc/a: content at 0x2\n   first 727374\n  second 527374"},
    {[](FileNode&, FileNode& link) { link.path = "etc/c"; },
     "/etc/b: presence\n   first there\n  second absent"},
};

TEST(CompareImages, NamesPathAndFieldInARootImage) {
  for (const Case& each : kCases) {
    EXPECT_EQ(DifferenceOf("artifacts/root.erofs", Erofs(Small()),
                           Erofs(Changed(each.change))),
              "'artifacts/root.erofs', " + each.text);
  }
  FileList link = Small();
  link[3].symlink_target = "x";
  EXPECT_EQ(DifferenceOf("r", Erofs(Small()), Erofs(link)),
            "'r', /etc/b: target\n   first 'a'\n  second 'x'");
  FileList xattrs = Small();
  xattrs[2].xattrs = {{"user.x", {1, 2}}};
  EXPECT_EQ(DifferenceOf("r", Erofs(Small()), Erofs(xattrs)),
            "'r', /etc/a: extended attributes\n   first none\n  second "
            "'user.x'=0102");
  EXPECT_EQ(DifferenceOf("r", Erofs(Small()), Erofs(Small(), 6)),
            "'r', superblock: build time\n   first 5\n  second 6");
}

TEST(CompareImages, NamesPathAndFieldInAnInitrd) {
  for (const Case& each : kCases) {
    EXPECT_EQ(DifferenceOf("artifacts/initrd", Cpio(Small()),
                           Cpio(Changed(each.change))),
              "'artifacts/initrd', " + each.text);
  }
}

TEST(CompareImages, FindsNothingInEqualImages) {
  EXPECT_EQ(DifferenceOf("r", Erofs(Small()), Erofs(Small())), "");
  EXPECT_EQ(DifferenceOf("r", {}, {}), "");
}

// Every byte of an image counts, also those that no field has.
TEST(CompareImages, FindsEveryChangedByte) {
  for (const Bytes& image : {Erofs(Small()), Cpio(Small())}) {
    for (size_t at = 0; at < image.size(); at += 7) {
      Bytes changed = image;
      changed[at] ^= 0x40;
      EXPECT_NE(DifferenceOf("r", image, changed), "") << at;
    }
  }
}

Bytes ErofsDisk(const Uuid& guid, const FileList& files) {
  const Bytes root = Erofs(files);
  const auto plan = PlanGpt(guid, {{.type_guid = kGptRootX86_64,
                                    .unique_guid = {{9}},
                                    .name = "root",
                                    .size_bytes = root.size()}});
  EXPECT_TRUE(plan) << plan.error().ToString();
  BufferSink sink;
  EXPECT_TRUE(WriteGptDisk(*plan, {root}, sink));
  return std::move(sink).Take();
}

TEST(CompareImages, LooksIntoThePartitionsOfADisk) {
  FileList other = Small();
  other[2].mtime = 1;
  EXPECT_EQ(DifferenceOf("artifacts/disk.img", ErofsDisk({{1}}, Small()),
                         ErofsDisk({{1}}, other)),
            "'artifacts/disk.img', partition 1 'root', /etc/a: mtime\n   first "
            "0\n  second 1");
  EXPECT_EQ(
      DifferenceOf("d", ErofsDisk({{1}}, Small()), ErofsDisk({{2}}, Small())),
      "'d', partition table: disk GUID\n   first "
      "01000000-0000-0000-0000-000000000000\n  second "
      "02000000-0000-0000-0000-000000000000");
}

Bytes EifOf(const std::string& cmdline, const FileList& files) {
  const Bytes ramdisk = Cpio(files);
  const auto eif =
      EncodeEif(MakeEif(EifArchitecture::kX86_64, {.kernel = AsBytes("kernel"),
                                                   .cmdline = cmdline,
                                                   .metadata = "{}",
                                                   .ramdisks = {ramdisk}}));
  EXPECT_TRUE(eif) << eif.error().ToString();
  return *eif;
}

TEST(CompareImages, LooksIntoTheSectionsOfAnEnclaveImage) {
  FileList other = Small();
  other[2].mode = 0640;
  EXPECT_EQ(
      DifferenceOf("artifacts/image.eif", EifOf("a=1", Small()),
                   EifOf("a=1", other)),
      "'artifacts/image.eif', section 4 (ramdisk), /etc/a: mode\n   first "
      "0644\n  second 0640");
  EXPECT_EQ(DifferenceOf("e", EifOf("a=1", Small()), EifOf("a=2", Small())),
            "'e', section 2 (cmdline), line 1: text\n   first 'a=1'\n  second "
            "'a=2'");
}

Bytes HashArea(uint8_t salt, const Bytes& data) {
  VerityBuilder builder({.uuid = {{1}}, .salt = {salt}});
  EXPECT_TRUE(builder.Append(data));
  BufferSink sink;
  EXPECT_TRUE(builder.Finish(sink));
  return std::move(sink).Take();
}

TEST(CompareImages, NamesTheFieldOfAHashTree) {
  Bytes data(2 * 4096);
  const std::string found =
      DifferenceOf("v", HashArea(1, data), HashArea(2, data));
  EXPECT_EQ(found.substr(0, found.find('\n')), "'v', superblock: salt");
  const Bytes before = HashArea(1, data);
  data[0] = 1;
  const std::string block = DifferenceOf("v", before, HashArea(1, data));
  EXPECT_EQ(block.substr(0, block.find('\n')),
            "'v', hash block 1: bytes at 0x1000");
}

TEST(CompareImages, FallsBackToLinesAndOffsets) {
  EXPECT_EQ(DifferenceOf("release.json", AsBytes("a\nb\n"), AsBytes("a\nc\n")),
            "'release.json', line 2: text\n   first 'b'\n  second 'c'");
  EXPECT_EQ(DifferenceOf("x", AsBytes("a\nb"), AsBytes("a")),
            "'x', line 2: text\n   first 'b'\n  second the end");
  const Bytes first = {1, 0, 255};
  const Bytes second = {1, 0};
  EXPECT_EQ(DifferenceOf("kernel", first, second),
            "'kernel', offset 0x2: bytes\n   first ff\n  second the end, after "
            "2 bytes");
}

TEST(CompareImages, RanksCausesBeforeWhatTheyCause) {
  const std::vector<std::string> order = {
      "manifest.yaml",         "artifacts/root.erofs", "artifacts/initrd",
      "artifacts/root.verity", "artifacts/cmdline",    "artifacts/disk.img",
      "artifacts/image.eif",   "measurements.json"};
  for (size_t i = 1; i < order.size(); ++i) {
    EXPECT_LT(CauseRank(order[i - 1]), CauseRank(order[i])) << order[i];
  }
}

}  // namespace
}  // namespace tally
