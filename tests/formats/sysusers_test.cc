#include "formats/sysusers.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

SysusersLine Line(std::string_view text) {
  const auto line = ParseSysusersLine(text);
  EXPECT_TRUE(line) << line.error().ToString();
  return line ? *line : SysusersLine();
}

std::string LineError(std::string_view text) {
  const auto line = ParseSysusersLine(text);
  return line ? "" : line.error().ToString();
}

TEST(Sysusers, ReadsEveryType) {
  EXPECT_EQ(
      Line("u  postgres 26:tape \"PostgreSQL \\\"db\\\"\" /var/x /bin/sh"),
      (SysusersLine{.type = SysusersType::kUser,
                    .name = "postgres",
                    .id = 26,
                    .group = "tape",
                    .comment = "PostgreSQL \"db\"",
                    .home = "/var/x",
                    .shell = "/bin/sh"}));
  EXPECT_EQ(Line("u! _x -:7 - - -"),
            (SysusersLine{.name = "_x", .is_expired = true, .gid = 7}));
  EXPECT_EQ(Line("g input -"),
            (SysusersLine{.type = SysusersType::kGroup, .name = "input"}));
  EXPECT_EQ(Line("g input 104 -").id, 104u);
  EXPECT_EQ(Line("m ann input"), (SysusersLine{.type = SysusersType::kMember,
                                               .name = "ann",
                                               .group = "input"}));
  EXPECT_EQ(Line("r - 500-900"), (SysusersLine{.type = SysusersType::kRange,
                                               .range_first = 500,
                                               .range_last = 900}));
  EXPECT_EQ(Line("r - 7").range_last, 7u);
}

// As systemd-sysusers 252 reads these: a backslash is not an escape of C here.
TEST(Sysusers, ReadsQuotesAndBackslashesAsSystemdDoes) {
  EXPECT_EQ(Line("u a - \"a \\x41 \\\"q\\\" 'z'\"").comment, "a x41 \"q\" 'z'");
  EXPECT_EQ(Line("u a - 'x y'z").comment, "x yz");
  EXPECT_EQ(Line("u a - 100%%").comment, "100%");
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
  EXPECT_EQ(LineError("u a - - - - more"),
            "found 'more' after the shell, expected the end of the line");
  EXPECT_EQ(LineError("u a - \"open"),
            "found '\"open', expected a closing quote");
  EXPECT_EQ(LineError("u a - open\\"), "the line ends in a backslash");
  EXPECT_EQ(LineError("u a - \x01"),
            "found the control byte 0x1, expected text");
  EXPECT_EQ(LineError("u " + std::string(4096, 'a')),
            "the line has 4098 bytes, expected at most 4096");
}

TEST(Sysusers, RejectsBadFields) {
  const std::string rule =
      ", expected an account name [a-zA-Z_][a-zA-Z0-9_-]{0,30}";
  EXPECT_EQ(LineError("u"), "found ''" + rule);
  EXPECT_EQ(LineError("u x:y -"), "found 'x:y'" + rule);
  EXPECT_EQ(LineError("u ../x -"), "found '../x'" + rule);
  EXPECT_EQ(LineError("m a"), "found ''" + rule);
  EXPECT_EQ(LineError("u a 5:b.c"), "found 'b.c'" + rule);
  EXPECT_EQ(LineError("g a 5:6"),
            "found '5:6', expected an id from 0 to 4294967294 but not 65535");
  EXPECT_EQ(LineError("u a 4294967295"),
            "found '4294967295', expected an id from 0 to 4294967294 but not "
            "65535");
  EXPECT_EQ(LineError("u a /usr/bin/authd"),
            "found the path '/usr/bin/authd' for an id, expected a number or "
            "'-': files of the machine that builds are not looked at");
  EXPECT_EQ(LineError("u a - %H"),
            "found specifier '%H', expected none but '%%'");
  EXPECT_EQ(LineError("u a - a:b"),
            "found 'a:b' for the comment, expected UTF-8 without ':' and "
            "control bytes");
  EXPECT_EQ(LineError("u a - - home"),
            "found 'home' for the home directory, expected an absolute path "
            "without '.' and '..'");
  EXPECT_EQ(LineError("u a - - / /bin/../sh"),
            "found '/bin/../sh' for the shell, expected an absolute path "
            "without '.' and '..'");
  EXPECT_EQ(LineError("g a - text"),
            "found 'text' in a line of type 'g', which has no such field");
  EXPECT_EQ(LineError("r a 5-6"),
            "found 'a' in a line of type 'r', expected '-' for the name");
  EXPECT_EQ(LineError("r - 6-5"),
            "found the range '6-5', expected the lower number first");
}

}  // namespace
}  // namespace tally
