#include <gtest/gtest.h>

#include "manifests/lock.h"
#include "tests/manifests/manifest_samples.h"

namespace tally {
namespace {

using test::FullManifest;
using test::Replaced;

Manifest ManifestOf(const std::string& text) {
  auto manifest = ParseManifest(text, "manifest.yaml");
  EXPECT_TRUE(manifest) << manifest.error().ToString();
  return manifest ? *std::move(manifest) : Manifest();
}

// FullLockInFile is test::FullLock as read from lock.yaml.
Lock FullLockInFile() {
  Lock lock = test::FullLock();
  lock.path = "lock.yaml";
  return lock;
}

std::string BelongsRefusal(const Manifest& manifest, const Lock& lock) {
  const Status status = CheckLockBelongs(manifest, lock);
  if (status) return "accepted";
  EXPECT_EQ(status.error().hints(),
            std::vector<std::string>{"run tally lock manifest.yaml"});
  return status.error().ToString();
}

// Of the full lock for a manifest with one replacement.
std::string RefusedWithManifest(std::string_view from, std::string_view to) {
  return BelongsRefusal(ManifestOf(Replaced(FullManifest(), from, to)),
                        FullLockInFile());
}

TEST(CheckLockBelongs, AcceptsItsOwn) {
  EXPECT_EQ(BelongsRefusal(ManifestOf(FullManifest()), FullLockInFile()),
            "accepted");
}

TEST(CheckLockBelongs, RejectsAnotherArchitecture) {
  EXPECT_EQ(RefusedWithManifest("architecture: amd64", "architecture: arm64"),
            "lock.yaml: found architecture 'amd64', expected 'arm64' as in "
            "manifest.yaml");
}

TEST(CheckLockBelongs, RejectsOtherSuites) {
  EXPECT_EQ(RefusedWithManifest("[stable]", "[stable, testing]"),
            "lock.yaml: suite 'testing' of archive 'private' is named by "
            "manifest.yaml:12:5 but not in the lock");
  EXPECT_EQ(
      RefusedWithManifest("  - name: private\n    suites: [stable]\n", ""),
      "lock.yaml: suite 'stable' of archive 'private' is in the lock but "
      "not named by manifest.yaml");
  EXPECT_EQ(RefusedWithManifest("[bookworm, bookworm-backports]",
                                "[bookworm-backports, bookworm]"),
            "lock.yaml: found suite 'bookworm' of archive 'debian' as number "
            "1, expected the order of the suites in manifest.yaml");
}

TEST(CheckLockBelongs, RejectsMissingPackages) {
  EXPECT_EQ(RefusedWithManifest("[bash, mawk]", "[bash, mawk, curl]"),
            "lock.yaml: package 'curl' is requested by manifest.yaml:27:26 but "
            "not in the lock");
  EXPECT_EQ(RefusedWithManifest("[bash, mawk]", "[bash, mawk, busybox-static]"),
            "lock.yaml: package 'busybox-static' is requested by "
            "manifest.yaml:27:26 but not in the lock for root");
  EXPECT_EQ(RefusedWithManifest("[bash, mawk]", "[bash, mawk, libc6]"),
            "lock.yaml: package 'libc6' is requested by manifest.yaml:27:26 "
            "but in the lock for root only because of 'bash > libtinfo6 > "
            "libc6'");
  EXPECT_EQ(
      RefusedWithManifest("name: linux-image-cloud,", "name: linux-image,"),
      "lock.yaml: package 'linux-image' is requested by "
      "manifest.yaml:17:12 but not in the lock");
}

TEST(CheckLockBelongs, RejectsAnotherSuiteOfAPackage) {
  EXPECT_EQ(RefusedWithManifest("cryptsetup-bin, suite: bookworm",
                                "cryptsetup-bin, suite: bookworm-backports"),
            "lock.yaml: package 'cryptsetup-bin' is from suite 'bookworm', but "
            "manifest.yaml:22:7 requests 'bookworm-backports'");
}

TEST(CheckLockBelongs, RejectsSuperfluousPackages) {
  EXPECT_EQ(RefusedWithManifest("[bash, mawk]", "[bash]"),
            "lock.yaml: package 'mawk' is in the lock for root because of "
            "'mawk', but manifest.yaml does not request that there");
  EXPECT_EQ(RefusedWithManifest("[debconf, perl]", "[libc6]"),
            "lock.yaml: package 'libc6' is in the lock for root, but "
            "manifest.yaml omits it there");
}

TEST(CheckLockBelongs, RejectsScriptsThatTheManifestDoesNotAcknowledge) {
  const Manifest none = ManifestOf(FullManifest());
  Manifest manifest = none;
  Lock lock = FullLockInFile();
  LockedPackage& package = lock.packages[3];
  LockedScript& script = package.scripts[0];
  script.disposition = ScriptDisposition::kAcknowledged;
  script.actions = {"sysusers u foo - -"};
  const std::string name = script.name + " of package '" + package.name + "'";
  manifest.system.scripts = {{.package = package.name,
                              .script = script.name,
                              .sha256 = script.sha256,
                              .actions = script.actions,
                              .reason = "one account",
                              .where = {.line = 7, .column = 9}}};
  EXPECT_EQ(BelongsRefusal(manifest, lock), "accepted");
  EXPECT_EQ(BelongsRefusal(none, lock),
            "lock.yaml: " + name +
                " is acknowledged in the lock but not by "
                "manifest.yaml");
  script.actions.push_back("sysusers u backdoor 0 -");
  const std::string other = "lock.yaml: " + name +
                            " has another digest or other actions in the lock "
                            "than manifest.yaml:7:9";
  EXPECT_EQ(BelongsRefusal(manifest, lock), other);
  script.actions.pop_back();
  script.sha256 = package.sha256;
  EXPECT_EQ(BelongsRefusal(manifest, lock), other);
  script.disposition = ScriptDisposition::kKnown;
  EXPECT_EQ(BelongsRefusal(manifest, lock),
            "lock.yaml: " + name +
                " is acknowledged by manifest.yaml:7:9 "
                "but not in the lock");
}

TEST(CheckLockBelongs, RejectsOtherFiles) {
  EXPECT_EQ(RefusedWithManifest("payload/run.sh", "payload/go.sh"),
            "lock.yaml: file 'payload/run.sh' is in the lock but not named by "
            "manifest.yaml");
  Lock lock = FullLockInFile();
  lock.files.clear();
  EXPECT_EQ(BelongsRefusal(ManifestOf(FullManifest()), lock),
            "lock.yaml: file 'payload/run.sh' is named by manifest.yaml:34:7 "
            "but not in the lock");
}

}  // namespace
}  // namespace tally
