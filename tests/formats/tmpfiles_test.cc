#include "formats/tmpfiles.h"

#include <gtest/gtest.h>

#include "tests/support/test_files.h"

namespace tally {
namespace {

TmpfilesLine ParsedTmpfiles(std::string_view text) {
  const auto line = ParseTmpfilesLine(text);
  EXPECT_TRUE(line) << line.error().ToString();
  return line ? *line : TmpfilesLine();
}

std::string TmpfilesError(std::string_view text) {
  const auto line = ParseTmpfilesLine(text);
  return line ? "" : line.error().ToString();
}

TEST(Tmpfiles, ReadsEveryField) {
  EXPECT_EQ(ParsedTmpfiles("d- \"/a b\" ~:2750 :chrony 7 ~amM:1d12h -"),
            (TmpfilesLine{
                .type = 'd',
                .may_fail = true,
                .path = "/a b",
                .mode = TmpfilesMode{.mode = 02750,
                                     .is_masked = true,
                                     .only_when_new = true},
                .user = TmpfilesOwner{.name = "chrony", .only_when_new = true},
                .group = TmpfilesOwner{.id = 7},
                .age = "~amM:1d12h"}));
  EXPECT_EQ(ParsedTmpfiles("L?+! /x - - - - ../target of link"),
            (TmpfilesLine{.type = 'L',
                          .plus = true,
                          .boot_only = true,
                          .if_target_exists = true,
                          .path = "/x",
                          .argument = "../target of link"}));
  EXPECT_EQ(ParsedTmpfiles("f^=$ /x - - - - name"),
            (TmpfilesLine{.type = 'f',
                          .replace_other = true,
                          .from_credential = true,
                          .path = "/x",
                          .argument = "name"}));
}

TEST(Tmpfiles, ReadsArgumentsByType) {
  EXPECT_EQ(ParsedTmpfiles("f /x - - - - \"a\\x41b\\n\"  c%%").argument,
            "\"aAb\n\"  c%");
  EXPECT_EQ(ParsedTmpfiles("f+~ /x - - - - aGVsbG8=").argument, "hello");
  EXPECT_EQ(ParsedTmpfiles("F /x").plus, true);
  EXPECT_EQ(ParsedTmpfiles("C /x - - - - /a//b/./c/").argument, "/a/b/c");
  EXPECT_EQ(ParsedTmpfiles("a+ /x - - - - d:group:adm:r-x").argument,
            "d:group:adm:r-x");
  const auto xattrs =
      ParsedTmpfiles("t /x - - - - user.a=1 user.b=\"2 3\"").xattrs;
  ASSERT_EQ(xattrs.size(), 2u);
  EXPECT_EQ(xattrs[1].first, "user.b");
  EXPECT_EQ(AsText(xattrs[1].second), "2 3");
}

TEST(Tmpfiles, NormalisesPathsAsSystemdDoes) {
  EXPECT_EQ(ParsedTmpfiles("d /a//b/./c/").path, "/a/b/c");
  EXPECT_EQ(ParsedTmpfiles("d /").path, "/");
  EXPECT_EQ(ParsedTmpfiles("d //").path, "/");
  EXPECT_EQ(ParsedTmpfiles("d /a\\x20\\u00e9\\101").path,
            "/a \xc3\xa9"
            "A");
}

TEST(Tmpfiles, ReplacesSpecifiersThatAreTheSameEverywhere) {
  EXPECT_EQ(ParsedTmpfiles("d %S/%%/%u%U").path, "/var/lib/%/root0");
  EXPECT_EQ(ParsedTmpfiles("L %t/x - - - - %h%C%L%T%V").argument,
            "/root/var/cache/var/log/tmp/var/tmp");
  EXPECT_EQ(ParsedTmpfiles("d /var/log/journal/%m").boot_specifier, "%m");
  EXPECT_EQ(ParsedTmpfiles("f /x - - - - %H%v").boot_specifier, "%H");
}

TEST(Tmpfiles, RejectsPathsThatLeaveTheRoot) {
  const std::string rule =
      ", expected an absolute path without '..', components of at most 255 "
      "and not more than 4095 bytes";
  EXPECT_EQ(TmpfilesError("d /var/../../etc"),
            "found path '/var/../../etc'" + rule);
  EXPECT_EQ(TmpfilesError("d /var/\\x2e\\x2e/x"),
            "found path '/var/../x'" + rule);
  EXPECT_EQ(TmpfilesError("d var/x"), "found path 'var/x'" + rule);
  EXPECT_EQ(TmpfilesError("C /x - - - - ../y"), "found source '../y'" + rule);
  EXPECT_EQ(TmpfilesError("d /" + std::string(256, 'a')),
            "found path '/" + std::string(63, 'a') + "'" + rule);
}

TEST(Tmpfiles, RejectsBadFields) {
  const auto file = ParseTmpfiles("\n# x\nd /x 0999\n", "'/etc/tmpfiles.d/x'");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().ToString(),
            "'/etc/tmpfiles.d/x' line 3: found mode '0999', expected an octal "
            "number up to 7777");
  EXPECT_EQ(TmpfilesError("d"), "found 'd', expected a type and a path");
  EXPECT_EQ(TmpfilesError("y /x"),
            "found type 'y', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d+ /x"),
            "found type 'd+', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d~ /x"),
            "found type 'd~', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d? /x"),
            "found type 'd?', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d!! /x"),
            "found type 'd!!', expected each of '+!-=~^$?' at most once behind "
            "the letter");
  EXPECT_EQ(TmpfilesError("d /x 17777"),
            "found mode '17777', expected an octal number up to 7777");
  EXPECT_EQ(TmpfilesError("d /x 0755 a:b"),
            "found 'a:b', expected an account name "
            "[a-zA-Z_][a-zA-Z0-9_-]{0,30}");
  EXPECT_EQ(TmpfilesError("d /x - - - soon"),
            "found age 'soon', expected a time as in systemd.time(7)");
  EXPECT_EQ(TmpfilesError("d /x%q"),
            "found specifier '%q', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d /x%"),
            "found specifier '%', expected one of tmpfiles.d(5)");
  EXPECT_EQ(TmpfilesError("d /x\\0"), "found '\\0', expected an escape of C");
  EXPECT_EQ(TmpfilesError("d /x\\x00"),
            "found '\\x00', expected an escape of C");
  EXPECT_EQ(TmpfilesError("w /x"),
            "found no argument, expected one for a line of type 'w'");
  EXPECT_EQ(TmpfilesError("t /x - - - - user=1"),
            "found 'user=1', expected namespace.attribute=value");
  EXPECT_EQ(TmpfilesError("d /" + std::string(65536, 'a')),
            "the line has 65539 bytes, expected at most 65536");
}

TEST(Tmpfiles, ReadsTheFilesOfThisMachine) {
  size_t num_read = 0;
  if (fs::exists("/usr/lib/tmpfiles.d")) {
    for (const auto& entry : fs::directory_iterator("/usr/lib/tmpfiles.d")) {
      const Bytes bytes = test::MustRead(entry.path());
      const auto lines = ParseTmpfiles(AsText(bytes), entry.path().string());
      EXPECT_TRUE(lines) << lines.error().ToString();
      ++num_read;
    }
  }
  if (num_read == 0) GTEST_SKIP() << "no tmpfiles.d here";
}

}  // namespace
}  // namespace tally
