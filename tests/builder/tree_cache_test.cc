#include "builder/tree_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "builder/tree_check.h"
#include "common/hash.h"
#include "tests/support/make_deb.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakeDeb;
using test::MustRead;
using test::Scratch;
using testing::HasSubstr;
using testing::IsEmpty;

bool Everything(const std::string&) { return true; }

Bytes SampleDeb() {
  return MakeDeb(
      {{.path = "./bin/", .type = '5', .mode = 0755},
       {.path = "./bin/one", .mode = 04755, .gid = 42, .content = "first"},
       {.path = "./bin/two", .type = '1', .link = "./bin/one"},
       {.path = "./etc/empty"},
       {.path = "./etc/link", .type = '2', .link = "../bin/one"},
       {.path = "./etc/text", .uid = 7, .content = std::string(5000, 'x')}});
}

// TreeCache is a store with the sample package.
class TreeCache : public testing::Test {
 protected:
  TreeCache() {
    const Bytes deb = SampleDeb();
    package_.name = "sample";
    package_.size_bytes = deb.size();
    package_.sha256 = store_.Put(deb).value();
    package_.tree_sha256 =
        Sha256(EncodeListing(UnpackPackage("sample", deb, Everything).value()));
  }

  fs::path EntryPath() const {
    return CachedTreePath(store_, package_.tree_sha256);
  }

  Result<std::vector<UnpackedPackage>> Unpack(
      const PathFilter& wanted = Everything) const {
    return UnpackAll(store_, {{.package = &package_, .wanted = wanted}}, 1);
  }

  // Damage flips a bit of the byte at `at`.
  void Damage(uint64_t at) const {
    Bytes bytes = MustRead(EntryPath());
    ASSERT_LT(at, bytes.size());
    bytes[at] ^= 1;
    ASSERT_TRUE(WriteFileAtomic(EntryPath(), bytes));
  }

  uint64_t OffsetOf(std::string_view text) const {
    const Bytes bytes = MustRead(EntryPath());
    const size_t at = AsText(bytes).find(text);
    EXPECT_NE(at, std::string_view::npos);
    return at;
  }

  std::string ReadError() const {
    const Result<UnpackedPackage> package =
        ReadCachedTree(store_, "sample", package_.tree_sha256, Everything);
    return package ? "no error" : package.error().message();
  }

  Scratch scratch_;
  Store store_ = Store::Open(scratch_.path() / "store").value();
  LockedPackage package_;
};

// The listing says everything that the entries say.
Bytes ListingOf(const std::vector<UnpackedPackage>& packages) {
  return EncodeListing(packages.at(0));
}

TEST_F(TreeCache, GivesWhatUnpackingGives) {
  EXPECT_TRUE(IsAbsent(EntryPath()));
  const auto fresh = Unpack();
  ASSERT_TRUE(fresh) << fresh.error().ToString();
  EXPECT_FALSE(IsAbsent(EntryPath()));
  // From here on without the package.
  ASSERT_EQ(unlink(store_.EntryPath(package_.sha256).c_str()), 0);
  const auto cached = Unpack();
  ASSERT_TRUE(cached) << cached.error().ToString();
  const auto direct = UnpackPackage("sample", SampleDeb(), Everything).value();
  for (const auto& packages : {*fresh, *cached}) {
    EXPECT_EQ(ListingOf(packages), EncodeListing(direct));
    ASSERT_EQ(packages[0].entries.size(), direct.entries.size());
    EXPECT_EQ(packages[0].control_text, direct.control_text);
    EXPECT_THAT(packages[0].control_text, HasSubstr("Package:"));
    for (size_t i = 0; i < direct.entries.size(); ++i) {
      EXPECT_EQ(AsText(packages[0].entries[i].content.span()),
                AsText(direct.entries[i].content.span()));
      EXPECT_EQ(packages[0].entries[i].content.sha256,
                direct.entries[i].content.sha256);
    }
  }
  struct stat info = {};
  ASSERT_EQ(stat(EntryPath().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0444u);
  EXPECT_THAT(ListFiles(store_.path() / "partial").value(), IsEmpty());
}

TEST_F(TreeCache, SharesOnePackageBetweenTrees) {
  const auto only_two = [](const std::string& path) {
    return path == "usr/bin/two";
  };
  const std::vector<UnpackJob> jobs = {
      {.package = &package_, .wanted = only_two},
      {.package = &package_, .wanted = Everything}};
  for (int round = 0; round < 2; ++round) {
    const auto packages = UnpackAll(store_, jobs, 2);
    ASSERT_TRUE(packages) << packages.error().ToString();
    const UnpackedEntry& two = packages->at(0).entries.back();
    EXPECT_EQ(two.path, "usr/bin/two");
    EXPECT_EQ(two.hard_link_of, "");
    EXPECT_EQ(AsText(two.content.span()), "first");
    EXPECT_EQ(packages->at(1).entries.size(), 6u);
  }
}

TEST_F(TreeCache, IsNotUsedWithoutADigestInTheLock) {
  package_.tree_sha256 = {};
  ASSERT_TRUE(Unpack());
  EXPECT_TRUE(IsAbsent(store_.path() / "trees"));
}

TEST_F(TreeCache, IsNotBelievedWhenTheLockIsChecked) {
  package_.num_entries = Unpack().value()[0].entries.size();
  EXPECT_TRUE(CheckTreeDigests(store_, {package_}, 1));
  // An entry of another tree, and a lock that names it.
  UnpackedPackage other = Unpack().value()[0];
  other.entries[0].mode = 0700;
  const Bytes listing = EncodeListing(other);
  const std::string real = package_.tree_sha256.hex();
  LockedPackage forged = package_;
  forged.tree_sha256 = Sha256(listing);
  ASSERT_TRUE(CacheTree(store_, listing, forged.tree_sha256, &other));
  const Status status = CheckTreeDigests(store_, {forged}, 1);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "package 'sample' unpacks to " + real + ", expected " +
                forged.tree_sha256.hex() + " as in the lock");
  package_.num_entries = 7;
  EXPECT_EQ(CheckTreeDigests(store_, {package_}, 1).error().ToString(),
            "package 'sample' unpacks to 6 entries, expected 7 as in the lock");
}

TEST_F(TreeCache, RejectsAPackageThatUnpacksToSomethingElse) {
  const std::string found = package_.tree_sha256.hex();
  package_.tree_sha256 = Sha256(AsBytes("other"));
  EXPECT_EQ(Unpack().error().message(),
            "package 'sample' unpacks to " + found + ", expected " +
                package_.tree_sha256.hex() + " as in the lock");
  EXPECT_TRUE(IsAbsent(store_.path() / "trees"));
}

TEST_F(TreeCache, MakesADamagedEntryAgain) {
  ASSERT_TRUE(Unpack());
  const Bytes good = MustRead(EntryPath());
  // Contents, listing, header.
  for (const uint64_t at : {OffsetOf("xxxx"), OffsetOf("etc/text"), uint64_t{0},
                            uint64_t{16}, uint64_t{40}}) {
    SCOPED_TRACE(at);
    Damage(at);
    EXPECT_NE(ReadError(), "no error");
    const auto packages = Unpack();
    ASSERT_TRUE(packages) << packages.error().ToString();
    EXPECT_EQ(packages->at(0).entries.back().content.span()[0], 'x');
    EXPECT_EQ(MustRead(EntryPath()), good);
  }
}

TEST_F(TreeCache, NamesTheDamage) {
  ASSERT_TRUE(Unpack());
  Damage(OffsetOf("first"));
  EXPECT_EQ(ReadError(), "contents of 'usr/bin/one' differ from the listing");
  ASSERT_TRUE(Unpack());
  ASSERT_TRUE(WriteFileAtomic(EntryPath(), AsBytes("short")));
  EXPECT_EQ(ReadError(),
            "tree cache entry: magic at 0x0: needs 16 bytes, 5 left");
  const Bytes deb = MakeDeb({{.path = "./a"}});
  UnpackedPackage other = UnpackPackage("other", deb, Everything).value();
  const Bytes listing = EncodeListing(other);
  // A forged entry: whole, but of another package.
  ASSERT_TRUE(CacheTree(store_, listing, package_.tree_sha256, &other));
  EXPECT_EQ(ReadError(), "listing has digest " + Sha256(listing).hex() +
                             ", expected " + package_.tree_sha256.hex());
}

TEST_F(TreeCache, HashesOnlyWhatIsWanted) {
  ASSERT_TRUE(Unpack());
  Damage(OffsetOf("xxxx"));
  const auto not_text = [](const std::string& path) {
    return path != "etc/text";
  };
  EXPECT_TRUE(ReadCachedTree(store_, "sample", package_.tree_sha256, not_text));
  EXPECT_EQ(ReadError(), "contents of 'etc/text' differ from the listing");
}

TEST_F(TreeCache, IsNoObstacleWhereItCannotBeWritten) {
  // Root may write anywhere, but not below a file.
  scratch_.Write("store/trees", "a file in the way");
  const auto packages = Unpack();
  ASSERT_TRUE(packages) << packages.error().ToString();
  EXPECT_EQ(AsText(packages->at(0).entries[1].content.span()), "first");
  EXPECT_THAT(ListFiles(store_.path() / "partial").value(), IsEmpty());
}

TEST_F(TreeCache, ServesSeveralAtOnce) {
  std::vector<std::thread> threads;
  std::vector<int> good(8);
  for (int& one : good) {
    threads.emplace_back([this, &one] {
      const auto packages = Unpack();
      one = packages && ListingOf(*packages).size() > 0 &&
            packages->at(0).entries.back().content.size_bytes() == 5000;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(good, testing::Each(1));
}

TEST_F(TreeCache, TellsTheLockWhatToPin) {
  const Sha256Digest expected = package_.tree_sha256;
  package_.tree_sha256 = {};
  const auto first = UnpackForLock(store_, package_);
  ASSERT_TRUE(first) << first.error().ToString();
  EXPECT_EQ(first->tree_sha256, expected);
  EXPECT_EQ(first->num_entries, 6u);
  EXPECT_FALSE(IsAbsent(CachedTreePath(store_, expected)));
  package_.tree_sha256 = expected;
  ASSERT_EQ(unlink(store_.EntryPath(package_.sha256).c_str()), 0);
  const auto again = UnpackForLock(store_, package_);
  ASSERT_TRUE(again) << again.error().ToString();
  EXPECT_EQ(again->num_entries, 6u);
}

std::string ListingError(const Bytes& listing) {
  const Result<PackageListing> parsed = ParseListing(listing);
  return parsed ? "no error" : parsed.error().message();
}

ByteWriter ListingOfEntries(uint32_t num_entries) {
  ByteWriter writer;
  writer.Text("tally-package-listing-1\n").U32Le(1).Text("c");
  writer.U32Le(num_entries);
  return writer;
}

ByteWriter& AddDirectory(ByteWriter& writer, std::string_view path,
                         uint16_t mode = 0755) {
  return writer.U8('d')
      .U32Le(static_cast<uint32_t>(path.size()))
      .Text(path)
      .U16Le(mode)
      .Zeros(8);
}

TEST(PackageListing, RejectsWhatUnpackingNeverGives) {
  EXPECT_EQ(ListingError({}),
            "package listing: magic at 0x0: needs 24 bytes, 0 left");
  ByteWriter outside = ListingOfEntries(1);
  EXPECT_EQ(ListingError(AddDirectory(outside, "../x").bytes()),
            "package listing: path at 0x26: found '../x', expected a normal "
            "path of merged-/usr");
  ByteWriter old_name = ListingOfEntries(1);
  EXPECT_EQ(ListingError(AddDirectory(old_name, "bin/x").bytes()),
            "package listing: path at 0x26: found 'bin/x', expected a normal "
            "path of merged-/usr");
  ByteWriter twice = ListingOfEntries(2);
  AddDirectory(twice, "a");
  EXPECT_EQ(ListingError(AddDirectory(twice, "a").bytes()),
            "package listing: path at 0x36: 'a' twice");
  ByteWriter mode = ListingOfEntries(1);
  EXPECT_EQ(ListingError(AddDirectory(mode, "a", 010000).bytes()),
            "package listing: mode at 0x27: found 4096, expected at most 4095");
  ByteWriter link = ListingOfEntries(2);
  AddDirectory(link, "a").U8('h').U32Le(1).Text("b").U32Le(0);
  EXPECT_EQ(ListingError(link.bytes()),
            "package listing: link at 0x37: found 0, expected the index of an "
            "earlier file");
  ByteWriter type = ListingOfEntries(1);
  type.U8('c').U32Le(1).Text("a");
  EXPECT_THAT(ListingError(type.bytes()),
              HasSubstr("found 0x63, expected one of 'd', 'f', 'l', 'h'"));
  ByteWriter trailing = ListingOfEntries(0);
  EXPECT_THAT(ListingError(trailing.U8(0).bytes()), HasSubstr("0x21"));
}

}  // namespace
}  // namespace tally
