// What format epoch 2 added to the lock.
#include <gtest/gtest.h>

#include "manifests/lock.h"
#include "tests/manifests/manifest_samples.h"

namespace tally {
namespace {

using test::Replaced;
using test::WithHints;

std::string SmallLockEpoch2() {
  return R"(# Written by tally lock: facts, not intent. Review the diff; do not edit.
# Format: docs/formats/lock.md of Tallystick.
lock: 2
format_epoch: 2
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
  - name: libc6
    version: "2.36-9+deb12u13"
    architecture: amd64
    archive: debian
    suite: bookworm
    date: "2026-07-11T10:16:37Z"
    path: pool/main/g/glibc/libc6_2.36-9+deb12u13_amd64.deb
    size: 2760000
    sha256: 4400000000000000000000000000000000000000000000000000000000000a44
    entries: 321
    tree_sha256: 7700000000000000000000000000000000000000000000000000000000000a77
    source: glibc
    source_version: "2.36-9+deb12u12"
    why:
      root: "libc6"
    scripts:
      - script: postinst
        sha256: 5500000000000000000000000000000000000000000000000000000000000a55
        disposition: known
        actions:
          - "ldconfig"
          - "tmpfiles d /var/lib/x 0755 root root -"
      - script: prerm
        sha256: 5600000000000000000000000000000000000000000000000000000000000a56
        disposition: none
        actions: []
accounts:
  users:
    _x: 999
  groups:
    "no": 998
files: []
)";
}

std::string RefusedLockEpoch2(std::string_view from, std::string_view to) {
  const auto lock =
      ParseLock(Replaced(SmallLockEpoch2(), from, to), "lock.yaml");
  return lock ? "accepted" : WithHints(lock.error());
}

TEST(ParseLockEpoch2, ReadsEveryField) {
  const auto lock = ParseLock(SmallLockEpoch2(), "lock.yaml");
  ASSERT_TRUE(lock) << lock.error().ToString();
  EXPECT_EQ(lock->format_epoch, 2);
  EXPECT_EQ(FormatLock(*lock), SmallLockEpoch2());

  ASSERT_EQ(lock->packages.size(), 1u);
  const LockedPackage& package = lock->packages[0];
  EXPECT_EQ(package.num_entries, 321u);
  EXPECT_EQ(package.tree_sha256.hex().substr(61), "a77");
  ASSERT_EQ(package.scripts.size(), 2u);
  EXPECT_EQ(package.scripts[0].name, "postinst");
  EXPECT_EQ(package.scripts[0].sha256.hex().substr(61), "a55");
  EXPECT_EQ(package.scripts[0].disposition, ScriptDisposition::kKnown);
  EXPECT_EQ(package.scripts[0].actions,
            (std::vector<std::string>{
                "ldconfig", "tmpfiles d /var/lib/x 0755 root root -"}));
  EXPECT_EQ(package.scripts[1].name, "prerm");
  EXPECT_EQ(package.scripts[1].disposition, ScriptDisposition::kNone);

  EXPECT_EQ(lock->accounts.users,
            (std::map<std::string, uint32_t>{{"_x", 999}}));
  EXPECT_EQ(lock->accounts.groups,
            (std::map<std::string, uint32_t>{{"no", 998}}));
}

// WithSecondEvidence adds what vouched for a package on another day.
std::string WithSecondEvidence(const std::string& date) {
  const std::string text = SmallLockEpoch2();
  const size_t begin = text.find("  - archive:");
  std::string entry = text.substr(begin, text.find("packages:") - begin);
  entry = Replaced(entry, "2026-07-11T10:16:37Z", date);
  return Replaced(text, "packages:", entry + "packages:");
}

std::string ErrorOf(const std::string& text) {
  const auto lock = ParseLock(text, "lock.yaml");
  return lock ? "accepted" : WithHints(lock.error());
}

TEST(ParseLockEpoch2, ASuiteMayHaveEvidenceOfSeveralDays) {
  const std::string text = WithSecondEvidence("2026-07-12T10:16:37Z");
  const size_t begin = text.find("  - name: libc6");
  std::string package = text.substr(begin, text.find("accounts:") - begin);
  package = Replaced(package, "name: libc6", "name: libz");
  package = Replaced(package, "root: \"libc6\"", "root: \"libz\"");
  package = Replaced(package, "2026-07-11T10:16:37Z", "2026-07-12T10:16:37Z");
  const auto lock = ParseLock(
      Replaced(text, "accounts:", package + "accounts:"), "lock.yaml");
  ASSERT_TRUE(lock) << lock.error().ToString();
  ASSERT_EQ(lock->suites.size(), 2u);
  EXPECT_EQ(EvidenceFor(*lock, lock->packages[0]), &lock->suites[0]);
  EXPECT_EQ(EvidenceFor(*lock, lock->packages[1]), &lock->suites[1]);
}

TEST(ParseLockEpoch2, RejectsEvidenceOutOfPlace) {
  EXPECT_EQ(
      ErrorOf(WithSecondEvidence("2026-07-12T10:16:37Z")),
      "lock.yaml:30:3: found no package of suite 'bookworm' of archive "
      "'debian' of '2026-07-12T10:16:37Z', expected one, as the suite has "
      "other entries");
  EXPECT_EQ(ErrorOf(WithSecondEvidence("2026-07-11T10:16:37Z")),
            "lock.yaml:18:5: found suite 'bookworm' of archive 'debian' of "
            "'2026-07-11T10:16:37Z' after that of '2026-07-11T10:16:37Z', "
            "expected each date once, sorted");
  EXPECT_EQ(RefusedLockEpoch2("    date: \"2026-07-11T10:16:37Z\"\n    path",
                              "    date: \"2026-07-10T10:16:37Z\"\n    path"),
            "lock.yaml:19:5: found suite 'bookworm' of '2026-07-10T10:16:37Z' "
            "of archive 'debian' for package 'libc6', expected one of the "
            "lock's own 'archives'");
}

TEST(ParseLockEpoch2, RejectsBadScripts) {
  EXPECT_EQ(RefusedLockEpoch2("disposition: known", "disposition: knwon"),
            "lock.yaml:37:22: found 'knwon', expected one of none, known, "
            "acknowledged (did you mean 'known'?)");
  EXPECT_EQ(RefusedLockEpoch2("disposition: known", "disposition: none"),
            "lock.yaml:35:9: found actions of a script with disposition "
            "'none', expected none");
  EXPECT_EQ(RefusedLockEpoch2("script: prerm", "script: postinst"),
            "lock.yaml:41:9: found script 'postinst' after 'postinst', "
            "expected each once, sorted by bytes");
  EXPECT_EQ(RefusedLockEpoch2("script: prerm", "script: prrm"),
            "lock.yaml:41:17: found 'prrm', expected one of config, postinst, "
            "postrm, preinst, prerm, triggers (did you mean 'prerm'?)");
  EXPECT_EQ(RefusedLockEpoch2("\"ldconfig\"", "\"ld\\x07config\""),
            "lock.yaml:39:13: found 'ld\\x07config', expected a native action "
            "in printable ASCII, at most 4096 characters");
}

TEST(ParseLockEpoch2, RejectsBadAccounts) {
  EXPECT_EQ(RefusedLockEpoch2("_x: 999", "X: 999"),
            "lock.yaml:47:5: found user 'X', expected the name of an account "
            "(1 to 31 of a-z 0-9 _ -, first a letter or _)");
  EXPECT_EQ(RefusedLockEpoch2("_x: 999", "_x: 2147483648"),
            "lock.yaml:47:9: found '2147483648', expected a number without "
            "quotes, 0 to 2147483647");
  EXPECT_EQ(RefusedLockEpoch2("\"no\": 998", "no: 998"),
            "lock.yaml:49:1: found '    no: 998', expected '    \"no\": 998'"
            "\nhint: a lock is written by tally lock, not by hand");
}

// The old form stays what it was.
TEST(ParseLockEpoch2, RejectsTheKeysOfEpoch1) {
  EXPECT_EQ(RefusedLockEpoch2("    entries: 321\n", ""),
            "lock.yaml:19:5: found no key 'entries' in a package, expected "
            "one");
  EXPECT_EQ(RefusedLockEpoch2("accounts:\n  users:\n    _x: 999\n  groups:\n"
                              "    \"no\": 998\n",
                              ""),
            "lock.yaml:3:1: found no key 'accounts' in the lock, expected one");
}

}  // namespace
}  // namespace tally
