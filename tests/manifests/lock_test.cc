#include "manifests/lock.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/manifests/manifest_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::FullLock;
using test::FullManifest;
using test::Replaced;
using test::WithHints;

// SmallLockEpoch1 has one of everything that epoch 1 had.
std::string SmallLockEpoch1() {
  return R"(# Written by tally lock: facts, not intent. Review the diff; do not edit.
# Format: docs/formats/lock.md of Tallystick.
lock: 1
format_epoch: 1
architecture: amd64
archives:
  - archive: debian
    suite: bookworm
    origin: "Debian"
    codename: bookworm
    date: "2026-07-11T10:16:37Z"
    inrelease_sha256: 1100000000000000000000000000000000000000000000000000000000000a11
    signed_by:
      - 4CB50190207B4758A3F73A796ED0E7B82643E131
    indexes:
      - path: main/binary-amd64/Packages.xz
        sha256: 2200000000000000000000000000000000000000000000000000000000000a22
packages:
  - name: bash
    version: "5.2.15-2+b7"
    architecture: amd64
    archive: debian
    suite: bookworm
    path: pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb
    size: 1491000
    sha256: 3300000000000000000000000000000000000000000000000000000000000a33
    source: bash
    source_version: "5.2.15-2"
    why:
      root: "bash"
    scripts: {}
  - name: libc6
    version: "2.36-9+deb12u13"
    architecture: all
    archive: debian
    suite: bookworm
    path: pool/main/g/glibc/libc6_2.36-9+deb12u13_amd64.deb
    size: 2760000
    sha256: 4400000000000000000000000000000000000000000000000000000000000a44
    source: glibc
    source_version: "2.36-9+deb12u12"
    why:
      initrd: "libc6"
      root: "bash > libc6"
    scripts:
      postinst: 5500000000000000000000000000000000000000000000000000000000000a55
files:
  - path: payload.sh
    size: 0
    sha256: 6600000000000000000000000000000000000000000000000000000000000a66
)";
}

std::string LockRefusal(const std::string& text) {
  const auto lock = ParseLock(text, "lock.yaml");
  return lock ? "accepted" : WithHints(lock.error());
}

// RefusedLock is the error after one replacement in SmallLockEpoch1.
std::string RefusedLock(std::string_view from, std::string_view to) {
  return LockRefusal(Replaced(SmallLockEpoch1(), from, to));
}

TEST(ParseLock, ReadsEveryField) {
  const auto lock = ParseLock(SmallLockEpoch1(), "dir/lock.yaml");
  ASSERT_TRUE(lock) << lock.error().ToString();
  EXPECT_EQ(lock->path, "dir/lock.yaml");
  EXPECT_EQ(lock->sha256, Sha256(AsBytes(SmallLockEpoch1())));
  EXPECT_EQ(lock->format_epoch, 1);
  EXPECT_EQ(lock->architecture, "amd64");

  ASSERT_EQ(lock->suites.size(), 1u);
  const LockedSuite& suite = lock->suites[0];
  EXPECT_EQ(suite.archive, "debian");
  EXPECT_EQ(suite.suite, "bookworm");
  EXPECT_EQ(suite.origin, "Debian");
  EXPECT_EQ(suite.codename, "bookworm");
  EXPECT_EQ(suite.date, "2026-07-11T10:16:37Z");
  EXPECT_EQ(suite.inrelease_sha256.hex().substr(61), "a11");
  EXPECT_EQ(suite.signed_by, std::vector<std::string>{
                                 "4CB50190207B4758A3F73A796ED0E7B82643E131"});
  ASSERT_EQ(suite.indexes.size(), 1u);
  EXPECT_EQ(suite.indexes[0].path, "main/binary-amd64/Packages.xz");
  EXPECT_EQ(suite.indexes[0].sha256.hex().substr(61), "a22");

  ASSERT_EQ(lock->packages.size(), 2u);
  const LockedPackage& package = lock->packages[1];
  EXPECT_EQ(package.name, "libc6");
  EXPECT_EQ(package.version, "2.36-9+deb12u13");
  EXPECT_EQ(package.architecture, "all");
  EXPECT_EQ(package.archive, "debian");
  EXPECT_EQ(package.suite, "bookworm");
  EXPECT_EQ(package.path, "pool/main/g/glibc/libc6_2.36-9+deb12u13_amd64.deb");
  EXPECT_EQ(package.size_bytes, 2760000u);
  EXPECT_EQ(package.sha256.hex().substr(61), "a44");
  EXPECT_EQ(package.source, "glibc");
  EXPECT_EQ(package.source_version, "2.36-9+deb12u12");
  EXPECT_EQ(package.why,
            (Reasons{{"initrd", "libc6"}, {"root", "bash > libc6"}}));
  ASSERT_EQ(package.scripts.size(), 1u);
  EXPECT_EQ(package.scripts[0].name, "postinst");
  EXPECT_EQ(package.scripts[0].sha256.hex().substr(61), "a55");

  ASSERT_EQ(lock->files.size(), 1u);
  EXPECT_EQ(lock->files[0].path, "payload.sh");
  EXPECT_EQ(lock->files[0].size_bytes, 0u);
  EXPECT_EQ(lock->files[0].sha256.hex().substr(61), "a66");
}

TEST(ParseLock, FormatsBackToTheSameText) {
  const auto lock = ParseLock(SmallLockEpoch1(), "lock.yaml");
  ASSERT_TRUE(lock);
  EXPECT_EQ(FormatLock(*lock), SmallLockEpoch1());
}

TEST(FormatLock, SortsByBytes) {
  Lock lock = FullLock();
  const std::string sorted = FormatLock(lock);
  std::swap(lock.packages[0], lock.packages[4]);
  std::swap(lock.suites[0].signed_by[0], lock.suites[0].signed_by[1]);
  EXPECT_EQ(FormatLock(lock), sorted);
  const auto parsed = ParseLock(sorted, "lock.yaml");
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(FormatLock(*parsed), sorted);
}

TEST(FormatLock, QuotesWhatLooksLikeOtherTypes) {
  Lock lock = FullLock();
  lock.suites[0].origin = "a \"b\" [c] {d} \\e: #f";
  lock.suites[0].suite = "12";
  lock.suites[0].codename = "no";
  for (auto& package : lock.packages) {
    if (package.suite == "bookworm") package.suite = "12";
  }
  lock.files[0].path = "with space/-x";
  const std::string text = FormatLock(lock);
  const auto parsed = ParseLock(text, "lock.yaml");
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(parsed->suites[0].origin, lock.suites[0].origin);
  EXPECT_EQ(parsed->suites[0].suite, "12");
  EXPECT_EQ(parsed->suites[0].codename, "no");
  EXPECT_EQ(parsed->files[0].path, "with space/-x");
  EXPECT_NE(text.find(R"(origin: "a \"b\" \x5bc] \x7bd} \\e: #f")"),
            std::string::npos);
}

TEST(FormatLock, WritesEmptyListsAndMaps) {
  EXPECT_EQ(FormatLock({.architecture = "arm64"}),
            "# Written by tally lock: facts, not intent. Review the diff; do "
            "not edit.\n"
            "# Format: docs/formats/lock.md of Tallystick.\n"
            "lock: 2\nformat_epoch: 2\narchitecture: arm64\narchives: []\n"
            "packages: []\naccounts:\n  users: {}\n  groups: {}\n"
            "files: []\n");
}

// What Format writes for bytes that no lock may hold is not accepted back.
TEST(ParseLock, RejectsEscapedControlBytes) {
  Lock lock = FullLock();
  lock.suites[0].origin =
      "De\x1b"
      "bian";
  EXPECT_EQ(LockRefusal(FormatLock(lock)),
            "lock.yaml:9:13: found 'De\\x1bbian', expected printable ASCII "
            "text, not empty");
}

TEST(ParseLock, RejectsOtherVersionsAndEpochs) {
  EXPECT_EQ(RefusedLock("lock: 1\n", "lock: 3\n"),
            "lock.yaml:3:7: found '3', expected 1 or 2, the lock versions that "
            "this tally reads");
  EXPECT_EQ(RefusedLock("lock: 1\n", "lock: 2\n"),
            "lock.yaml:4:15: found '1', expected 2, the format epoch of a lock "
            "of version 2");
  EXPECT_EQ(RefusedLock("lock: 1\n", ""),
            "lock.yaml:3:1: found no key 'lock' in the lock, expected one");
  EXPECT_EQ(RefusedLock("format_epoch: 1\n", "format_epoch: 2\n"),
            "lock.yaml:4:15: found '2', expected 1, the format epoch of a lock "
            "of version 1");
  EXPECT_EQ(LockRefusal("[]\n"),
            "lock.yaml:1:1: found a list, expected a lock as a map");
}

TEST(ParseLock, RejectsUnknownMissingAndDuplicateKeys) {
  EXPECT_EQ(RefusedLock("codename:", "codenam:"),
            "lock.yaml:10:5: found unknown key 'codenam' in an archive, "
            "expected one of archive, suite, origin, codename, date, "
            "inrelease_sha256, signed_by, indexes (did you mean 'codename'?)");
  EXPECT_EQ(RefusedLock("    size: 1491000\n", ""),
            "lock.yaml:19:5: found no key 'size' in a package, expected one");
  EXPECT_EQ(RefusedLock("    size: 1491000\n", "    size: 1\n    size: 1\n"),
            "lock.yaml:26:5: found key 'size' again, expected it once (first "
            "in line 25)");
  EXPECT_EQ(RefusedLock("      postinst:", "      posting:"),
            "lock.yaml:46:7: found unknown key 'posting' in the scripts of a "
            "package, expected one of config, postinst, postrm, preinst, prerm "
            "(did you mean 'postinst'?)");
  EXPECT_EQ(RefusedLock("      initrd: \"libc6\"", "      disk: \"libc6\""),
            "lock.yaml:43:7: found unknown key 'disk' in the reasons of a "
            "package, expected one of firmware, initrd, kernel, root, "
            "stub");
}

TEST(ParseLock, RejectsBadDigests) {
  EXPECT_EQ(
      RefusedLock("0a11\n", "0A11\n"),
      "lock.yaml:12:23: found "
      "'110000000000000000000000000000000000000000000000000000000000'..., "
      "expected 64 lower-case hexadecimal digits");
  EXPECT_EQ(RefusedLock("0000000000000000000000000000000a66", "0a66"),
            "lock.yaml:50:13: found '6600000000000000000000000000000a66', "
            "expected 64 lower-case hexadecimal digits");
  EXPECT_EQ(RefusedLock("4CB50190207B4758A3F73A796ED0E7B82643E131",
                        "4cb50190207b4758a3f73a796ed0e7b82643e131"),
            "lock.yaml:14:9: found '4cb50190207b4758a3f73a796ed0e7b82643e131', "
            "expected 40 upper-case hexadecimal digits");
}

TEST(ParseLock, RejectsBadPaths) {
  const std::string expected =
      ", expected a relative path in printable ASCII, without empty, '.' or "
      "'..' parts";
  const std::string_view path = "pool/main/b/bash/bash_5.2.15-2+b7_amd64.deb";
  for (const std::string bad :
       {"/pool/x.deb", "pool/../x.deb", "pool//x.deb", "pool/./x.deb", "..",
        "pool/", "ftp://host/pool/x.deb"}) {
    EXPECT_EQ(RefusedLock(path, bad),
              "lock.yaml:24:11: found '" + bad + "'" + expected);
  }
  EXPECT_EQ(RefusedLock("payload.sh", "\"pay\xc3\xa4\""),
            "lock.yaml:48:11: found 'pay\\xc3\\xa4'" + expected);
  EXPECT_EQ(RefusedLock("main/binary-amd64/Packages.xz", "../x"),
            "lock.yaml:16:15: found '../x'" + expected);
}

TEST(ParseLock, RejectsBadValues) {
  EXPECT_EQ(RefusedLock("name: libc6", "name: Libc6"),
            "lock.yaml:32:11: found 'Libc6', expected the name of a package "
            "(two or more of a-z 0-9 . + -, first a letter or digit)");
  EXPECT_EQ(RefusedLock("\"5.2.15-2+b7\"", "\"5.2 15\""),
            "lock.yaml:20:14: found '5.2 15', expected the version of a "
            "package (A-Z a-z 0-9 . + ~ : -, first a letter or digit)");
  EXPECT_EQ(RefusedLock("size: 1491000", "size: 0"),
            "lock.yaml:25:11: found '0', expected a number without quotes, 1 "
            "to 1099511627776");
  EXPECT_EQ(RefusedLock("size: 1491000", "size: 1099511627777"),
            "lock.yaml:25:11: found '1099511627777', expected a number without "
            "quotes, 1 to 1099511627776");
  EXPECT_EQ(RefusedLock("2026-07-11T10", "2026-02-29T10"),
            "lock.yaml:11:11: found '2026-02-29T10:16:37Z', expected a time as "
            "in \"2026-07-11T10:16:37Z\"");
  EXPECT_EQ(RefusedLock("architecture: all", "architecture: i386"),
            "lock.yaml:34:19: found 'i386', expected one of all, amd64, arm64");
  EXPECT_EQ(RefusedLock("\"bash > libc6\"", "\"bash > libc\""),
            "lock.yaml:44:13: found 'bash > libc', expected a chain of "
            "packages that ends in 'libc6'");
  EXPECT_EQ(RefusedLock("\"bash > libc6\"", "\"bash >  libc6\""),
            "lock.yaml:44:13: found 'bash >  libc6', expected names of "
            "packages, 'a > b > c'");
  EXPECT_EQ(RefusedLock("    why:\n      root: \"bash\"\n", "    why: {}\n"),
            "lock.yaml:29:10: found no reasons of a package, expected one or "
            "more");
}

TEST(ParseLock, RejectsDisorder) {
  EXPECT_EQ(RefusedLock("name: bash", "name: zsh"),
            "lock.yaml:30:13: found 'bash', expected a chain of packages that "
            "ends in 'zsh'");
  std::string text = Replaced(SmallLockEpoch1(), "name: bash", "name: zsh");
  text = Replaced(text, "root: \"bash\"\n", "root: \"zsh\"\n");
  EXPECT_EQ(LockRefusal(text),
            "lock.yaml:32:5: found package 'libc6' after 'zsh', expected each "
            "once, sorted by bytes");
  EXPECT_EQ(
      RefusedLock(
          "  - path: payload.sh\n    size: 0\n",
          "  - path: payload.sh\n    size: 1\n    sha256: "
          "7700000000000000000000000000000000000000000000000000000000000a77"
          "\n  - path: payload.sh\n    size: 0\n"),
      "lock.yaml:51:5: found file 'payload.sh' after 'payload.sh', expected "
      "each once, sorted by bytes");
}

TEST(ParseLock, RejectsPackagesOfNoSuite) {
  EXPECT_EQ(RefusedLock("    suite: bookworm\n    origin",
                        "    suite: sid\n    origin"),
            "lock.yaml:19:5: found suite 'bookworm' of archive 'debian' for "
            "package 'bash', expected one of the lock's own 'archives'");
  EXPECT_EQ(RefusedLock("\narchitecture: amd64", "\narchitecture: arm64"),
            "lock.yaml:19:5: found architecture 'amd64' of package 'bash', "
            "expected 'all' or 'arm64'");
}

TEST(ParseLock, RejectsTextThatIsNotCanonical) {
  const std::string hint =
      "\nhint: a lock is written by tally lock, not by hand";
  EXPECT_EQ(RefusedLock("codename: bookworm", "codename: \"bookworm\""),
            "lock.yaml:10:1: found '    codename: \"bookworm\"', expected '    "
            "codename: bookworm'" +
                hint);
  EXPECT_EQ(RefusedLock("size: 2760000", "size:  2760000"),
            "lock.yaml:38:1: found '    size:  2760000', expected '    size: "
            "2760000'" +
                hint);
  EXPECT_EQ(RefusedLock("size: 2760000", "size: 0x2a1d40"),
            "lock.yaml:38:1: found '    size: 0x2a1d40', expected '    size: "
            "2760000'" +
                hint);
  EXPECT_EQ(
      RefusedLock("lock: 1\nformat_epoch: 1\n", "format_epoch: 1\nlock: 1\n"),
      "lock.yaml:3:1: found 'format_epoch: 1', expected 'lock: 1'" + hint);
  EXPECT_EQ(
      LockRefusal(SmallLockEpoch1() + "# more\n"),
      "lock.yaml:51:1: found '# more', expected the end of the file" + hint);
  const std::string whole = SmallLockEpoch1();
  EXPECT_EQ(LockRefusal(whole.substr(0, whole.size() - 1)),
            "lock.yaml:51:1: found no line feed, expected the end of the file" +
                hint);
}

TEST(ParseLock, RejectsEveryTruncation) {
  const std::string text = SmallLockEpoch1();
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_FALSE(ParseLock(text.substr(0, size), "lock.yaml")) << size;
  }
}

TEST(LoadLock, ReadsTheLockBesideTheManifest) {
  EXPECT_EQ(LockPathFor("a/b/manifest.yaml"), "a/b/lock.yaml");
  EXPECT_EQ(LockPathFor("manifest.yaml"), "lock.yaml");
  const test::Scratch scratch;
  const fs::path path = scratch.Write("lock.yaml", SmallLockEpoch1());
  const auto lock = LoadLock(LockPathFor(scratch.path() / "manifest.yaml"));
  ASSERT_TRUE(lock) << lock.error().ToString();
  EXPECT_EQ(lock->path, path);
}

TEST(PackagesOf, FollowsTheReasons) {
  const Lock lock = FullLock();
  std::vector<std::string> names;
  for (const LockedPackage* package : PackagesOf(lock, "initrd")) {
    names.push_back(package->name);
  }
  EXPECT_EQ(names, (std::vector<std::string>{"busybox-static", "cryptsetup-bin",
                                             "libc6"}));
  EXPECT_TRUE(PackagesOf(lock, "none").empty());
}

}  // namespace
}  // namespace tally
