#include "builder/store_care.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "builder/tree_cache.h"
#include "common/hash.h"
#include "tests/support/make_deb.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> EntryPaths(const std::vector<StoreEntry>& entries) {
  std::vector<std::string> paths;
  for (const StoreEntry& entry : entries) {
    paths.push_back(KindName(entry.kind) + " " + entry.path);
  }
  return paths;
}

std::string PathOf(const Sha256Digest& digest) {
  return digest.hex().substr(0, 2) + "/" + digest.hex();
}

// StoreCare is a store with two files, an unpacked package, a partial file and
// something that does not belong there.
class StoreCare : public testing::Test {
 protected:
  StoreCare() {
    one_ = store_.Put(AsBytes("one")).value();
    two_ = store_.Put(AsBytes("two!")).value();
    UnpackedPackage package =
        UnpackPackage("p", test::MakeDeb({{.path = "./a", .content = "data"}}),
                      [](const std::string&) { return true; })
            .value();
    const Bytes listing = EncodeListing(package);
    tree_ = Sha256(listing);
    EXPECT_TRUE(CacheTree(store_, listing, tree_, &package));
    partial_ = scratch_.Write("store/partial/half", "half");
    scratch_.Write("store/sha256/notes.txt", "mine");
  }

  std::vector<StoreEntry> List() const { return ListStore(store_).value(); }

  std::vector<std::string> BadOnes() const {
    std::vector<std::string> lines;
    const std::vector<BadEntry> found =
        FindBadEntries(store_, List(), 2).value();
    for (const BadEntry& bad : found) {
      lines.push_back(bad.entry.path + ": " + bad.reason);
    }
    return lines;
  }

  Scratch scratch_;
  Store store_ = Store::Open(scratch_.path() / "store").value();
  Sha256Digest one_;
  Sha256Digest two_;
  Sha256Digest tree_;
  fs::path partial_;
};

TEST_F(StoreCare, ListsEveryEntry) {
  const std::vector<StoreEntry> entries = List();
  std::vector<std::string> files = {"file sha256/" + PathOf(one_),
                                    "file sha256/" + PathOf(two_)};
  std::ranges::sort(files);
  EXPECT_THAT(EntryPaths(entries),
              ElementsAre(files[0], files[1], "tree trees/" + PathOf(tree_),
                          "partial partial/half", "other sha256/notes.txt"));
  EXPECT_EQ(entries[2].name(), tree_.hex());
  EXPECT_EQ(entries[3].name(), "partial/half");
  EXPECT_EQ(entries[3].size_bytes, 4u);
}

TEST_F(StoreCare, NamesBadEntriesAndRemovesThem) {
  EXPECT_THAT(BadOnes(), ElementsAre("sha256/notes.txt: is not an entry of a "
                                     "store"));
  ASSERT_TRUE(WriteFileAtomic(store_.EntryPath(one_), AsBytes("0ne")));
  ASSERT_TRUE(WriteFileAtomic(CachedTreePath(store_, tree_), AsBytes("x")));
  EXPECT_THAT(
      BadOnes(),
      ElementsAre("sha256/" + PathOf(one_) + ": contents have digest " +
                      Sha256(AsBytes("0ne")).hex(),
                  "trees/" + PathOf(tree_) +
                      ": tree cache entry: magic at 0x0: needs 16 bytes, 1 "
                      "left",
                  "sha256/notes.txt: is not an entry of a store"));
  ASSERT_TRUE(store_.LockAlone());
  ASSERT_TRUE(
      RemoveBadEntries(store_, FindBadEntries(store_, List(), 1).value()));
  EXPECT_THAT(EntryPaths(List()),
              ElementsAre("file sha256/" + PathOf(two_), "partial partial/half",
                          "other sha256/notes.txt"));
}

TEST_F(StoreCare, CollectsWhatNoLockNames) {
  Lock lock;
  lock.packages.push_back({.sha256 = one_});
  const Garbage garbage = FindGarbage(store_, DigestsNamedBy(lock)).value();
  EXPECT_THAT(
      EntryPaths(garbage.unneeded),
      ElementsAre("file sha256/" + PathOf(two_), "tree trees/" + PathOf(tree_),
                  "partial partial/half"));
  EXPECT_THAT(garbage.in_use, IsEmpty());
  EXPECT_EQ(garbage.num_kept, 2u);
  ASSERT_TRUE(RemoveGarbage(store_, garbage.unneeded));
  EXPECT_THAT(EntryPaths(List()), ElementsAre("file sha256/" + PathOf(one_),
                                              "other sha256/notes.txt"));
  // The directory of its first digits is gone, too.
  EXPECT_TRUE(IsAbsent(store_.EntryPath(two_).parent_path()));
}

TEST_F(StoreCare, KeepsEverythingALockNames) {
  Lock lock;
  lock.suites.push_back({.inrelease_sha256 = one_});
  lock.suites.back().indexes.push_back({.path = "x", .sha256 = two_});
  lock.packages.push_back({.tree_sha256 = tree_});
  lock.files.push_back({.sha256 = Sha256(AsBytes("file"))});
  EXPECT_TRUE(DigestsNamedBy(lock).contains(Sha256(AsBytes("file"))));
  EXPECT_THAT(FindGarbage(store_, DigestsNamedBy(lock)).value().unneeded,
              SizeIs(1));  // the partial file
}

TEST_F(StoreCare, LeavesAPartialFileToItsWriter) {
  const Sha256Digest digest = Sha256(AsBytes("three"));
  StoreWriter writer = store_.Write(digest, 5).value();
  ASSERT_TRUE(writer.Append(AsBytes("th")));
  const Garbage garbage = FindGarbage(store_, {}).value();
  EXPECT_THAT(EntryPaths(garbage.in_use),
              ElementsAre("partial partial/" + digest.hex()));
  // Even if somebody found it free just before.
  ASSERT_TRUE(RemoveGarbage(store_, garbage.in_use));
  ASSERT_TRUE(writer.Append(AsBytes("ree")));
  ASSERT_TRUE(writer.Commit());
  EXPECT_TRUE(store_.Verify(digest, 5));
}

TEST_F(StoreCare, WaitsForNobodyWhileTheStoreIsInUse) {
  {
    const Store other = Store::Open(store_.path()).value();
    const Status locked = store_.LockAlone();
    ASSERT_FALSE(locked);
    EXPECT_EQ(locked.error().message(), "store '" + store_.path().string() +
                                            "' is in use by another process");
  }
  EXPECT_TRUE(store_.LockAlone());
}

}  // namespace
}  // namespace tally
