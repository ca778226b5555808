#include "builder/locker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "builder/release_file.h"
#include "common/hash.h"
#include "common/text.h"
#include "tests/support/network_archive.h"
#include "tests/support/network_server.h"

namespace tally {
namespace {

using test::Keys;
using test::NetworkArchive;
using test::NetworkServer;
using test::Scratch;
using test::TestRelease;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kNow = 1767225600;  // 2026-01-01T00:00:00Z

class Locker : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"gpg", "gpgv", "dpkg-deb", "xz", "python3"}) {
      if (!FindProgram(program)) GTEST_SKIP() << "not installed: " << program;
    }
    archive_.Add({.name = "kernel"});
    archive_.Add({.name = "aa",
                  .fields = "Depends: bb\nSource: source-a (0.9)\n",
                  .scripts = {{"postinst", "#!/bin/sh\nexit 0\n"}}});
    bb_path_ = archive_.Add({.name = "bb", .architecture = "all"});
    archive_.Publish({});
    scratch_.Write("manifest/file.txt", "hello");
    manifest_.path = scratch_.path() / "manifest/manifest.yaml";
    manifest_.architecture = "amd64";
    manifest_.archives = {{.name = "debian",
                           .suites = {"bookworm"},
                           .components = {"main"},
                           .keyring = Keys().keyring.string()}};
    manifest_.kernel.package = {.name = "kernel"};
    manifest_.root.packages = {{.name = "aa"}};
    manifest_.root.files = {{.path = "/f", .source = "file.txt"}};
    UseMirrors({FileMirror()});
    options_.now = kNow;
    options_.fetch.first_delay = std::chrono::milliseconds(1);
  }

  std::string FileMirror() const {
    return "file://" + archive_.root().string();
  }
  void UseMirrors(const std::vector<std::string>& urls) {
    options_.mirrors.options.clear();
    for (const std::string& url : urls) {
      options_.mirrors.options.push_back({.url = url});
    }
  }
  Result<Lock> Make(const Lock* previous = nullptr) {
    return MakeLock(manifest_, previous, store_, options_);
  }
  std::string ErrorText() {
    const auto lock = Make();
    return lock ? "" : lock.error().ToString();
  }
  std::string Where() const {
    return "  while verifying '" + FileMirror() +
           "/dists/bookworm/InRelease'\n  while reading suite 'bookworm' of "
           "archive 'debian' (" +
           manifest_.path.string() + ":0:0)";
  }

  const Scratch scratch_;
  NetworkArchive archive_{scratch_.path() / "archive"};
  Store store_ = Store::Open(scratch_.path() / "store").value();
  std::string bb_path_;
  Manifest manifest_;
  LockOptions options_;
};

TEST_F(Locker, LocksPackagesWithTheirFacts) {
  const auto made = Make();
  ASSERT_TRUE(made) << made.error().ToString();
  const Lock& lock = *made;
  EXPECT_EQ(lock.architecture, "amd64");
  ASSERT_THAT(lock.packages, SizeIs(3));
  const LockedPackage& aa = lock.packages[0];
  EXPECT_EQ(aa.name, "aa");
  EXPECT_EQ(aa.version, "1.0");
  EXPECT_EQ(aa.archive, "debian");
  EXPECT_EQ(aa.suite, "bookworm");
  EXPECT_EQ(aa.path, "pool/main/aa/aa_1.0_amd64.deb");
  EXPECT_EQ(aa.source, "source-a");
  EXPECT_EQ(aa.source_version, "0.9");
  EXPECT_EQ(aa.why, (Reasons{{"root", "aa"}}));
  ASSERT_THAT(aa.scripts, SizeIs(1));
  EXPECT_EQ(aa.scripts[0].name, "postinst");
  EXPECT_EQ(aa.scripts[0].sha256, Sha256(AsBytes("#!/bin/sh\nexit 0\n")));
  const LockedPackage& bb = lock.packages[1];
  EXPECT_EQ(bb.architecture, "all");
  EXPECT_EQ(bb.source, "bb");
  EXPECT_EQ(bb.why, (Reasons{{"root", "aa > bb"}}));
  EXPECT_THAT(bb.scripts, IsEmpty());
  EXPECT_EQ(bb.sha256, Sha256(test::MustRead(archive_.root() / bb_path_)));
  EXPECT_TRUE(store_.Verify(bb.sha256, bb.size_bytes));
  EXPECT_EQ(lock.packages[2].why, (Reasons{{"kernel", "kernel"}}));
  ASSERT_THAT(lock.files, SizeIs(1));
  EXPECT_EQ(lock.files[0].path, "file.txt");
  EXPECT_EQ(lock.files[0].sha256, Sha256(AsBytes("hello")));
}

TEST_F(Locker, LocksTheEvidence) {
  const Lock lock = Make().value();
  ASSERT_THAT(lock.suites, SizeIs(1));
  const LockedSuite& suite = lock.suites[0];
  const fs::path dist = archive_.root() / "dists/bookworm";
  EXPECT_EQ(suite.archive, "debian");
  EXPECT_EQ(suite.suite, "bookworm");
  EXPECT_EQ(suite.origin, "Debian");
  EXPECT_EQ(suite.codename, "bookworm");
  EXPECT_EQ(suite.date, "2025-12-31T00:00:00Z");
  const Bytes inrelease = test::MustRead(dist / "InRelease");
  EXPECT_EQ(suite.inrelease_sha256, Sha256(inrelease));
  EXPECT_TRUE(store_.Verify(suite.inrelease_sha256, inrelease.size()));
  EXPECT_THAT(suite.signed_by, ElementsAre(Keys().good));
  ASSERT_THAT(suite.indexes, SizeIs(1));
  EXPECT_EQ(suite.indexes[0].path, "main/binary-amd64/Packages.xz");
  EXPECT_EQ(suite.indexes[0].sha256,
            Sha256(test::MustRead(dist / "main/binary-amd64/Packages.xz")));
}

TEST_F(Locker, ANewSignatureDoesNotChangeTheLock) {
  const Lock first = Make().value();
  archive_.Publish({.date = "Wed, 31 Dec 2025 12:00:00 UTC"});
  const Lock kept = Make(&first).value();
  EXPECT_EQ(FormatLock(kept), FormatLock(first));
  options_.evidence = SignatureDate::kRefresh;
  const Lock fresh = Make(&first).value();
  EXPECT_EQ(fresh.suites[0].date, "2025-12-31T12:00:00Z");
}

std::vector<std::string> VersionsOf(const Lock& lock) {
  std::vector<std::string> versions;
  for (const LockedPackage& package : lock.packages) {
    versions.push_back(package.name + " " + package.version + " of " +
                       package.date.substr(0, 13));
  }
  return versions;
}

std::vector<std::string> DatesOf(const Lock& lock) {
  std::vector<std::string> dates;
  for (const LockedSuite& suite : lock.suites) dates.push_back(suite.date);
  return dates;
}

TEST_F(Locker, LockedPackagesStayUntilTheyAreUpdated) {
  const Lock first = Make().value();
  archive_.Add({.name = "bb", .version = "1.1"});
  archive_.Publish({.date = "Wed, 31 Dec 2025 12:00:00 UTC"});
  EXPECT_EQ(FormatLock(Make(&first).value()), FormatLock(first));

  options_.updated = {"bb"};
  const Lock second = Make(&first).value();
  EXPECT_THAT(VersionsOf(second),
              ElementsAre("aa 1.0 of 2025-12-31T00", "bb 1.1 of 2025-12-31T12",
                          "kernel 1.0 of 2025-12-31T00"));
  // Each package shows who vouched for it.
  EXPECT_THAT(DatesOf(second),
              ElementsAre("2025-12-31T00:00:00Z", "2025-12-31T12:00:00Z"));
  const std::string text = FormatLock(second);
  EXPECT_EQ(FormatLock(ParseLock(text, "lock.yaml").value()), text);

  options_.updated = {};
  options_.versions = Versions::kNewest;
  EXPECT_EQ(FormatLock(Make(&first).value()), text);
}

TEST_F(Locker, EvidenceThatNoPackageNeedsGoes) {
  const Lock first = Make().value();
  fs::remove_all(archive_.root());
  NetworkArchive later(archive_.root());
  for (const char* name : {"kernel", "aa", "bb"}) {
    later.Add({.name = name, .version = "2.0"});
  }
  later.Publish({.date = "Wed, 31 Dec 2025 12:00:00 UTC"});
  options_.updated = {"aa", "kernel"};
  // The new aa needs nothing, so that bb goes without being asked.
  const Lock second = Make(&first).value();
  EXPECT_THAT(VersionsOf(second), ElementsAre("aa 2.0 of 2025-12-31T12",
                                              "kernel 2.0 of 2025-12-31T12"));
  EXPECT_THAT(DatesOf(second), ElementsAre("2025-12-31T12:00:00Z"));
}

// An archive that lists only the newest does not move what is locked.
TEST_F(Locker, KeepsWhatTheArchiveNoLongerLists) {
  const Lock first = Make().value();
  fs::remove_all(archive_.root());
  NetworkArchive later(archive_.root());
  for (const char* name : {"kernel", "aa", "bb"}) {
    later.Add({.name = name, .version = "2.0"});
  }
  later.Publish({.date = "Wed, 31 Dec 2025 12:00:00 UTC"});
  EXPECT_EQ(FormatLock(Make(&first).value()), FormatLock(first));

  // Today's evidence does not have them: --refresh can not show more.
  options_.evidence = SignatureDate::kRefresh;
  EXPECT_EQ(FormatLock(Make(&first).value()), FormatLock(first));
  options_.evidence = SignatureDate::kKeep;

  // A further package comes, with evidence of its own.
  later.Add({.name = "cc", .fields = "Depends: bb (>= 1.0)\n"});
  later.Publish({.date = "Wed, 31 Dec 2025 13:00:00 UTC"});
  manifest_.root.packages.push_back({.name = "cc"});
  EXPECT_THAT(
      VersionsOf(Make(&first).value()),
      ElementsAre("aa 1.0 of 2025-12-31T00", "bb 1.0 of 2025-12-31T00",
                  "cc 1.0 of 2025-12-31T13", "kernel 1.0 of 2025-12-31T00"));
}

TEST_F(Locker, NamesAKeptPackageThatIsNotToBeHad) {
  const Lock first = Make().value();
  const LockedPackage bb = first.packages[1];
  fs::remove_all(archive_.root());
  NetworkArchive later(archive_.root());
  for (const char* name : {"kernel", "aa", "bb"}) {
    later.Add({.name = name, .version = "2.0"});
  }
  later.Publish({.date = "Wed, 31 Dec 2025 12:00:00 UTC"});
  fs::remove(store_.EntryPath(bb.sha256));
  const auto lock = Make(&first);
  ASSERT_FALSE(lock);
  EXPECT_THAT(lock.error().ToString(),
              HasSubstr("while keeping the locked bb 1.0 (bookworm), which its "
                        "suite no longer lists"));
  EXPECT_THAT(lock.error().hints(),
              testing::Contains(
                  "take another version: tally lock --update MANIFEST bb"));
  // Nobody misses it once it is not needed.
  options_.updated = {"aa"};
  EXPECT_TRUE(Make(&first));
}

TEST_F(Locker, RejectsAnUpdateOfWhatIsNotLocked) {
  const Lock first = Make().value();
  options_.updated = {"kernle"};
  EXPECT_EQ(Make(&first).error().ToString(),
            "package 'kernle' is not in the lock, did you mean 'kernel'?");
  EXPECT_EQ(Make().error().ToString(), "package 'kernle' is not in the lock");
}

// Two Releases of one second: the lock can show one of them.
TEST_F(Locker, ReleasesOfOneSecondDoNotMix) {
  const Lock first = Make().value();
  archive_.Add({.name = "bb", .version = "1.1"});
  archive_.Publish({});
  EXPECT_EQ(FormatLock(Make(&first).value()), FormatLock(first));
  options_.updated = {"bb"};
  const Lock second = Make(&first).value();
  EXPECT_THAT(DatesOf(second), ElementsAre("2025-12-31T00:00:00Z"));
  EXPECT_NE(second.suites[0].inrelease_sha256,
            first.suites[0].inrelease_sha256);
  EXPECT_EQ(second.packages[1].version, "1.1");
}

TEST_F(Locker, RejectsABadSignature) {
  const fs::path path = archive_.root() / "dists/bookworm/InRelease";
  std::string text(AsText(test::MustRead(path)));
  text.replace(text.find("Label: Test"), 11, "Label: Best");
  ASSERT_TRUE(WriteFileAtomic(path, AsBytes(text)));
  EXPECT_EQ(ErrorText(),
            "bad signature: the text is not what was signed by key " +
                Keys().good.substr(24) + "\n" + Where());
}

TEST_F(Locker, RejectsAnUnknownKey) {
  archive_.Publish({.key = Keys().stranger});
  EXPECT_EQ(ErrorText(), "signed by a key that is not in the keyring: key " +
                             Keys().stranger.substr(24) + ", keyring '" +
                             Keys().keyring.string() + "'\n" + Where());
}

TEST_F(Locker, RejectsAnExpiredRelease) {
  archive_.Publish({.valid_until = "Wed, 31 Dec 2025 23:59:59 UTC"});
  EXPECT_EQ(ErrorText(),
            "the Release of suite 'bookworm' expired at 2025-12-31T23:59:59Z, "
            "and it is 2026-01-01T00:00:00Z\n" +
                Where());
  manifest_.archives[0].allow_expired = true;
  EXPECT_TRUE(Make());
}

TEST_F(Locker, RejectsTheReleaseOfAnotherSuite) {
  fs::copy(archive_.root() / "dists/bookworm", archive_.root() / "dists/trixie",
           fs::copy_options::recursive);
  manifest_.archives[0].suites = {"trixie"};
  EXPECT_THAT(ErrorText(),
              HasSubstr("found the Release of suite 'stable' (codename "
                        "'bookworm'), expected 'trixie'"));
}

TEST_F(Locker, RejectsTamperedPackages) {
  const fs::path folder = archive_.root() / "dists/bookworm/main/binary-amd64";
  fs::remove_all(folder / "by-hash");
  Bytes xz = test::MustRead(folder / "Packages.xz");
  xz[xz.size() / 2] ^= 1;
  ASSERT_TRUE(WriteFileAtomic(folder / "Packages.xz", xz));
  const auto lock = Make();
  EXPECT_EQ(lock.error().code(), ErrorCode::kMismatch);
  EXPECT_THAT(lock.error().message(),
              HasSubstr("main/binary-amd64/Packages.xz' has other bytes"));
}

TEST_F(Locker, RejectsAComponentThatIsNotListed) {
  manifest_.archives[0].components = {"main", "contrib"};
  EXPECT_THAT(ErrorText(),
              HasSubstr("the Release of suite 'bookworm' lists no Packages "
                        "file for component 'contrib' and architecture "
                        "'amd64'"));
}

TEST_F(Locker, RejectsOtherBytesOfAPackage) {
  Bytes deb = test::MustRead(archive_.root() / bb_path_);
  const Sha256Digest right = Sha256(deb);
  deb.back() ^= 1;
  ASSERT_TRUE(WriteFileAtomic(archive_.root() / bb_path_, deb));
  EXPECT_EQ(
      ErrorText(),
      DigestMismatch(
          "'" + FileMirror() + "/" + bb_path_ + "' has other bytes: contents",
          right.hex() + " (" + std::to_string(deb.size()) + " bytes)",
          Sha256(deb).hex() + " (" + std::to_string(deb.size()) + " bytes)")
              .message() +
          "\n  while fetching 'bb 1.0 all'");
  EXPECT_FALSE(fs::exists(store_.EntryPath(Sha256(deb))));
}

TEST_F(Locker, FallsBackToTheNextMirror) {
  const NetworkServer server(archive_.root());
  UseMirrors({server.Url("plain/absent"), server.Url("flaky/1")});
  ASSERT_TRUE(Make());
  // InRelease is right and the packages are wrong: only those come from
  // elsewhere.
  Store other = Store::Open(scratch_.path() / "other").value();
  const Lock lock = Make().value();
  options_.mirrors.options = {{.url = server.Url("wrong")},
                              {.url = server.Url("plain")}};
  EXPECT_EQ(FetchLocked(lock, other, options_.mirrors, options_.fetch)
                .value()
                .num_fetched,
            3u);
}

TEST_F(Locker, FetchesEverythingLocked) {
  const Lock lock = Make().value();
  Store other = Store::Open(scratch_.path() / "other").value();
  options_.fetch.network = NetworkAccess::kRefused;
  const FetchReport report =
      FetchLocked(lock, other, options_.mirrors, options_.fetch).value();
  EXPECT_EQ(report.num_fetched, 3u);
  for (const LockedPackage& package : lock.packages) {
    EXPECT_TRUE(other.Verify(package.sha256, package.size_bytes));
  }
  EXPECT_EQ(FetchLocked(lock, other, {}, options_.fetch).value().num_present,
            3u);
}

TEST_F(Locker, OfflineNamesWhatIsMissing) {
  UseMirrors({"http://127.0.0.1:1"});
  options_.fetch.network = NetworkAccess::kRefused;
  const auto lock = Make();
  EXPECT_EQ(lock.error().code(), ErrorCode::kIo);
  EXPECT_EQ(lock.error().message(),
            "network access is refused, and 'debian dists/bookworm/InRelease' "
            "is not in the store");
}

TEST_F(Locker, NamesALocalFileThatIsMissing) {
  manifest_.root.files[0].source = "absent.txt";
  EXPECT_EQ(ErrorText(),
            "cannot open '" +
                (scratch_.path() / "manifest/absent.txt").string() +
                "': No such file or directory\n  while reading the file named "
                "at " +
                manifest_.path.string() + ":0:0");
}

TEST_F(Locker, WorksWithoutByHash) {
  fs::remove_all(archive_.root() / "dists");
  archive_.Publish({.by_hash = false});
  EXPECT_TRUE(Make());
}

}  // namespace
}  // namespace tally
