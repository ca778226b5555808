#include "formats/cpio.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>

#include "common/hash.h"
#include "common/text.h"
#include "tests/formats/sample_tree.h"
#include "tests/formats/tree_compare.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::SampleTree;

Bytes CpioOf(const FileList& files) {
  BufferSink sink;
  const Status status = WriteCpio(files, sink);
  EXPECT_TRUE(status) << status.error().ToString();
  return sink.bytes();
}

std::string CpioWriteError(const FileList& files) {
  BufferSink sink;
  const Status status = WriteCpio(files, sink);
  return status ? "" : status.error().ToString();
}

std::string CpioParseError(std::string_view archive) {
  const auto entries = ParseCpio(AsBytes(archive));
  return entries ? "" : entries.error().ToString();
}

// GnuArchive is what GNU cpio 2.13 (-o -H newc) made of a character device 5:6
// and of a file with two names, owned by 1234:5678, on device 254:0.
std::string GnuArchive() {
  std::string archive;
  archive +=
      "07070100A762B7000021900000000300000004000000016553F1020000"
      "0000000000FE0000000000000005000000060000000400000000dev";
  archive += std::string(3, '\0');
  archive +=
      "07070100A762B8000081E9000004D20000162E000000026553F1010000"
      "0000000000FE0000000000000000000000000000000200000000f";
  archive += std::string(1, '\0');
  archive +=
      "07070100A762B8000081E9000004D20000162E000000026553F1010000"
      "0005000000FE0000000000000000000000000000000200000000g";
  archive += std::string(1, '\0');
  archive += "hello";
  archive += std::string(3, '\0');
  archive +=
      "0707010000000000000000000000000000000000000001000000000000"
      "0000000000000000000000000000000000000000000B00000000TRAILE"
      "R!!!";
  archive.resize(AlignUp(archive.size(), 512), '\0');
  return archive;
}

FileList Without(FileList files, const std::string& path) {
  std::erase_if(files, [&](const FileNode& node) { return node.path == path; });
  return files;
}

TEST(Cpio, ReadsWhatGnuCpioWrote) {
  const std::string archive = GnuArchive();
  const auto entries = ParseCpio(AsBytes(archive));
  ASSERT_TRUE(entries) << entries.error().ToString();
  ASSERT_EQ(entries->size(), 3u);
  const CpioEntry& device = entries->at(0);
  EXPECT_EQ(device, (CpioEntry{.name = "dev",
                               .ino = 0xa762b7,
                               .mode = 020620,
                               .uid = 3,
                               .gid = 4,
                               .nlink = 1,
                               .mtime = 1700000002,
                               .dev_major = 254,
                               .rdev_major = 5,
                               .rdev_minor = 6}));
  const CpioEntry& last_link = entries->at(2);
  EXPECT_EQ(last_link.name, "g");
  EXPECT_EQ(last_link.mode, 0100751u);
  EXPECT_EQ(last_link.uid, 1234u);
  EXPECT_EQ(last_link.gid, 5678u);
  EXPECT_EQ(last_link.nlink, 2u);
  EXPECT_EQ(AsText(last_link.content), "hello");
  EXPECT_TRUE(entries->at(1).content.empty());
}

TEST(Cpio, EncodesWhatItReadToTheByte) {
  const std::string archive = GnuArchive();
  BufferSink sink;
  ASSERT_TRUE(EncodeCpio(ParseCpio(AsBytes(archive)).value(), sink));
  EXPECT_EQ(AsText(sink.bytes()), archive);
}

TEST(Cpio, WritesHardLinksAsGnuCpioDoes) {
  SampleTree tree;
  FileNode& file = tree.File("f", "hello", 0751);
  file.uid = 1234;
  file.gid = 5678;
  file.mtime = 1700000001;
  tree.HardLink("g", "f");
  const Bytes archive = CpioOf(tree.Build());
  // The same but for inode number and device, which are of the machine.
  std::string expected = GnuArchive().substr(116);
  expected.replace(expected.find("00A762B8"), 8, "00000001");
  expected.replace(expected.find("00A762B8"), 8, "00000001");
  expected.replace(expected.find("000000FE"), 8, "00000000");
  expected.replace(expected.find("000000FE"), 8, "00000000");
  expected.resize(512);
  EXPECT_EQ(AsText(archive), expected);
}

TEST(Cpio, IsExtractedByGnuCpio) {
  TALLY_NEED_PROGRAM(cpio, "cpio");
  const SampleTree tree = test::FullTree();
  const FileList files = tree.Build();
  const test::Scratch scratch;
  const fs::path archive = scratch.Write("archive", CpioOf(files));
  const fs::path root = scratch.path() / "root";
  ASSERT_TRUE(CreateDirectories(root));
  const Tool tool = {.program = cpio,
                     .args = {"-idm", "--quiet", "-F", archive.string()},
                     .env = {{"LC_ALL", "C"}},
                     .cwd = root};
  const auto output = RunTool(tool);
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->exit_status, 0) << output->stderr_text;
  EXPECT_EQ(output->stderr_text, "");
  // The archive has no root entry: compare what is below it.
  struct stat found = {};
  ASSERT_EQ(stat(root.c_str(), &found), 0);
  FileList expected = files;
  expected[0].mode = found.st_mode & 07777;
  expected[0].uid = found.st_uid;
  expected[0].gid = found.st_gid;
  // GNU cpio sets no times of symlinks, nor of directories that it fills later.
  test::ExpectSameTree(expected, root, {.only_file_times = true});
  struct stat link = {};
  ASSERT_EQ(stat((root / "bin/su").c_str(), &found), 0);
  ASSERT_EQ(stat((root / "su-link").c_str(), &link), 0);
  EXPECT_EQ(found.st_ino, link.st_ino);
  EXPECT_EQ(found.st_nlink, 3u);
}

TEST(Cpio, IsListedByGnuCpio) {
  TALLY_NEED_PROGRAM(cpio, "cpio");
  SampleTree tree;
  tree.Directory("d", 01777).uid = 7;
  tree.File("d/f", "12345", 04750).gid = 8;
  tree.Symlink("l", "d/f");
  const test::Scratch scratch;
  const fs::path archive = scratch.Write("archive", CpioOf(tree.Build()));
  const auto output =
      RunTool({.program = cpio,
               .args = {"-itv", "-n", "--quiet", "-F", archive.string()},
               .env = {{"LC_ALL", "C"}, {"TZ", "UTC"}}});
  ASSERT_TRUE(output);
  EXPECT_EQ(
      output->stdout_text,
      "drwxrwxrwt   2 7        0               0 Nov 14  2023 d\n"
      "-rwsr-x---   1 0        8               5 Nov 14  2023 d/f\n"
      "lrwxrwxrwx   1 0        0               3 Nov 14  2023 l -> d/f\n");
}

TEST(Cpio, WritesTheRootOnlyIfItIsNotTheKernels) {
  SampleTree tree;
  EXPECT_TRUE(ParseCpio(CpioOf(tree.Build()))->empty());
  tree.Directory("", 0700);
  const Bytes archive = CpioOf(tree.Build());
  const auto entries = ParseCpio(archive);
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_EQ(entries->at(0).name, ".");
  EXPECT_EQ(entries->at(0).mode, 040700u);
}

TEST(Cpio, HasASizeThatIsKnownBefore) {
  const SampleTree tree = test::FullTree();
  const FileList files = tree.Build();
  EXPECT_EQ(CpioSize(files).value(), CpioOf(files).size());
}

TEST(Cpio, NumbersInodesInOrderAndKeepsItsBytes) {
  const SampleTree tree = test::FullTree();
  const FileList files = tree.Build();
  const Bytes archive = CpioOf(files);
  const auto entries = ParseCpio(archive);
  ASSERT_TRUE(entries);
  EXPECT_EQ(entries->size(), files.size() - 1);
  uint32_t highest = 0;
  for (const CpioEntry& entry : *entries) {
    EXPECT_LE(entry.ino, highest + 1);
    highest = std::max(highest, entry.ino);
  }
  EXPECT_EQ(highest, entries->size() - 2);  // two names are links
  // Format epoch 1: these bytes never change.
  EXPECT_EQ(Sha256(archive).hex(),
            "c8078f5b3a1b6001a8150b7abd73a155470ea1a27400efc6a290f3365bbc15b4");
}

TEST(Cpio, RejectsWhatTheFormatCannotHold) {
  SampleTree tree;
  tree.File("f", "x").xattrs = {{"security.capability", {1}}};
  EXPECT_EQ(CpioWriteError(tree.Build()),
            "cpio cannot hold extended attribute 'security.capability' of 'f'");
  tree.File("f", "x").mtime = int64_t{1} << 32;
  EXPECT_EQ(CpioWriteError(tree.Build()),
            "cpio cannot hold the time 4294967296 of 'f', the limit is "
            "4294967295");
  tree.File("f", "x");
  tree.File("TRAILER!!!", "x");
  EXPECT_EQ(CpioWriteError(tree.Build()),
            "cpio cannot hold the name 'TRAILER!!!'");
  EXPECT_EQ(CpioWriteError(Without(tree.Build(), "")),
            "the first path is 'TRAILER!!!', expected the root directory ''");
}

TEST(Cpio, RejectsAFileOfFourGibibytes) {
  // Only the size counts: the bytes are never read.
  const CpioEntry entry = {
      .name = "big", .content = ByteSpan(AsBytes("x").data(), size_t{1} << 32)};
  BufferSink sink;
  EXPECT_EQ(EncodeCpio({entry}, sink).error().ToString(),
            "cpio cannot hold the 4294967296 bytes of 'big', the limit is "
            "4294967295");
  EXPECT_TRUE(sink.bytes().empty());
}

TEST(Cpio, RejectsTruncation) {
  const std::string archive = GnuArchive();
  EXPECT_EQ(CpioParseError(archive.substr(0, 3)),
            "cpio: c_magic at 0x0: needs 6 bytes, 3 left");
  EXPECT_EQ(CpioParseError(archive.substr(0, 112)),
            "cpio: name at 0x6e: needs 4 bytes, 2 left");
  EXPECT_EQ(CpioParseError(archive.substr(0, 342)),
            "cpio: data at 0x154: needs 5 bytes, 2 left");
  EXPECT_EQ(CpioParseError(archive.substr(0, 348)),
            "cpio: c_magic at 0x15c: needs 6 bytes, 0 left");
}

TEST(Cpio, RejectsBadFields) {
  std::string archive = GnuArchive();
  archive[5] = '2';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: c_magic at 0x0: found '070702', expected '070701'");
  archive = GnuArchive();
  archive[6] = 'x';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: c_ino at 0x6: found 'x0A762B7', expected 8 hexadecimal "
            "digits");
  archive = GnuArchive();
  archive[109] = '1';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: c_check at 0x66: found 0x1, expected 0");
  archive = GnuArchive();
  archive[111] = '\0';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: name at 0x6e: found 'd\\x00v\\x00', expected a name and one "
            "NUL at its end");
  archive = GnuArchive();
  archive[115] = 'x';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: padding after name at 0x73: found 0x78, expected zero");
  archive = GnuArchive();
  archive.replace(94, 8, "FFFFFFFF");
  EXPECT_EQ(
      CpioParseError(archive),
      "cpio: c_namesize at 0x66: found 4294967295, expected at most 4096");
  archive = GnuArchive();
  archive.back() = '0';
  EXPECT_EQ(CpioParseError(archive),
            "cpio: padding after trailer at 0x1ff: found 0x30, expected zero");
}

}  // namespace
}  // namespace tally
