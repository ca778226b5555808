#include "builder/tree.h"

#include <gtest/gtest.h>

#include "builder/files_json.h"
#include "builder/merged_path.h"
#include "builder/package.h"
#include "common/json.h"
#include "tests/support/make_deb.h"

namespace tally {
namespace {

using test::MakeDeb;

const Manifest kManifest = {.path = "m.yaml"};

const PathFilter kEverything = [](const std::string&) { return true; };

UnpackedPackage Unpacked(const std::string& name,
                         const std::vector<test::TarMember>& members) {
  Result<UnpackedPackage> package =
      UnpackPackage(name, MakeDeb(members), kEverything);
  EXPECT_TRUE(package) << package.error().ToString();
  return std::move(package).value();
}

std::string UnpackError(const std::vector<test::TarMember>& members) {
  const Result<UnpackedPackage> package =
      UnpackPackage("evil", MakeDeb(members), kEverything);
  return package ? "no error" : package.error().ToString();
}

TEST(MergedPath, MovesTopLevelDirectoriesBelowUsr) {
  EXPECT_EQ(*MergedPath("./bin/sh"), "usr/bin/sh");
  EXPECT_EQ(*MergedPath("./lib64/ld.so"), "usr/lib64/ld.so");
  EXPECT_EQ(*MergedPath("./lib/"), "usr/lib");
  EXPECT_EQ(*MergedPath("./usr/lib/x"), "usr/lib/x");
  EXPECT_EQ(*MergedPath("./library/x"), "library/x");
  EXPECT_EQ(*MergedPath("./"), "");
  EXPECT_EQ(*MergedPath("."), "");
}

TEST(MergedPath, RejectsPathsThatLeaveTheImage) {
  for (const char* path :
       {"/etc/passwd", "../x", "./a/../../x", "a//b", "./a/./b", "./a/.."}) {
    const Result<std::string> merged = MergedPath(path);
    ASSERT_FALSE(merged) << path;
    EXPECT_EQ(merged.error().message(),
              "path '" + std::string(path) +
                  "', expected a relative path without '..', '.' or empty "
                  "components");
  }
}

TEST(UnpackPackage, RejectsEscapesAndDuplicates) {
  EXPECT_EQ(UnpackError({{.path = "../../etc/shadow", .content = "x"}}),
            "path '../../etc/shadow', expected a relative path without '..', "
            "'.' or empty components\n  while unpacking package 'evil'");
  EXPECT_EQ(UnpackError({{.path = "./a"}, {.path = "./a"}}),
            "data.tar: 'a' twice\n  while unpacking package 'evil'");
  // The same file under its merged and its old name.
  EXPECT_EQ(UnpackError({{.path = "./bin/a"}, {.path = "./usr/bin/a"}}),
            "data.tar: 'usr/bin/a' twice\n  while unpacking package 'evil'");
  EXPECT_EQ(
      UnpackError({{.path = "./a", .type = '1', .link = "./etc/shadow"}}),
      "data.tar: 'a' is a hard link to 'etc/shadow', expected an earlier file "
      "of the same package\n  while unpacking package 'evil'");
}

TEST(UnpackPackage, KeepsAWantedLinkToAnUnwantedFile) {
  const Bytes deb = MakeDeb({{.path = "./a", .content = "data"},
                             {.path = "./b", .type = '1', .link = "./a"},
                             {.path = "./c", .type = '1', .link = "./a"}});
  const Result<UnpackedPackage> package = UnpackPackage(
      "p", deb, [](const std::string& path) { return path != "a"; });
  ASSERT_TRUE(package);
  ASSERT_EQ(package->entries.size(), 2u);
  EXPECT_EQ(AsText(package->entries[0].content.span()), "data");
  EXPECT_EQ(package->entries[0].hard_link_of, "");
  EXPECT_EQ(package->entries[1].hard_link_of, "b");
}

TEST(Tree, NamesBothPackagesOfAConflict) {
  Tree tree;
  const TreeSpec spec;
  const Status status =
      AddPackages(kManifest, spec,
                  {Unpacked("one", {{.path = "./etc/x", .content = "1"}}),
                   Unpacked("two", {{.path = "./etc/x", .content = "2"}})},
                  &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "'/etc/x' is in both package one and package two");
  ASSERT_EQ(status.error().hints().size(), 1u);
  EXPECT_EQ(status.error().hints()[0],
            "say which one wins: conflicts: [{path: \"/etc/x\", keep: "
            "PACKAGE}]");
}

TEST(Tree, LetsTheManifestChooseTheWinner) {
  Tree tree;
  const TreeSpec spec{.conflicts = {{.path = "/etc/x", .keep = "two"}}};
  ASSERT_TRUE(
      AddPackages(kManifest, spec,
                  {Unpacked("one", {{.path = "./etc/x", .content = "1"}}),
                   Unpacked("two", {{.path = "./etc/x", .content = "2"}})},
                  &tree));
  EXPECT_EQ(AsText(tree.Find("etc/x")->content.span()), "2");
  EXPECT_EQ(tree.Find("etc/x")->origin.ToString(), "package two");
}

TEST(Tree, RejectsAWinnerThatHasNotThePath) {
  Tree tree;
  const TreeSpec spec{.conflicts = {{.path = "/bin/x",
                                     .keep = "nosuch",
                                     .where = {.line = 3, .column = 4}}}};
  const Status status = AddPackages(
      kManifest, spec, {Unpacked("one", {{.path = "./bin/x", .content = "1"}})},
      &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "m.yaml:3:4: package 'nosuch' has no '/usr/bin/x', expected the "
            "package that wins");
}

TEST(Tree, RejectsTwoSpellingsOfOnePath) {
  const TreeSpec spec{
      .files = {{.path = "/bin/x", .content = "1", .where = {.line = 5}},
                {.path = "/usr/bin/x",
                 .content = "2",
                 .where = {.line = 6, .column = 3}}}};
  Tree tree;
  const Status status = ApplySpec(kManifest, spec, {}, &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "m.yaml:6:3: '/usr/bin/x' is in line 5 already");
}

TEST(Tree, KeepsADirectoryWithEntriesFromBeingReplaced) {
  Tree tree;
  ASSERT_TRUE(AddPackages(
      kManifest, {},
      {Unpacked("one", {{.path = "./doc/x"}, {.path = "./doc-base/y"}})},
      &tree));
  const TreeSpec spec{.files = {{.path = "/doc", .content = "1"}}};
  const Status status = ApplySpec(kManifest, spec, {}, &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "m.yaml:0:0: '/doc' is a directory with entries (generator "
            "parents), expected nothing that holds others");
}

TEST(MergedPath, RejectsPathsThatNoSystemTakes) {
  EXPECT_EQ(*MergedPath(std::string(255, 'x')), std::string(255, 'x'));
  const Result<std::string> name = MergedPath(std::string(256, 'x'));
  ASSERT_FALSE(name);
  EXPECT_EQ(name.error().ToString(),
            "file name of 256 bytes, expected at most 255");
  std::string deep = "x";
  while (deep.size() <= 4095) deep += "/x";
  const Result<std::string> path = MergedPath(deep);
  ASSERT_FALSE(path);
  EXPECT_EQ(path.error().ToString(),
            "path of 4097 bytes, expected at most 4095");
}

TEST(Tree, SharesEqualDirectoriesAndRejectsDifferentOnes) {
  const TreeSpec spec;
  Tree tree;
  EXPECT_TRUE(AddPackages(
      kManifest, spec,
      {Unpacked("one", {{.path = "./etc/", .type = '5', .mode = 0755}}),
       Unpacked("two", {{.path = "./etc/", .type = '5', .mode = 0755}})},
      &tree));
  const Status status = AddPackages(
      kManifest, spec,
      {Unpacked("three", {{.path = "./etc/", .type = '5', .mode = 0700}})},
      &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "'/etc' is in both package one (directory 0755) and package three "
            "(directory 0700)");
}

TEST(Tree, RejectsAFileBelowASymbolicLink) {
  Tree tree;
  const Status status = AddPackages(
      kManifest, {},
      {Unpacked("one", {{.path = "./x", .type = '2', .link = "/etc"}}),
       Unpacked("two", {{.path = "./x/shadow", .content = "2"}})},
      &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "'/x/shadow' of package two needs '/x' to be a directory, found a "
            "symbolic link of package one");
}

TEST(Tree, LinksMergedDirectoriesThatExist) {
  Tree tree;
  ASSERT_TRUE(AddPackages(kManifest, {},
                          {Unpacked("one", {{.path = "./bin/sh"}})}, &tree));
  ASSERT_TRUE(AddUsrMergeLinks(&tree));
  ASSERT_NE(tree.Find("bin"), nullptr);
  EXPECT_EQ(tree.Find("bin")->symlink_target, "usr/bin");
  EXPECT_EQ(tree.Find("lib"), nullptr);
}

TEST(Tree, AcceptsABaseFilesThatShipsTheLinksItself) {
  Tree tree;
  ASSERT_TRUE(
      AddPackages(kManifest, {},
                  {Unpacked("base-files",
                            {{.path = "./bin", .type = '2', .link = "usr/bin"},
                             {.path = "./usr/bin/x"}})},
                  &tree));
  ASSERT_TRUE(AddUsrMergeLinks(&tree));
  EXPECT_EQ(tree.Find("bin")->symlink_target, "usr/bin");
}

TEST(Tree, DropsDirectoriesThatAnIncludeListDoesNotReach) {
  const TreeSpec spec{.include = {"/usr/bin/x"}};
  Tree tree;
  const Bytes deb =
      MakeDeb({{.path = "./usr/", .type = '5', .mode = 0755},
               {.path = "./usr/bin/", .type = '5', .mode = 0755},
               {.path = "./usr/bin/x"},
               {.path = "./usr/share/", .type = '5', .mode = 0755}});
  Result<UnpackedPackage> package = UnpackPackage(
      "p", deb, [](const std::string& path) { return path == "usr/bin/x"; });
  ASSERT_TRUE(package);
  ASSERT_TRUE(AddPackages(kManifest, spec, {*package}, &tree));
  EXPECT_NE(tree.Find("usr/bin/x"), nullptr);
  EXPECT_EQ(tree.Find("usr/share"), nullptr);
}

TEST(Tree, RejectsOwnersThatDebianDoesNotFix) {
  Tree tree;
  ASSERT_TRUE(AddPackages(
      kManifest, {}, {Unpacked("one", {{.path = "./x", .gid = 101}})}, &tree));
  const Status status = CheckOwners(tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "'/x' of package one has owner id 101, expected one of Debian's "
            "fixed ids 0 to 99");
}

TEST(Tree, AppliesWhatTheManifestSaysOverPackages) {
  Manifest manifest;
  manifest.path = "m.yaml";
  const TreeSpec spec{
      .directories = {{.path = "/srv", .mode = 0700, .owner = {.uid = 7}}},
      .files = {{.path = "/etc/x", .content = "mine", .mode = 0600},
                {.path = "/bin/tool", .source = "tool", .mode = 0755}},
      .symlinks = {{.path = "/etc/y", .target = "x"}},
      .modes = {{.path = "/usr/bin/su", .mode = 0755}}};
  Tree tree;
  ASSERT_TRUE(AddPackages(
      kManifest, {},
      {Unpacked("one", {{.path = "./etc/x", .content = "theirs"},
                        {.path = "./bin/su", .mode = 04755, .gid = 200}})},
      &tree));
  const std::map<std::string, Content> local = {
      {"tool", MakeContent(ToBytes(AsBytes("#!/bin/sh\n")))}};
  const Status status = ApplySpec(manifest, spec, local, &tree);
  ASSERT_TRUE(status) << status.error().ToString();
  EXPECT_EQ(tree.Find("srv")->mode, 0700u);
  EXPECT_EQ(tree.Find("srv")->uid, 7u);
  EXPECT_EQ(AsText(tree.Find("etc/x")->content.span()), "mine");
  EXPECT_EQ(AsText(tree.Find("usr/bin/tool")->content.span()), "#!/bin/sh\n");
  EXPECT_EQ(tree.Find("etc/y")->symlink_target, "x");
  EXPECT_EQ(tree.Find("usr/bin/su")->mode, 0755u);
  EXPECT_EQ(tree.Find("usr/bin/su")->gid, 0u);
  EXPECT_EQ(tree.Find("usr/bin/su")->origin.ToString(), "package one");
  EXPECT_TRUE(CheckOwners(tree));
}

TEST(Tree, SaysWhereTheManifestChangesAMissingPath) {
  Manifest manifest;
  manifest.path = "m.yaml";
  const TreeSpec spec{
      .modes = {{.path = "/none", .where = {.line = 12, .column = 5}}}};
  Tree tree;
  const Status status = ApplySpec(manifest, spec, {}, &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "m.yaml:12:5: '/none' is not in the image, expected a file or "
            "directory");
}

TEST(Tree, ListsHardLinksOfOneInode) {
  Tree tree;
  ASSERT_TRUE(AddPackages(
      kManifest, {},
      {Unpacked("one", {{.path = "./b", .content = "data"},
                        {.path = "./a", .type = '1', .link = "./b"}})},
      &tree));
  const FileList list = tree.ToFileList(1);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[1].path, "a");
  EXPECT_FALSE(list[1].hard_link_of.has_value());
  EXPECT_EQ(list[2].hard_link_of, 1u);
  EXPECT_TRUE(CheckFileList(list));
}

TEST(FilesJson, IsValidJsonWithEveryField) {
  Tree tree;
  ASSERT_TRUE(AddPackages(
      kManifest, {},
      {Unpacked("one", {{.path = "./x", .mode = 04755, .content = "1"}})},
      &tree));
  const Result<Json> json =
      ParseJson(FormatFilesJson({{"root", &tree}}, kFormatEpoch));
  ASSERT_TRUE(json) << json.error().ToString();
  const Json& record = (*json->Find("root")->array())[1];
  EXPECT_EQ(record.Canonical(),
            "{\"gid\":0,\"mode\":\"4755\",\"origin\":\"package one\",\"path\":"
            "\"/x\",\"sha256\":"
            "\"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"
            "\",\"size\":1,\"target\":null,\"type\":\"file\",\"uid\":0,"
            "\"xattrs\":{}}");
}

}  // namespace
}  // namespace tally
