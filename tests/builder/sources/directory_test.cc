#include "builder/sources/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Directory : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.Write("app/bin/run", "#!/bin/sh\n");
    scratch_.Write("app/data", "data");
    scratch_.Write("app/.git/config", "never");
    fs::create_directory(scratch_.path() / "app/empty");
    fs::create_symlink("../data", scratch_.path() / "app/bin/link");
    chmod((scratch_.path() / "app/bin/run").c_str(), 0700);
  }
  std::string ReadError() {
    MappedFiles mapped;
    const auto tree = ReadDirectory(scratch_.path(), "app", &mapped);
    return tree ? "accepted" : tree.error().message();
  }
  Scratch scratch_;
};

TEST_F(Directory, ListingIsCanonical) {
  MappedFiles mapped;
  const auto tree = ReadDirectory(scratch_.path(), "app", &mapped);
  ASSERT_TRUE(tree) << tree.error().ToString();
  const std::string listing = FormatListing(*tree);
  EXPECT_EQ(listing,
            "tally-directory 1\n"
            "d\tbin\n"
            "l\tbin/link\t../data\n"
            "x\tbin/run\t10\t"
            "a8076d3d28d21e02012b20eaf7dbf75409a6277134439025f282e368e3305abf\n"
            "f\tdata\t4\t"
            "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7\n"
            "d\tempty\n");
  std::map<std::string, uint64_t> sizes;
  const auto parsed = ParseDirectoryListing(listing, &sizes);
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(parsed->size(), tree->size());
  EXPECT_EQ((*parsed)[2].mode, 0755u);
  EXPECT_EQ(sizes.at("data"), 4u);
}

TEST_F(Directory, RejectsLinksThatLeave) {
  const fs::path link = scratch_.path() / "app/bin/bad";
  for (const std::string target : {"/etc", "../../x", "../data/../..", ".."}) {
    fs::create_symlink(target, link);
    const bool inside = target == "..";
    EXPECT_EQ(ReadError(), inside ? "accepted"
                                  : "symbolic link 'bin/bad' to '" + target +
                                        "', expected a target inside of the "
                                        "directory, with '..' only in front");
    fs::remove(link);
  }
}

TEST_F(Directory, RejectsPipesAndControlBytes) {
  const fs::path pipe = scratch_.path() / "app/pipe";
  ASSERT_EQ(mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(ReadError(), "'" + pipe.string() +
                             "' is a device, socket or pipe, expected a file, "
                             "directory or symbolic link");
  fs::remove(pipe);
  scratch_.Write("app/a\tb", "x");
  EXPECT_EQ(ReadError(),
            "'a\\x09b' has a control byte, expected names without");
}

TEST_F(Directory, NamesTheFirstFileThatDiffers) {
  Store store = Store::Open(scratch_.path() / "store").value();
  const auto locked = LockDirectory(scratch_.path(), "app", store);
  ASSERT_TRUE(locked) << locked.error().ToString();
  EXPECT_EQ(locked->num_entries, 5u);
  EXPECT_EQ(locked->size_bytes, 14u);
  MappedFiles mapped;
  const auto error = [&] {
    const auto tree =
        ReadLockedDirectory(scratch_.path(), *locked, store, &mapped);
    return tree ? "" : tree.error().message();
  };
  EXPECT_EQ(error(), "");
  scratch_.Write("app/data", "other");
  EXPECT_THAT(error(), HasSubstr("the lock names: 'data' is different\n"));
  scratch_.Write("app/data", "data");
  scratch_.Write("app/c", "new");
  EXPECT_THAT(error(), HasSubstr("the lock names: 'c' is new\n"));
  fs::remove(scratch_.path() / "app/c");
  fs::remove(scratch_.path() / "app/empty");
  EXPECT_THAT(error(), HasSubstr("the lock names: 'empty' is missing\n"));
}

TEST_F(Directory, AListingStandsForLinksAndModes) {
  Store store = Store::Open(scratch_.path() / "store").value();
  const LockedDirectory locked =
      LockDirectory(scratch_.path(), "app", store).value();
  MappedFiles mapped;
  const std::string listing =
      FormatListing(ReadDirectory(scratch_.path(), "app", &mapped).value());
  const Scratch release;
  release.Write("app.tally-directory", listing);
  release.Write("app/bin/run", "#!/bin/sh\n");
  release.Write("app/data", "data");
  const auto tree = ReadLockedDirectory(release.path(), locked, store, &mapped);
  ASSERT_TRUE(tree) << tree.error().ToString();
  EXPECT_EQ(FormatListing(*tree), listing);
  release.Write("app/data", "Data");
  const auto other =
      ReadLockedDirectory(release.path(), locked, store, &mapped);
  ASSERT_FALSE(other);
  EXPECT_THAT(other.error().message(),
              HasSubstr("/app/data' is not the file that its listing names"));
}

TEST(DirectoryListing, RejectsOtherForms) {
  const auto error = [](const std::string& text) {
    std::map<std::string, uint64_t> sizes;
    const auto tree = ParseDirectoryListing(text, &sizes);
    return tree ? "accepted" : tree.error().message();
  };
  const std::string head = "tally-directory 1\n";
  EXPECT_EQ(error("x"), "listing: found no first line 'tally-directory 1'");
  EXPECT_EQ(error(head + "q\ta\n"),
            "listing line 2: found 'q\\x09a', expected an entry");
  EXPECT_EQ(error(head + "d\t../a\n"),
            "listing line 2: path '../a', expected a relative path without "
            "'..', '.' or empty components");
  EXPECT_EQ(error(head + "d\tb\nd\ta\n"),
            "listing line 3: found 'a' after 'b', expected each once, sorted "
            "by bytes");
  EXPECT_EQ(error(head + "d\t./a\n"),
            "listing line 2: found 'd\\x09./a', expected the one form of an "
            "entry");
}

TEST_F(Directory, ReportsWhatGitDoesNotHave) {
  TALLY_NEED_PROGRAM(git, "git");
  const Scratch other;
  EXPECT_THAT(FindUncommitted(other.path()).value(), IsEmpty());
  other.Write("app/tracked", "one");
  other.Write("app/.gitignore", "ignored\n");
  const auto run = [&](std::vector<std::string> args) {
    const auto done = RunTool({.program = git,
                               .args = std::move(args),
                               .env = {{"HOME", other.path().string()}},
                               .cwd = other.path()});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->exit_status, 0) << done->stderr_text;
  };
  run({"init", "-q"});
  run({"add", "."});
  run({"-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-q",
       "-m", "x"});
  EXPECT_THAT(FindUncommitted(other.path() / "app").value(), IsEmpty());
  other.Write("app/tracked", "two");
  other.Write("app/new", "new");
  other.Write("app/ignored", "secret");
  other.Write("outside", "not ours");
  EXPECT_THAT(FindUncommitted(other.path() / "app").value(),
              ElementsAre("modified 'app/tracked'", "untracked 'app/new'",
                          "ignored 'app/ignored'"));
  // A repository must not make git run its programs.
  other.Write("app/.gitattributes", "* filter=x\n");
  run({"config", "filter.x.clean", "sh -c 'echo > ran; cat'"});
  EXPECT_THAT(FindUncommitted(other.path() / "app").value(),
              ElementsAre("git does not say: the repository's configuration "
                          "has filters, which are programs"));
  EXPECT_FALSE(fs::exists(other.path() / "ran"));
}

}  // namespace
}  // namespace tally
