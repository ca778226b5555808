#include "formats/sysusers.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

SysusersLine ParsedSysusers(std::string_view text) {
  const auto line = ParseSysusersLine(text);
  EXPECT_TRUE(line) << line.error().ToString();
  return line ? *line : SysusersLine();
}

std::string SysusersError(std::string_view text) {
  const auto line = ParseSysusersLine(text);
  return line ? "" : line.error().ToString();
}

TEST(Sysusers, ReadsEveryType) {
  EXPECT_EQ(ParsedSysusers(
                "u  postgres 26:tape \"PostgreSQL \\\"db\\\"\" /var/x /bin/sh"),
            (SysusersLine{.type = SysusersType::kUser,
                          .name = "postgres",
                          .id = 26,
                          .group = "tape",
                          .comment = "PostgreSQL \"db\"",
                          .home = "/var/x",
                          .shell = "/bin/sh"}));
  EXPECT_EQ(ParsedSysusers("u! _x -:7 - - -"),
            (SysusersLine{.name = "_x", .is_expired = true, .gid = 7}));
  EXPECT_EQ(ParsedSysusers("g input -"),
            (SysusersLine{.type = SysusersType::kGroup, .name = "input"}));
  EXPECT_EQ(ParsedSysusers("g input 104 -").id, 104u);
  EXPECT_EQ(
      ParsedSysusers("m ann input"),
      (SysusersLine{
          .type = SysusersType::kMember, .name = "ann", .group = "input"}));
  EXPECT_EQ(ParsedSysusers("r - 500-900"),
            (SysusersLine{.type = SysusersType::kRange,
                          .range_first = 500,
                          .range_last = 900}));
  EXPECT_EQ(ParsedSysusers("r - 7").range_last, 7u);
}

// As systemd-sysusers 252 reads these: a backslash is not an escape of C here.
TEST(Sysusers, ReadsQuotesAndBackslashesAsSystemdDoes) {
  EXPECT_EQ(ParsedSysusers("u a - \"a \\x41 \\\"q\\\" 'z'\"").comment,
            "a x41 \"q\" 'z'");
  EXPECT_EQ(ParsedSysusers("u a - 'x y'z").comment, "x yz");
  EXPECT_EQ(ParsedSysusers("u a - 100%%").comment, "100%");
}

TEST(Sysusers, NumbersTheLinesOfAFile) {
  const auto lines = ParseSysusers("# comment\n\n  u a\n\tg b 5", "'x'");
  ASSERT_TRUE(lines) << lines.error().ToString();
  ASSERT_EQ(lines->size(), 2u);
  EXPECT_EQ((*lines)[0].line, 3u);
  EXPECT_EQ((*lines)[1].line, 4u);
}

TEST(Sysusers, RejectsBadLines) {
  const auto file = ParseSysusers("u a\nx b\n", "'/usr/lib/sysusers.d/x.conf'");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().ToString(),
            "'/usr/lib/sysusers.d/x.conf' line 2: found type 'x', expected "
            "'u', 'u!', 'g', 'm' or 'r'");
  EXPECT_EQ(SysusersError("u a - - - - more"),
            "found 'more' after the shell, expected the end of the line");
  EXPECT_EQ(SysusersError("u a - \"open"),
            "found '\"open', expected a closing quote");
  EXPECT_EQ(SysusersError("u a - open\\"), "the line ends in a backslash");
  EXPECT_EQ(SysusersError("u a - \x01"),
            "found the control byte 0x1, expected text");
  EXPECT_EQ(SysusersError("u " + std::string(4096, 'a')),
            "the line has 4098 bytes, expected at most 4096");
}

TEST(Sysusers, RejectsBadFields) {
  const std::string rule =
      ", expected an account name [a-zA-Z_][a-zA-Z0-9_-]{0,30}";
  EXPECT_EQ(SysusersError("u"), "found ''" + rule);
  EXPECT_EQ(SysusersError("u x:y -"), "found 'x:y'" + rule);
  EXPECT_EQ(SysusersError("u ../x -"), "found '../x'" + rule);
  EXPECT_EQ(SysusersError("m a"), "found ''" + rule);
  EXPECT_EQ(SysusersError("u a 5:b.c"), "found 'b.c'" + rule);
  EXPECT_EQ(SysusersError("g a 5:6"),
            "found '5:6', expected an id from 0 to 4294967294 but not 65535");
  EXPECT_EQ(SysusersError("u a 4294967295"),
            "found '4294967295', expected an id from 0 to 4294967294 but not "
            "65535");
  EXPECT_EQ(SysusersError("u a /usr/bin/authd"),
            "found the path '/usr/bin/authd' for an id, expected a number or "
            "'-': files of the machine that builds are not looked at");
  EXPECT_EQ(SysusersError("u a - %H"),
            "found specifier '%H', expected none but '%%'");
  EXPECT_EQ(SysusersError("u a - a:b"),
            "found 'a:b' for the comment, expected UTF-8 without ':' and "
            "control bytes");
  EXPECT_EQ(SysusersError("u a - - home"),
            "found 'home' for the home directory, expected an absolute path "
            "without '.' and '..'");
  EXPECT_EQ(SysusersError("u a - - / /bin/../sh"),
            "found '/bin/../sh' for the shell, expected an absolute path "
            "without '.' and '..'");
  EXPECT_EQ(SysusersError("g a - text"),
            "found 'text' in a line of type 'g', which has no such field");
  EXPECT_EQ(SysusersError("r a 5-6"),
            "found 'a' in a line of type 'r', expected '-' for the name");
  EXPECT_EQ(SysusersError("r - 6-5"),
            "found the range '6-5', expected the lower number first");
}

}  // namespace
}  // namespace tally
