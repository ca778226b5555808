#include "formats/erofs.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "common/hash.h"
#include "common/text.h"
#include "formats/crc32c.h"
#include "tests/formats/run_program.h"
#include "tests/formats/sample_tree.h"
#include "tests/formats/tree_compare.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::SampleTree;

const ErofsOptions kErofsOptions = {
    .uuid = {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}},
    .volume_name = "sample",
    .build_time = 1600000000};

Bytes ErofsOf(const FileList& files) {
  BufferSink sink;
  const Status status = WriteErofs(files, kErofsOptions, sink);
  EXPECT_TRUE(status) << status.error().ToString();
  return sink.bytes();
}

std::string ErofsWriteError(const FileList& files,
                            const ErofsOptions& options) {
  BufferSink sink;
  const Status status = WriteErofs(files, options, sink);
  return status ? "" : status.error().ToString();
}

std::string ErofsReadError(ByteSpan image) {
  const auto read = ReadErofs(image);
  return read ? "" : read.error().ToString();
}

// PatchedErofs returns the image with one byte changed and the checksum set
// right.
Bytes PatchedErofs(Bytes image, size_t at, uint8_t value) {
  image.at(at) = value;
  for (size_t i = 0; i < 4; ++i) image[1028 + i] = 0;
  const uint32_t crc =
      Crc32c(~uint32_t{0}, ByteSpan(image).subspan(1024, 3072));
  for (size_t i = 0; i < 4; ++i) {
    image[1028 + i] = static_cast<uint8_t>(crc >> (8 * i));
  }
  return image;
}

SampleTree TreeWithXattrs() {
  SampleTree tree = test::FullTree();
  tree.File("ping", test::Pattern(300, 1), 0755).xattrs = {
      {"security.capability", Bytes(20, 7)}};
  tree.File("attributes", test::Pattern(9000, 2)).xattrs = {
      {"security.a", {}},
      {"system.posix_acl_access", {2, 0, 0, 0}},
      {"trusted.b", {1}},
      {"user.c", Bytes(5000, 9)}};
  tree.Directory("directory-with-attribute").xattrs = {{"user.d", {1, 2, 3}}};
  return tree;
}

void ExpectSameFiles(const FileList& a, const FileList& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].path, b[i].path);
    EXPECT_EQ(a[i].type, b[i].type) << a[i].path;
    EXPECT_EQ(a[i].mode, b[i].mode) << a[i].path;
    EXPECT_EQ(a[i].uid, b[i].uid) << a[i].path;
    EXPECT_EQ(a[i].gid, b[i].gid) << a[i].path;
    EXPECT_EQ(a[i].mtime, b[i].mtime) << a[i].path;
    EXPECT_EQ(a[i].symlink_target, b[i].symlink_target) << a[i].path;
    EXPECT_EQ(a[i].xattrs, b[i].xattrs) << a[i].path;
    EXPECT_EQ(a[i].hard_link_of, b[i].hard_link_of) << a[i].path;
    if (a[i].hard_link_of) continue;
    EXPECT_EQ(ToBytes(a[i].content), ToBytes(b[i].content)) << a[i].path;
  }
}

TEST(Erofs, ReadsBackWhatItWrote) {
  const SampleTree tree = TreeWithXattrs();
  const FileList files = tree.Build();
  const Bytes image = ErofsOf(files);
  const auto read = ReadErofs(image);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->options, kErofsOptions);
  ExpectSameFiles(read->files, files);
  EXPECT_EQ(ErofsOf(read->files), image);
}

TEST(Erofs, HasASizeThatIsKnownBefore) {
  const SampleTree tree = TreeWithXattrs();
  const FileList files = tree.Build();
  EXPECT_EQ(ErofsSize(files, kErofsOptions).value(), ErofsOf(files).size());
}

TEST(Erofs, IsAcceptedByFsck) {
  TALLY_NEED_PROGRAM(fsck, "fsck.erofs");
  const SampleTree tree = TreeWithXattrs();
  const test::Scratch scratch;
  const fs::path image = scratch.Write("image", ErofsOf(tree.Build()));
  const ToolOutput output = test::RunProgram(fsck, {"-d3", image.string()});
  EXPECT_EQ(output.exit_status, 0) << output.stdout_text << output.stderr_text;
  EXPECT_NE((output.stdout_text + output.stderr_text).find("No errors found"),
            std::string::npos);
}

TEST(Erofs, IsExtractedByFsck) {
  TALLY_NEED_PROGRAM(fsck, "fsck.erofs");
  const SampleTree tree = TreeWithXattrs();
  const FileList files = tree.Build();
  const test::Scratch scratch;
  const fs::path image = scratch.Write("image", ErofsOf(files));
  const auto extract = [&](const std::string& name,
                           const std::string& option) -> fs::path {
    const fs::path root = scratch.path() / name;
    const ToolOutput output =
        test::RunProgram(fsck, {"--extract=" + root.string(),
                                "--preserve-perms", option, image.string()});
    EXPECT_EQ(output.exit_status, 0)
        << output.stdout_text << output.stderr_text;
    return root;
  };
  // It sets owners after modes, whereupon Linux clears suid: extract twice.
  test::ExpectSameTree(files, extract("modes", "--no-preserve-owner"),
                       {.owners = false});
  test::ExpectSameTree(files, extract("owners", "--preserve-owner"),
                       {.set_ids = false});
}

TEST(Erofs, IsDescribedByDump) {
  TALLY_NEED_PROGRAM(dump, "dump.erofs");
  const SampleTree tree = TreeWithXattrs();
  const FileList files = tree.Build();
  const test::Scratch scratch;
  const Bytes bytes = ErofsOf(files);
  const fs::path image = scratch.Write("image", bytes);
  const std::string text =
      test::RunProgram(dump, {"-s", image.string()}).stdout_text;
  for (const std::string line :
       {"Filesystem magic number:                      0xE0F5E1E2",
        "Filesystem features:                          sb_csum mtime",
        "Filesystem UUID:                              "
        "01020304-0506-0708-090a-0b0c0d0e0f10"}) {
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
  }
  EXPECT_NE(text.find("Filesystem blocks:                            " +
                      std::to_string(bytes.size() / 4096)),
            std::string::npos)
      << text;
}

TEST(Erofs, ReadsImagesOfMkfs) {
  TALLY_NEED_PROGRAM(mkfs, "mkfs.erofs");
  TALLY_NEED_PROGRAM(fsck, "fsck.erofs");
  const SampleTree tree = test::FullTree();
  FileList files = tree.Build();
  // mkfs.erofs 1.5 fails on a name of 255 bytes.
  std::erase_if(files, [](const FileNode& node) {
    return BaseName(node.path).size() == 255;
  });
  const test::Scratch scratch;
  const fs::path ours = scratch.Write("ours", ErofsOf(files));
  const fs::path root = scratch.path() / "root";
  ASSERT_EQ(
      test::RunProgram(fsck, {"--extract=" + root.string(), "--preserve-perms",
                              "--no-preserve-owner", ours.string()})
          .exit_status,
      0);
  fs::remove(root / "bin/sudo");
  fs::remove(root / "su-link");
  fs::create_hard_link(root / "bin/su", root / "bin/sudo");
  fs::create_hard_link(root / "bin/su", root / "su-link");
  const fs::path image = scratch.path() / "theirs";
  const ToolOutput output = test::RunProgram(
      mkfs, {"-T1600000000", "-x-1", "-U01020304-0506-0708-090a-0b0c0d0e0f10",
             "--force-uid=7", "--force-gid=8", image.string(), root.string()});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
  for (FileNode& node : files) {
    node.mtime = 1600000000;
    node.uid = 7;
    node.gid = 8;
  }
  const Bytes theirs = test::MustRead(image);
  const auto read = ReadErofs(theirs);
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(read->options.uuid, kErofsOptions.uuid);
  EXPECT_EQ(read->options.build_time, kErofsOptions.build_time);
  ExpectSameFiles(read->files, files);
}

TEST(Erofs, WastesLittleSpace) {
  const SampleTree tree = test::FullTree();
  const FileList files = tree.Build();
  uint64_t contents = 0;
  for (const FileNode& node : files) contents += node.content.size();
  // 64 bytes for every inode, the names, and a tenth for gaps between tails.
  EXPECT_LT(ErofsOf(files).size(), (contents + files.size() * 110) * 11 / 10);
}

TEST(Erofs, KeepsItsBytes) {
  const SampleTree tree = TreeWithXattrs();
  // Format epoch 1: these bytes never change.
  EXPECT_EQ(Sha256(ErofsOf(tree.Build())).hex(),
            "7643c1395262b9f7b1a108bbe9aecf3123ed7386db208c733c6ad7150d5153fe");
}

TEST(Erofs, WritesAnEmptyRootIntoOneBlock) {
  const SampleTree tree;
  const Bytes image = ErofsOf(tree.Build());
  EXPECT_EQ(image.size(), 4096u);
  EXPECT_EQ(ReadErofs(image)->files.size(), 1u);
}

TEST(Erofs, RejectsBadOptions) {
  const SampleTree tree;
  EXPECT_EQ(ErofsWriteError(tree.Build(), {.volume_name = "0123456789abcdef"}),
            "erofs volume name '0123456789abcdef', expected at most 15 bytes "
            "without NUL");
  EXPECT_EQ(ErofsWriteError(tree.Build(), {.build_time = -1}),
            "erofs build time -1, expected no time before 1970");
}

TEST(Erofs, RejectsAttributesItCannotHold) {
  SampleTree tree;
  tree.File("f", "x").xattrs = {{"system.other", {}}};
  EXPECT_EQ(ErofsWriteError(tree.Build(), kErofsOptions),
            "erofs cannot hold extended attribute 'system.other' of 'f'");
  Bytes value(65535);
  tree.File("f", "x").xattrs = {{"user.1", value},
                                {"user.2", value},
                                {"user.3", value},
                                {"user.4", value}};
  EXPECT_EQ(ErofsWriteError(tree.Build(), kErofsOptions),
            "erofs cannot hold the 262172 bytes of extended attributes of 'f', "
            "the limit is 262148");
}

// CountingSink keeps the first block and counts the rest.
class CountingSink : public ByteSink {
 public:
  Status Append(ByteSpan bytes) override {
    if (first_block.empty()) first_block = ToBytes(bytes.first(4096));
    size_bytes += bytes.size();
    return Ok();
  }
  Bytes first_block;
  uint64_t size_bytes = 0;
};

TEST(Erofs, HoldsFilesOverFourGibibytes) {
  // Whole blocks only: the writer passes them on and reads none.
  SampleTree tree;
  constexpr uint64_t kSize = (uint64_t{5} << 30) + 4096;
  tree.File("big", "x").content = ByteSpan(AsBytes("x").data(), kSize);
  CountingSink sink;
  ASSERT_TRUE(WriteErofs(tree.Build(), kErofsOptions, sink));
  EXPECT_EQ(sink.size_bytes, kSize + 4096);
  EXPECT_EQ(ErofsSize(tree.Build(), kErofsOptions).value(), kSize + 4096);
  // Inode 40, after the root with 41 bytes of entries: i_size at 8.
  EXPECT_EQ(Hex(ByteSpan(sink.first_block).subspan(40 * 32 + 8, 8)),
            "0010004001000000");
}

TEST(Erofs, RejectsAnImageOverSixteenTebibytes) {
  SampleTree tree;
  tree.File("big", "x").content =
      ByteSpan(AsBytes("x").data(), uint64_t{1} << 44);
  EXPECT_EQ(
      ErofsWriteError(tree.Build(), kErofsOptions),
      "erofs cannot hold 'big': the image would exceed 4294967295 blocks");
}

// One file of 5000 bytes: root inode at 1152 with its entries inline, then the
// file's inode, whose first block is block 1.
Bytes SmallImage() {
  SampleTree tree;
  tree.File("f", test::Pattern(5000, 3));
  return ErofsOf(tree.Build());
}
constexpr size_t kErofsRoot = 1152;

TEST(Erofs, RejectsBadSuperblocks) {
  const Bytes good = SmallImage();
  ASSERT_EQ(ErofsReadError(good), "");
  EXPECT_EQ(ErofsReadError(ByteSpan(good).first(4095)),
            "erofs: image has 4095 bytes, expected at least 4096");
  EXPECT_EQ(ErofsReadError(ByteSpan(good).first(good.size() - 1)),
            "erofs: image has 8191 bytes, its superblock says 8192");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, 1024, 0)),
            "erofs superblock: magic at 0x400: found 0xe0f5e100, expected "
            "0xe0f5e1e2");
  EXPECT_EQ(
      ErofsReadError(PatchedErofs(good, 1024 + 8, 2)),
      "erofs superblock: feature_compat at 0x408: found 0x2, expected 0x1 "
      "(checksum) or 0x3");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, 1024 + 12, 9)),
            "erofs superblock: blkszbits at 0x40c: found 9, expected 12 (4096 "
            "bytes)");
  EXPECT_EQ(
      ErofsReadError(PatchedErofs(good, 1024 + 0x50, 1)),
      "erofs superblock: feature_incompat at 0x450: found 0x1, expected zero");
  EXPECT_EQ(
      ErofsReadError(PatchedErofs(good, 1024 + 0x47, 'x')),
      "erofs superblock: volume_name at 0x440: found "
      "'sample\\x00x\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00', expected a "
      "name and zeros");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, 1024 + 16, 9)),
            "erofs superblock: inos at 0x410: found 9, expected 2");
  Bytes flipped = good;
  flipped[2000] ^= 1;
  EXPECT_EQ(ErofsReadError(flipped).substr(0, 45),
            "erofs superblock: checksum at 0x404: found 0x");
}

TEST(Erofs, RejectsBadInodes) {
  const Bytes good = SmallImage();
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot, 3)),
            "erofs inode: i_format at 0x480: found 0x3, expected a flat "
            "uncompressed inode");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 2, 1)),
            "erofs inode: i_xattr_icount at 0x482: found 1, which has no "
            "meaning");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 5, 0x11)),
            "erofs inode: i_mode at 0x484: found 0x11ed, expected a file, "
            "directory or symlink");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 5, 0x81)),
            "erofs: the root inode is not a directory");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 0x28, 1)),
            "erofs inode: i_mtime_nsec at 0x4a8: found 0x1, expected zero");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 0x2c, 3)),
            "erofs: '' has link count 3, expected 2");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, kErofsRoot + 9, 0x80)),
            "erofs: inode at 0x480 has 32808 bytes: more contents than the "
            "image holds");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, 1024 + 15, 0xff)),
            "erofs: inode 65316 is outside the image");
}

TEST(Erofs, RejectsBadDirectories) {
  const Bytes good = SmallImage();
  const size_t entries = kErofsRoot + 64;
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries, 0)),
            "erofs directory '': '.' is inode 0, expected directory 36");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 8, 35)),
            "erofs directory '': nameoff at 0x8: found 35, expected a multiple "
            "of 12 inside the block");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 10, 9)),
            "erofs directory '': file_type at 0xa: found 9, expected 1 (file), "
            "2 (directory) or 7 (symlink)");
  EXPECT_EQ(
      ErofsReadError(PatchedErofs(good, entries + 36, 'x')),
      "erofs directory '': name '..' comes after 'x', expected byte order");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 39, '/')),
            "erofs directory '': name '/' contains '/' or NUL");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 36, '-')),
            "erofs directory '': '.' or '..' is missing");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 34, 2)),
            "erofs: directory entry 'f' has another type than its inode");
  EXPECT_EQ(ErofsReadError(PatchedErofs(PatchedErofs(good, entries + 24, 36),
                                        entries + 34, 2)),
            "erofs directory 'f': inode 36 occurs twice");
  EXPECT_EQ(ErofsReadError(PatchedErofs(good, entries + 25, 0xff)),
            "erofs: inode 65320 is outside the image");
}

TEST(Erofs, RejectsInlineDataThatCrossesABlock) {
  SampleTree tree;
  tree.File("f", test::Pattern(3000, 3));
  const Bytes good = ErofsOf(tree.Build());
  // The inode of "f" opens block 1; 0xfb8 bytes of data reach past its end.
  ASSERT_EQ(good.size(), 8192u);
  EXPECT_EQ(ErofsReadError(PatchedErofs(PatchedErofs(good, 4096 + 8, 0xd8),
                                        4096 + 9, 0x0f)),
            "erofs: inline data at 0x1040 crosses the end of its block");
}

}  // namespace
}  // namespace tally
