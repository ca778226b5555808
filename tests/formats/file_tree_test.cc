#include "formats/file_tree.h"

#include <gtest/gtest.h>

#include "tests/formats/sample_tree.h"

namespace tally {
namespace {

using test::SampleTree;

std::string Check(const FileList& files) {
  const Status status = CheckFileList(files);
  return status ? "" : status.error().ToString();
}

FileNode Directory(const std::string& path) {
  return {.path = path, .type = NodeType::kDirectory, .mode = 0755};
}

FileNode File(const std::string& path) {
  return {.path = path, .type = NodeType::kFile, .mode = 0644};
}

TEST(FileTree, AcceptsATreeOfEveryKind) {
  const SampleTree tree = test::FullTree();
  EXPECT_EQ(Check(tree.Build()), "");
}

TEST(FileTree, SortsWholePathsSoThatASiblingMayStandBeforeChildren) {
  EXPECT_EQ(Check({Directory(""), Directory("a"), File("a-b"), File("a/c")}),
            "");
  EXPECT_EQ(Check({Directory(""), Directory("a"), File("a/c"), File("a-b")}),
            "path 'a-b' comes after 'a/c', expected byte order");
}

TEST(FileTree, RejectsABadRoot) {
  EXPECT_EQ(Check({}), "file list is empty, expected a root");
  EXPECT_EQ(Check({File("")}),
            "the first path is '', expected the root directory ''");
  EXPECT_EQ(Check({Directory("a")}),
            "the first path is 'a', expected the root directory ''");
}

TEST(FileTree, RejectsADuplicatePath) {
  EXPECT_EQ(Check({Directory(""), File("a"), File("a")}),
            "path 'a' occurs twice");
}

TEST(FileTree, RejectsAParentThatIsMissingOrNoDirectory) {
  EXPECT_EQ(Check({Directory(""), File("a/b")}),
            "path 'a/b' has no parent directory 'a' in the list");
  EXPECT_EQ(Check({Directory(""), File("a"), File("a/b")}),
            "path 'a/b' has no parent directory 'a' in the list");
}

TEST(FileTree, RejectsPathsThatAreNotNormal) {
  EXPECT_EQ(Check({Directory(""), File("../x")}),
            "path '../x' has a component '..'");
  EXPECT_EQ(Check({Directory(""), File("./x")}),
            "path './x' has a component '.'");
  EXPECT_EQ(Check({Directory(""), File("/x")}), "path '/x' has a component ''");
  EXPECT_EQ(Check({Directory(""), File("x/")}), "path 'x/' has a component ''");
  EXPECT_EQ(Check({Directory(""), File(std::string("a\0b", 3))}),
            "path 'a\\x00b' contains NUL");
}

TEST(FileTree, RejectsLongNamesAndPaths) {
  const std::string name(256, 'x');
  EXPECT_EQ(
      Check({Directory(""), File(name)}),
      "path '" + name + "' has a component of 256 bytes, the limit is 255");
  EXPECT_EQ(Check({Directory(""), File(std::string(4096, 'x'))}),
            "path of 4096 bytes, the limit is 4095");
}

TEST(FileTree, RejectsBadMetadata) {
  FileNode node = File("a");
  node.mode = 0100644;
  EXPECT_EQ(
      Check({Directory(""), node}),
      "'a' has mode 0x81a4, expected permission bits only (at most 0xfff)");
  node = File("a");
  node.mtime = -1;
  EXPECT_EQ(Check({Directory(""), node}),
            "'a' has time -1, expected no time before 1970");
  node = Directory("a");
  node.content = AsBytes("x");
  EXPECT_EQ(Check({Directory(""), node}), "'a' has content but is not a file");
}

TEST(FileTree, RejectsBadExtendedAttributes) {
  FileNode node = File("a");
  node.xattrs = {{"user.b", {}}, {"user.a", {}}};
  EXPECT_EQ(Check({Directory(""), node}),
            "'a' has extended attribute 'user.a' after 'user.b', expected byte "
            "order without duplicates");
  node.xattrs = {{"", {}}};
  EXPECT_EQ(Check({Directory(""), node}),
            "'a' has extended attribute '', expected a name of 1 to 255 bytes");
  node.xattrs = {{"user.a", Bytes(65536)}};
  EXPECT_EQ(Check({Directory(""), node}),
            "'a' has extended attribute 'user.a' of 65536 bytes, the limit is "
            "65535");
}

TEST(FileTree, RejectsBadSymlinks) {
  FileNode node = File("a");
  node.symlink_target = "b";
  EXPECT_EQ(Check({Directory(""), node}),
            "'a' has a symlink target 'b' but is not a symlink");
  node.type = NodeType::kSymlink;
  EXPECT_EQ(Check({Directory(""), node}),
            "symlink 'a' has mode 0x1a4, expected 0x1ff (0777)");
  node.mode = 0777;
  node.symlink_target = "";
  EXPECT_EQ(Check({Directory(""), node}),
            "symlink 'a' has a target of 0 bytes, expected 1 to 4095");
  node.symlink_target = std::string("x\0", 2);
  EXPECT_EQ(Check({Directory(""), node}),
            "symlink 'a' has a target with NUL: 'x\\x00'");
}

TEST(FileTree, RejectsBadHardLinks) {
  FileNode link = File("b");
  link.hard_link_of = 2;
  EXPECT_EQ(Check({Directory(""), File("a"), link}),
            "hard link 'b' does not point to an earlier path");
  link.hard_link_of = 0;
  EXPECT_EQ(Check({Directory(""), File("a"), link}),
            "hard link 'b' to '': expected two files, the second not a hard "
            "link");
  link.hard_link_of = 1;
  link.uid = 5;
  EXPECT_EQ(Check({Directory(""), File("a"), link}),
            "hard link 'b' to 'a': the metadata differ");
}

TEST(FileTree, CountsLinks) {
  FileNode link = File("b");
  link.hard_link_of = 1;
  const FileList files = {Directory(""), File("a"), link, Directory("c"),
                          Directory("c/d")};
  EXPECT_EQ(LinkCounts(files), (std::vector<uint32_t>{3, 2, 2, 3, 2}));
}

TEST(FileTree, SplitsPaths) {
  EXPECT_EQ(ParentPath("usr/bin/x"), "usr/bin");
  EXPECT_EQ(BaseName("usr/bin/x"), "x");
  EXPECT_EQ(ParentPath("usr"), "");
  EXPECT_EQ(BaseName("usr"), "usr");
}

}  // namespace
}  // namespace tally
