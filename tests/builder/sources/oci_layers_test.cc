#include "builder/sources/oci_layers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/make_deb.h"

namespace tally {
namespace {

using Members = std::vector<test::TarMember>;
using testing::ElementsAre;

// Merged returns the paths of the merged layers, or the error.
Result<SourceTree> Merge(const std::vector<Members>& layers) {
  LayerMerger merger;
  const MappedFiles mapped;
  for (const Members& members : layers) {
    const Content tar = MakeContent(test::MakeTar(members));
    TALLY_TRY(merger.Add({.content = tar, .mapped = mapped}));
  }
  return std::move(merger).Take();
}

std::vector<std::string> LayerPaths(const std::vector<Members>& layers) {
  const auto tree = Merge(layers);
  if (!tree) return {tree.error().message()};
  std::vector<std::string> paths;
  for (const SourceEntry& entry : *tree) paths.push_back(entry.path);
  return paths;
}

std::string RefusedLayers(const std::vector<Members>& layers) {
  const auto tree = Merge(layers);
  return tree ? "accepted" : tree.error().message();
}

test::TarMember FileMember(const std::string& path,
                           const std::string& text = "x") {
  return {.path = path, .content = text};
}
test::TarMember DirectoryMember(const std::string& path) {
  return {.path = path, .type = '5', .mode = 0755};
}
test::TarMember WhiteoutMember(const std::string& path) {
  return {.path = path, .content = ""};
}
test::TarMember SymlinkMember(const std::string& path,
                              const std::string& target) {
  return {.path = path, .type = '2', .mode = 0777, .link = target};
}
test::TarMember HardLinkMember(const std::string& path,
                               const std::string& target) {
  return {.path = path, .type = '1', .link = target};
}

TEST(OciLayers, LaterLayersWin) {
  const auto tree = Merge({{DirectoryMember("a/"), FileMember("a/x", "one"),
                            FileMember("a/y", "two")},
                           {FileMember("./a/x", "three")}});
  ASSERT_TRUE(tree) << tree.error().ToString();
  ASSERT_EQ(tree->size(), 3u);
  EXPECT_EQ(AsText((*tree)[1].content.span()), "three");
  EXPECT_EQ(AsText((*tree)[2].content.span()), "two");
}

TEST(OciLayers, KeepNumericOwners) {
  const auto tree =
      Merge({{{.path = "f", .mode = 04755, .uid = 1000, .gid = 65534}}});
  ASSERT_TRUE(tree) << tree.error().ToString();
  EXPECT_EQ((*tree)[0].mode, 04755u);
  EXPECT_EQ((*tree)[0].uid, 1000u);
  EXPECT_EQ((*tree)[0].gid, 65534u);
}

TEST(OciLayers, WhiteoutsHideFilesAndTrees) {
  EXPECT_THAT(
      LayerPaths(
          {{DirectoryMember("a"), FileMember("a/x"), DirectoryMember("a/d"),
            FileMember("a/d/e"), FileMember("a/z")},
           {WhiteoutMember("a/.wh.x"), WhiteoutMember("a/.wh.d")}}),
      ElementsAre("a", "a/z"));
}

TEST(OciLayers, WhiteoutsSpareTheirOwnLayer) {
  EXPECT_THAT(
      LayerPaths({{DirectoryMember("a"), FileMember("a/x"), FileMember("a/y")},
                  {FileMember("a/x"), WhiteoutMember("a/.wh.x"),
                   WhiteoutMember("a/.wh..wh..opq"), FileMember("a/z")}}),
      ElementsAre("a", "a/x", "a/z"));
}

TEST(OciLayers, WhiteoutOfNothingIsFine) {
  EXPECT_THAT(LayerPaths({{FileMember("x")}, {WhiteoutMember(".wh.y")}}),
              ElementsAre("x"));
}

TEST(OciLayers, FilesReplaceDirectoriesAndTheOtherWayRound) {
  EXPECT_THAT(
      LayerPaths({{DirectoryMember("a"), FileMember("a/x"), FileMember("b")},
                  {FileMember("a"), DirectoryMember("b"), FileMember("b/y")}}),
      ElementsAre("a", "b", "b/y"));
}

TEST(OciLayers, HardLinksShareTheirInode) {
  const auto tree = Merge({{FileMember("a"), HardLinkMember("b", "a")},
                           {HardLinkMember("c", "a")}});
  ASSERT_TRUE(tree) << tree.error().ToString();
  ASSERT_EQ(tree->size(), 3u);
  EXPECT_EQ((*tree)[0].inode, (*tree)[1].inode);
  EXPECT_EQ((*tree)[0].inode, (*tree)[2].inode);
  EXPECT_EQ(AsText((*tree)[2].content.span()), "x");
}

TEST(OciLayers, RejectWhiteoutTricks) {
  const std::string expected = ", expected '.wh.' and the name of a file";
  EXPECT_EQ(RefusedLayers({{WhiteoutMember(".wh.")}}),
            "found whiteout '.wh.'" + expected);
  EXPECT_EQ(RefusedLayers({{WhiteoutMember("a/.wh..")}}),
            "found whiteout 'a/.wh..'" + expected);
  EXPECT_EQ(RefusedLayers({{WhiteoutMember("a/.wh...")}}),
            "found whiteout 'a/.wh...'" + expected);
  EXPECT_EQ(RefusedLayers({{WhiteoutMember(".wh..wh.plnk")}}),
            "found whiteout '.wh..wh.plnk'" + expected);
  EXPECT_EQ(RefusedLayers({{FileMember("a/.wh.x", "content")}}),
            "whiteout 'a/.wh.x' is no empty file");
  EXPECT_EQ(RefusedLayers({{SymlinkMember(".wh.x", "y")}}),
            "whiteout '.wh.x' is no empty file");
  EXPECT_EQ(RefusedLayers({{FileMember("f"), HardLinkMember(".wh.x", "f")}}),
            "whiteout '.wh.x' is no empty file");
  EXPECT_EQ(RefusedLayers({{DirectoryMember(".wh.x")}}),
            "whiteout '.wh.x' is no empty file");
  EXPECT_EQ(RefusedLayers({{FileMember(".wh.x/y")}}),
            "member '.wh.x/y' is below a whiteout, expected a directory");
  EXPECT_EQ(
      RefusedLayers({{WhiteoutMember(".wh.x"), WhiteoutMember("./.wh.x")}}),
      "found member './.wh.x' again, expected it once");
  EXPECT_EQ(RefusedLayers({{SymlinkMember("l", "etc"), DirectoryMember("etc"),
                            FileMember("etc/x")},
                           {WhiteoutMember("l/.wh.x")}}),
            "member 'l/x' is below 'l', which is no directory");
}

TEST(OciLayers, RejectTraversal) {
  const std::string expected =
      ", expected a relative path without '..', '.' or empty components";
  EXPECT_EQ(RefusedLayers({{FileMember("../x")}}), "path '../x'" + expected);
  EXPECT_EQ(RefusedLayers({{FileMember("a/../../x")}}),
            "path 'a/../../x'" + expected);
  EXPECT_EQ(RefusedLayers({{FileMember("/etc/passwd")}}),
            "path '/etc/passwd'" + expected);
  EXPECT_EQ(
      RefusedLayers({{FileMember("a"), HardLinkMember("b", "../etc/passwd")}}),
      "path '../etc/passwd'" + expected);
  EXPECT_EQ(RefusedLayers({{HardLinkMember("b", "/etc/passwd")}}),
            "path '/etc/passwd'" + expected);
}

TEST(OciLayers, RejectLinksAsParents) {
  EXPECT_EQ(RefusedLayers({{SymlinkMember("a", "/etc"), FileMember("a/x")}}),
            "member 'a/x' is below 'a', which is no directory");
  EXPECT_EQ(RefusedLayers({{SymlinkMember("a", "/etc")}, {FileMember("a/x")}}),
            "member 'a/x' is below 'a', which is no directory");
  EXPECT_EQ(RefusedLayers({{FileMember("a")}, {FileMember("a/b/c")}}),
            "member 'a/b/c' is below 'a', which is no directory");
}

TEST(OciLayers, RejectHardLinksToNoFile) {
  EXPECT_EQ(RefusedLayers({{HardLinkMember("b", "a")}}),
            "hard link 'b' to 'a', expected an earlier file of the image");
  EXPECT_EQ(RefusedLayers({{HardLinkMember("b", "a"), FileMember("a")}}),
            "hard link 'b' to 'a', expected an earlier file of the image");
  EXPECT_EQ(
      RefusedLayers({{FileMember("a")},
                     {WhiteoutMember(".wh.a"), HardLinkMember("b", "a")}}),
      "hard link 'b' to 'a', expected an earlier file of the image");
  EXPECT_EQ(RefusedLayers({{DirectoryMember("a"), HardLinkMember("b", "a")}}),
            "hard link 'b' to 'a', which is no file");
}

TEST(OciLayers, RejectDuplicatesAndDevices) {
  EXPECT_EQ(RefusedLayers({{FileMember("a"), FileMember("./a")}}),
            "found member './a' again, expected it once");
  EXPECT_EQ(RefusedLayers({{{.path = "dev/null", .type = '3'}}}),
            "tar: 'dev/null' is a device, socket or pipe, expected a file, "
            "directory or link");
}

}  // namespace
}  // namespace tally
