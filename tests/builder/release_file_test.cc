#include "builder/release_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text.h"

namespace tally {
namespace {

constexpr char kDigest[] =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

std::string Text(const std::string& more = "", const std::string& list = "") {
  return "Origin: Debian\nSuite: oldstable-updates\nCodename: bookworm\n"
         "Date: Sat, 11 Jul 2026 10:16:37 UTC\n" +
         more + "SHA256:\n " + kDigest + "  5 main/x\n" + list;
}

ArchiveSpec Archive() {
  return {.name = "debian", .suites = {"bookworm-updates"}};
}

TEST(ReleaseDate, ParsesWhatArchivesWrite) {
  EXPECT_EQ(
      FormatUtcTime(ParseReleaseDate("Sat, 11 Jul 2026 10:16:37 UTC").value()),
      "2026-07-11T10:16:37Z");
  EXPECT_EQ(ParseReleaseDate("1 Jan 1970 0:00:01 GMT").value(), 1);
  EXPECT_EQ(ParseReleaseDate("Thu, 29 Feb 2024 23:59:59 +0000").value(),
            1709251199);
}

TEST(ReleaseDate, RejectsOthers) {
  for (const char* bad :
       {"", "Sat, 31 Jun 2026 10:16:37 UTC", "Sat, 11 Jul 2026 24:00:00 UTC",
        "Sat, 11 Jul 2026 10:16:37 CEST", "Sat, 11 Jul 2026 10:16 UTC",
        "Sat, 11 jul 2026 10:16:37 UTC", "Sat, 11 Jul 2026 10:16:37",
        "Sat, -1 Jul 2026 10:16:37 UTC", "Thu, 29 Feb 2026 10:16:37 UTC"}) {
    EXPECT_FALSE(ParseReleaseDate(bad)) << bad;
  }
  EXPECT_EQ(ParseReleaseDate("today").error().message(),
            "found 'today', expected a date like 'Sat, 11 Jul 2026 10:16:37 "
            "UTC'");
}

TEST(ReleaseFile, ParsesFields) {
  const ReleaseFile release =
      ParseRelease(Text("Valid-Until: Sat, 18 Jul 2026 10:16:37 UTC\n"
                        "Acquire-By-Hash: yes\n"))
          .value();
  EXPECT_EQ(release.origin, "Debian");
  EXPECT_EQ(release.suite, "oldstable-updates");
  EXPECT_EQ(release.codename, "bookworm");
  EXPECT_EQ(release.date, 1783764997);
  EXPECT_EQ(release.valid_until, 1783764997 + 7 * 86400);
  EXPECT_TRUE(release.acquire_by_hash);
  EXPECT_EQ(release.files.at("main/x").size_bytes, 5u);
  EXPECT_EQ(release.files.at("main/x").sha256.hex(), kDigest);
}

TEST(ReleaseFile, RejectsMalformedLists) {
  const auto refusal = [](const std::string& list) {
    return ParseRelease(Text("", list)).error().message();
  };
  EXPECT_EQ(refusal(" abc 5 main/y\n"),
            "found 'abc 5 main/y' in SHA256, expected digest, size and path");
  const std::string digest = kDigest;
  EXPECT_EQ(refusal(" " + digest + " -5 main/y\n"),
            "found '" + digest +
                " -5 main/y' in SHA256, expected digest, size and path");
  EXPECT_EQ(refusal(" " + digest + " 5 ../main/y\n"),
            "found '" + digest +
                " 5 ../main/y' in SHA256, expected digest, size and path");
  EXPECT_EQ(refusal(" " + digest + " 6 main/x\n"),
            "'main/x' has two digests in SHA256");
}

TEST(ReleaseFile, RejectsMissingFields) {
  EXPECT_EQ(ParseRelease("Origin: x\nCodename: y\n").error().message(),
            "Release has no field 'Date'");
  EXPECT_EQ(ParseRelease("Origin: x\n").error().message(),
            "paragraph at line 1 has no field 'Codename'");
}

TEST(ReleaseFile, AcceptsItsOwnNamesOnly) {
  const ReleaseFile release = ParseRelease(Text()).value();
  for (const char* suite : {"oldstable-updates", "bookworm-updates"}) {
    EXPECT_TRUE(CheckRelease(release, Archive(), suite, 0)) << suite;
  }
  EXPECT_EQ(
      CheckRelease(release, Archive(), "trixie-updates", 0).error().message(),
      "found the Release of suite 'oldstable-updates' (codename 'bookworm'), "
      "expected 'trixie-updates'");
  EXPECT_FALSE(CheckRelease(release, Archive(), "bookworm-backports", 0));
}

TEST(ReleaseFile, ExpiresUnlessAllowed) {
  ReleaseFile release = ParseRelease(Text()).value();
  release.valid_until = 1000;
  ArchiveSpec archive = Archive();
  EXPECT_TRUE(CheckRelease(release, archive, "bookworm-updates", 1000));
  EXPECT_EQ(CheckRelease(release, archive, "bookworm-updates", 1001)
                .error()
                .message(),
            "the Release of suite 'bookworm-updates' expired at "
            "1970-01-01T00:16:40Z, and it is 1970-01-01T00:16:41Z");
  archive.allow_expired = true;
  EXPECT_TRUE(CheckRelease(release, archive, "bookworm-updates", 1001));
}

TEST(ArchivePath, MustStayInTheArchive) {
  for (const char* good : {"a", "pool/main/c/curl_1+b~1.deb"}) {
    EXPECT_TRUE(IsArchivePath(good)) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("/a"), std::string("a/"),
        std::string("a//b"), std::string("./a"), std::string("a/../b"),
        std::string("a b"), std::string("a\\b"), std::string("a\nb"),
        std::string(1025, 'a')}) {
    EXPECT_FALSE(IsArchivePath(bad)) << bad;
  }
}

}  // namespace
}  // namespace tally
