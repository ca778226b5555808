#include "builder/sources/tar_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/tar.h"
#include "tests/support/make_deb.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using Members = std::vector<test::TarMember>;
using testing::ElementsAre;

Result<SourceTree> UnpackMembers(const Members& members, unsigned strip = 0) {
  const MappedFiles mapped;
  const Content tar = MakeContent(test::MakeTar(members));
  return UnpackTar({.content = tar, .mapped = mapped}, strip);
}

std::vector<std::string> TarPaths(const Members& members, unsigned strip = 0) {
  const auto tree = UnpackMembers(members, strip);
  if (!tree) return {tree.error().message()};
  std::vector<std::string> paths;
  for (const SourceEntry& entry : *tree) paths.push_back(entry.path);
  return paths;
}

std::string RefusedTar(const Members& members) {
  const auto tree = UnpackMembers(members);
  return tree ? "accepted" : tree.error().message();
}

TEST(UnpackTar, KeepsContentModeAndOwner) {
  const auto tree =
      UnpackMembers({{.path = "d/", .type = '5', .mode = 0750},
                     {.path = "d/f",
                      .mode = 0755,
                      .uid = 1000,
                      .gid = 1001,
                      .content = "hello"},
                     {.path = "d/l", .type = '2', .link = "f"},
                     {.path = "d/h", .type = '1', .link = "d/f"}});
  ASSERT_TRUE(tree) << tree.error().ToString();
  ASSERT_EQ(tree->size(), 4u);
  EXPECT_EQ((*tree)[0].mode, 0750u);
  EXPECT_EQ(AsText((*tree)[1].content.span()), "hello");
  EXPECT_EQ((*tree)[1].uid, 1000u);
  EXPECT_EQ((*tree)[1].gid, 1001u);
  EXPECT_EQ((*tree)[2].path, "d/h");
  EXPECT_EQ((*tree)[2].inode, (*tree)[1].inode);
  EXPECT_EQ((*tree)[3].symlink_target, "f");
}

TEST(UnpackTar, StripsLeadingComponents) {
  const Members members = {
      {.path = "tool-1.0/", .type = '5'},
      {.path = "tool-1.0/bin/x"},
      {.path = "tool-1.0/y", .type = '1', .link = "tool-1.0/bin/x"},
      {.path = "README"}};
  EXPECT_THAT(TarPaths(members, 1), ElementsAre("bin/x", "y"));
  EXPECT_THAT(TarPaths(members, 2), ElementsAre("x"));
}

// Container tools put names beyond ASCII into pax headers, in UTF-8.
TEST(UnpackTar, KeepsNamesOfPaxHeaders) {
  BufferSink tar;
  TarWriter writer(tar);
  ASSERT_TRUE(writer.Add({.name = "d/\xc3\xa9", .size_bytes = 0}, {}));
  ASSERT_TRUE(writer.Finish());
  const MappedFiles mapped;
  const Content content = MakeContent(std::move(tar).Take());
  const auto tree = UnpackTar({.content = content, .mapped = mapped}, 0);
  ASSERT_TRUE(tree) << tree.error().ToString();
  ASSERT_EQ(tree->size(), 1u);
  EXPECT_EQ((*tree)[0].path, "d/\xc3\xa9");
}

TEST(UnpackTar, RejectsHostileArchives) {
  const std::string path =
      ", expected a relative path without '..', '.' or empty components";
  EXPECT_EQ(RefusedTar({{.path = "../x"}}), "path '../x'" + path);
  EXPECT_EQ(RefusedTar({{.path = "/x"}}), "path '/x'" + path);
  EXPECT_EQ(RefusedTar({{.path = "x"}, {.path = "./x"}}),
            "found member './x' again, expected it once");
  EXPECT_EQ(
      RefusedTar({{.path = "l", .type = '2', .link = "/etc"}, {.path = "l/x"}}),
      "member 'l/x' is below 'l', which is no directory");
  EXPECT_EQ(RefusedTar({{.path = "h", .type = '1', .link = "x"}}),
            "hard link 'h' to 'x', expected an earlier file of the archive");
  EXPECT_EQ(RefusedTar({{.path = "n", .type = '3'}}),
            "tar: 'n' is a device, socket or pipe, expected a file, directory "
            "or link");
}

TEST(OpenTar, UnpacksWhatIsCompressed) {
  TALLY_NEED_PROGRAM(gzip, "gzip");
  const test::Scratch scratch;
  const Bytes tar = test::MakeTar({{.path = "f", .content = "hello"}});
  const fs::path path = scratch.Write("a.tar", tar);
  ASSERT_TRUE(RunTool({.program = gzip, .args = {path.string()}, .env = {}}));
  MappedFiles mapped;
  const Content file = mapped.Map(scratch.path() / "a.tar.gz").value();
  const auto opened = OpenTar(file, &mapped);
  ASSERT_TRUE(opened) << opened.error().ToString();
  EXPECT_EQ(ToBytes(opened->span()), tar);
  EXPECT_TRUE(mapped.CheckUnchanged());
}

TEST(OpenTar, RefusesWhatExpandsTooMuch) {
  TALLY_NEED_PROGRAM(xz, "xz");
  const test::Scratch scratch;
  const fs::path path = scratch.Write("zeros", Bytes(16 << 20));
  ASSERT_TRUE(RunTool({.program = xz, .args = {path.string()}, .env = {}}));
  MappedFiles mapped;
  const Content file = mapped.Map(scratch.path() / "zeros.xz").value();
  const auto opened = OpenTar(file, &mapped);
  ASSERT_FALSE(opened);
  EXPECT_THAT(opened.error().message(),
              testing::StartsWith("compressed data: unpacks to more than "));
}

}  // namespace
}  // namespace tally
