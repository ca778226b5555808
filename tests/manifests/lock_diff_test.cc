#include "manifests/lock_diff.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

Lock ComparedLock() {
  Lock lock = {.architecture = "amd64"};
  lock.suites = {{.archive = "debian",
                  .suite = "bookworm",
                  .origin = "Debian",
                  .codename = "bookworm",
                  .date = "2026-07-11T10:16:37Z"}};
  lock.packages = {{.name = "libc6",
                    .version = "2.36-9",
                    .architecture = "amd64",
                    .archive = "debian",
                    .suite = "bookworm",
                    .path = "pool/libc6_2.36-9.deb",
                    .size_bytes = 100,
                    .source = "glibc",
                    .source_version = "2.36-9",
                    .why = {{"root", "libc6"}},
                    .num_entries = 3,
                    .scripts = {{.name = "triggers",
                                 .disposition = ScriptDisposition::kKnown,
                                 .actions = {"ldconfig"}}}}};
  lock.accounts.users = {{"chrony", 999}};
  lock.files = {{.path = "run.sh", .size_bytes = 10}};
  return lock;
}

// DiffText is short enough to compare.
std::string DiffText(const Lock& before, const Lock& after) {
  std::string text;
  for (const LockChange& change : DiffLocks(before, after)) {
    text += change.kind == LockChangeKind::kAdded     ? "+"
            : change.kind == LockChangeKind::kRemoved ? "-"
                                                      : "~";
    text += change.section + " " + change.name + ":";
    for (const LockFieldChange& field : change.fields) {
      text += " [" + field.field + " " + field.before.value_or("(none)") +
              " -> " + field.after.value_or("(none)") + "]";
    }
    text += "\n";
  }
  return text;
}

TEST(LockDiff, FindsNothingBetweenEqualLocks) {
  EXPECT_EQ(DiffText(ComparedLock(), ComparedLock()), "");
}

TEST(LockDiff, NamesChangedFieldsOfAPackage) {
  Lock after = ComparedLock();
  after.packages[0].version = "2.36-10";
  after.packages[0].size_bytes = 120;
  after.packages[0].num_entries = 4;
  after.packages[0].scripts[0].disposition = ScriptDisposition::kAcknowledged;
  after.packages[0].scripts[0].actions = {"ldconfig", "ca-certificates"};
  EXPECT_EQ(DiffText(ComparedLock(), after),
            "~package libc6: [version 2.36-9 -> 2.36-10] [size 100 -> 120] "
            "[entries 3 -> 4] [script triggers disposition known -> "
            "acknowledged] [script triggers actions ldconfig -> ldconfig; "
            "ca-certificates]\n");
}

TEST(LockDiff, NamesScriptsThatCameAndWent) {
  Lock before = ComparedLock();
  before.packages[0].scripts[0].name = "postinst";
  const std::string zeros(64, '0');
  EXPECT_EQ(DiffText(before, ComparedLock()),
            "~package libc6: [script triggers (none) -> " + zeros +
                "] [script triggers disposition (none) -> known] [script "
                "triggers actions (none) -> ldconfig] [script postinst " +
                zeros +
                " -> (none)] [script postinst disposition known -> (none)] "
                "[script postinst actions ldconfig -> (none)]\n");
}

TEST(LockDiff, NamesAddedAndRemovedEntriesOfEverySection) {
  Lock after = ComparedLock();
  after.suites.push_back({.archive = "debian-security",
                          .suite = "bookworm-security",
                          .date = "2026-07-12T00:00:00Z"});
  after.accounts.users = {{"chrony", 998}, {"tss", 997}};
  after.accounts.groups = {{"tss", 997}};
  after.files = {{.path = "other.sh", .size_bytes = 1}};
  const std::string zeros(64, '0');
  EXPECT_EQ(DiffText(ComparedLock(), after),
            "+archive debian-security bookworm-security: [date (none) -> "
            "2026-07-12T00:00:00Z] [origin (none) -> ] [codename (none) -> ] "
            "[InRelease (none) -> " +
                zeros +
                "] [signed by (none) -> ]\n"
                "~user chrony: [id 999 -> 998]\n"
                "+user tss: [id (none) -> 997]\n"
                "+group tss: [id (none) -> 997]\n"
                "+file other.sh: [size (none) -> 1] [sha256 (none) -> " +
                zeros +
                "]\n"
                "-file run.sh: [size 10 -> (none)] [sha256 " +
                zeros + " -> (none)]\n");
}

TEST(LockDiff, JoinsTheEvidenceOfSeveralDays) {
  Lock after = ComparedLock();
  after.suites.push_back(after.suites[0]);
  after.suites[1].date = "2026-07-12T00:00:00Z";
  const std::string text = DiffText(ComparedLock(), after);
  EXPECT_EQ(text.substr(0, text.find(']')),
            "~archive debian bookworm: [date 2026-07-11T10:16:37Z -> "
            "2026-07-11T10:16:37Z, 2026-07-12T00:00:00Z");
}

// Epoch 1 says nothing of what packages unpack to: that is no change of them.
TEST(LockDiff, TakesFactsThatAnEpochLacksForUnknown) {
  Lock before = ComparedLock();
  before.format_epoch = 1;
  before.packages[0].num_entries = 0;
  before.packages[0].scripts[0] = {.name = "triggers"};
  EXPECT_EQ(DiffText(before, ComparedLock()),
            "~lock format: [format epoch 1 -> 2]\n");
  Lock after = ComparedLock();
  after.packages[0].version = "2.36-10";
  EXPECT_EQ(
      DiffText(before, after),
      "~lock format: [format epoch 1 -> 2]\n"
      "~package libc6: [version 2.36-9 -> 2.36-10] [entries unknown -> "
      "3] [script triggers disposition unknown -> known] [script triggers "
      "actions unknown -> ldconfig] [tree sha256 unknown -> " +
          std::string(64, '0') + "]\n");
}

}  // namespace
}  // namespace tally
