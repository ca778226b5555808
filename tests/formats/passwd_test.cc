#include "formats/passwd.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string PasswdError(std::string_view text) {
  const auto entries = ParsePasswd(text, "'/etc/passwd'");
  return entries ? "" : entries.error().ToString();
}

std::string GroupError(std::string_view text) {
  const auto entries = ParseGroup(text, "'/etc/group'");
  return entries ? "" : entries.error().ToString();
}

TEST(Passwd, ReadsAndWritesEveryField) {
  const std::string text =
      "root:*:0:0:root:/root:/bin/bash\n_chrony:x:990:991:Daemon,,,:/:\n";
  const auto entries = ParsePasswd(text, "'x'");
  ASSERT_TRUE(entries) << entries.error().ToString();
  EXPECT_EQ((*entries)[1], (PasswdEntry{.name = "_chrony",
                                        .password = "x",
                                        .uid = 990,
                                        .gid = 991,
                                        .comment = "Daemon,,,",
                                        .home = "/",
                                        .shell = ""}));
  EXPECT_EQ(FormatPasswd(*entries), text);
}

TEST(Passwd, ReadsAndWritesTheOtherFiles) {
  const std::string group = "adm:x:4:ann,bob\nsys:*:3:\n";
  const auto groups = ParseGroup(group, "'x'");
  ASSERT_TRUE(groups);
  EXPECT_EQ((*groups)[0], (GroupEntry{.name = "adm",
                                      .password = "x",
                                      .gid = 4,
                                      .members = {"ann", "bob"}}));
  EXPECT_EQ(FormatGroup(*groups), group);

  const std::string shadow = "a:!*:1:2:3:4:5:6:r\nb:*:::::::\n";
  const auto shadows = ParseShadow(shadow, "'x'");
  ASSERT_TRUE(shadows);
  EXPECT_EQ((*shadows)[0], (ShadowEntry{.name = "a",
                                        .password = "!*",
                                        .last_change = 1,
                                        .min_age = 2,
                                        .max_age = 3,
                                        .warning = 4,
                                        .inactivity = 5,
                                        .expires = 6,
                                        .reserved = "r"}));
  EXPECT_EQ(FormatShadow(*shadows), shadow);

  const std::string gshadow = "adm:!:root:ann,bob\n";
  const auto gshadows = ParseGshadow(gshadow, "'x'");
  ASSERT_TRUE(gshadows);
  EXPECT_EQ((*gshadows)[0], (GshadowEntry{.name = "adm",
                                          .password = "!",
                                          .administrators = {"root"},
                                          .members = {"ann", "bob"}}));
  EXPECT_EQ(FormatGshadow(*gshadows), gshadow);
}

TEST(Passwd, RejectsBadLines) {
  EXPECT_EQ(PasswdError("a:x:1:1::/:/x"),
            "'/etc/passwd' line 1: the last line does not end in a newline");
  EXPECT_EQ(PasswdError("a:x:1:1::/:/x\n\n"),
            "'/etc/passwd' line 2: found 1 fields, expected 7");
  EXPECT_EQ(PasswdError("+::::::\n"),
            "'/etc/passwd' line 1: found '+', expected an account name "
            "[a-zA-Z_][a-zA-Z0-9_-]{0,30}");
  EXPECT_EQ(PasswdError("a:x:1:1::/a/../b:/x\n"),
            "'/etc/passwd' line 1: found '/a/../b' for the home directory, "
            "expected an absolute path without '.' and '..'");
  EXPECT_EQ(PasswdError("a:x:1:1:\x1b[2J:/:/x\n"),
            "'/etc/passwd' line 1: found '\\x1b[2J' for the comment, expected "
            "UTF-8 without ':' and control bytes");
  EXPECT_EQ(PasswdError("a:x:65535:1::/:/x\n"),
            "'/etc/passwd' line 1: found '65535', expected an id from 0 to "
            "4294967294 but not 65535");
  EXPECT_EQ(PasswdError("a:x:0x5:1::/:/x\n"),
            "'/etc/passwd' line 1: found '0x5', expected an id from 0 to "
            "4294967294 but not 65535");
  EXPECT_EQ(GroupError("a:x:1:" + std::string(65536, 'b') + "\n"),
            "'/etc/group' line 1: the line has 65542 bytes, expected at most "
            "65536");
}

TEST(Passwd, RejectsTwoOfOneNameOrNumber) {
  EXPECT_EQ(PasswdError("a:x:1:1::/:/x\nb:x:2:1::/:/x\na:x:3:1::/:/x\n"),
            "'/etc/passwd' line 3: 'a' is in line 1 already");
  EXPECT_EQ(PasswdError("a:x:1:1::/:/x\nb:x:1:1::/:/x\n"),
            "'/etc/passwd' line 2: id 1 is in line 1 already");
  EXPECT_EQ(GroupError("a:x:1:b,c,b\n"),
            "'/etc/group' line 1: found member 'b' twice");
}

TEST(Passwd, RejectsBadDays) {
  const auto entries = ParseShadow("a:!:-1::::::\n", "'/etc/shadow'");
  ASSERT_FALSE(entries);
  EXPECT_EQ(entries.error().ToString(),
            "'/etc/shadow' line 1: found '-1' for the last change, expected a "
            "number of days or nothing");
}

TEST(Passwd, HoldsNamesAgainstTheStrictRule) {
  EXPECT_TRUE(CheckAccountName("_a-Z9"));
  EXPECT_TRUE(CheckAccountName(std::string(31, 'a')));
  for (const std::string& name :
       {std::string(), std::string(32, 'a'), std::string("9a"),
        std::string("-a"), std::string("a.b"), std::string("a b"),
        std::string("a\n"), std::string("..")}) {
    EXPECT_FALSE(CheckAccountName(name)) << name;
  }
}

}  // namespace
}  // namespace tally
