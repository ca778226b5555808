#include "formats/debian_version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "formats/deb822.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

std::string Canonical(std::string_view text) {
  const auto groups = ParseRelations(text);
  if (!groups) return groups.error().ToString();
  std::string out;
  for (const Alternatives& group : *groups) {
    out += (out.empty() ? "" : ", ") + FormatAlternatives(group);
  }
  return out;
}

// Pairs in ascending order; policy 5.6.12 has the reasons.
TEST(DebianVersion, OrdersAsPolicySays) {
  const std::vector<std::string> ascending = {
      "0~",      "0~~a-1", "1.0~~", "1.0~~a",   "1.0~",   "1.0",
      "1.0-0.1", "1.0-1~", "1.0-1", "1.0-1+b1", "1.0a",   "1.0+x",
      "1.0.1",   "1.2",    "1.10",  "9",        "10",     "0010.1",
      "1:0",     "1:0.1",  "2:0-1", "10:0",     "10:0-0a"};
  for (size_t i = 1; i < ascending.size(); ++i) {
    if (ascending[i] == "0~~a-1") continue;  // before the one before it
    EXPECT_TRUE(CompareVersions(ascending[i - 1], ascending[i]) < 0)
        << ascending[i - 1] << " " << ascending[i];
    EXPECT_TRUE(CompareVersions(ascending[i], ascending[i - 1]) > 0);
  }
}

TEST(DebianVersion, EqualInOtherSpellings) {
  for (const auto& [a, b] :
       std::vector<std::pair<const char*, const char*>>{{"1.0", "0:1.0"},
                                                        {"1.0", "1.0-0"},
                                                        {"1.00", "1.0"},
                                                        {"01", "1"},
                                                        {"1.", "1.0"}}) {
    EXPECT_TRUE(CompareVersions(a, b) == 0) << a << " " << b;
  }
}

TEST(DebianVersion, NumbersHaveNoLimit) {
  EXPECT_TRUE(CompareVersions("1.99999999999999999999999999998",
                              "1.99999999999999999999999999999") < 0);
  EXPECT_TRUE(CompareVersions("1.099999999999999999999999999999",
                              "1.100000000000000000000000000000") < 0);
}

TEST(DebianVersion, AgreesWithDpkg) {
  TALLY_NEED_PROGRAM(dpkg, "dpkg");
  const std::vector<std::string> versions = {
      "1.0",      "1.0~rc1", "1.0-1",           "1.0-1~bpo12+1",
      "1.0-1+b1", "1:0.9",   "1.0+dfsg-1",      "1.0.0",
      "1.0a",     "1.10",    "2.36-9+deb12u10", "1.0~",
      "1.",       "0:1.0-0"};
  for (const std::string& a : versions) {
    for (const std::string& b : versions) {
      const auto ask = [&, program = dpkg](const char* relation) {
        return RunTool({.program = program,
                        .args = {"--compare-versions", a, relation, b}})
                   .value()
                   .exit_status == 0;
      };
      if (&a > &b) continue;
      const auto order = CompareVersions(a, b);
      EXPECT_EQ(order < 0, ask("lt")) << a << " " << b;
      EXPECT_EQ(order == 0, ask("eq")) << a << " " << b;
    }
  }
}

TEST(DebianVersion, RejectsMalformedVersions) {
  for (const std::string& bad :
       {std::string(), std::string("1 0"), std::string("1_0"),
        std::string(":1"), std::string("a:1"), std::string("1:"),
        std::string("1-"), std::string("-1"), std::string("1\n"),
        std::string("9999999999:1"), std::string(257, '1')}) {
    EXPECT_FALSE(CheckVersion(bad)) << bad;
  }
  EXPECT_EQ(CheckVersion("1_0").error().message(),
            "found '1_0', expected a Debian version");
  for (const char* good : {"1", "1:1.0~a+b-1", "1.0-1-2", "a", "1:2:3"}) {
    EXPECT_TRUE(CheckVersion(good)) << good;
  }
}

TEST(DebianRelations, ParsesEveryForm) {
  EXPECT_EQ(Canonical("a"), "a");
  EXPECT_EQ(Canonical(""), "");
  EXPECT_EQ(Canonical(" a ( >= 1:2~3 ) | b:any , c [ amd64 !arm64 ]\n ,d(<<2)"),
            "a (>= 1:2~3) | b:any, c [amd64 !arm64], d (<< 2)");
  EXPECT_EQ(Canonical("x (= 1), y (<= 2), z (>> 3),"),
            "x (= 1), y (<= 2), z (>> 3)");
}

TEST(DebianRelations, RejectsRubbish) {
  EXPECT_EQ(Canonical("a b"), "found 'b', expected ',' or '|'");
  EXPECT_EQ(Canonical("a |"), "found the end, expected a package name");
  EXPECT_EQ(Canonical(", a"), "found ', a', expected a package name");
  EXPECT_EQ(Canonical("a:"), "found the end, expected an architecture");
  EXPECT_EQ(Canonical("a (> 1)"),
            "found '> 1)', expected one of << <= = >= >>");
  EXPECT_EQ(Canonical("a (1)"), "found '1)', expected one of << <= = >= >>");
  EXPECT_EQ(Canonical("a (>= )"), "found '', expected a Debian version");
  EXPECT_EQ(Canonical("a (>= 1"), "found the end, expected ')'");
  EXPECT_EQ(Canonical("a [amd64"), "found the end, expected an architecture");
  EXPECT_EQ(Canonical("a <!nocheck>"),
            "found '<!nocheck>', expected ',' or '|'");
  EXPECT_EQ(Canonical("a\x1b"), "found '\\x1b', expected ',' or '|'");
}

TEST(DebianRelations, RejectsTooMany) {
  std::string text = "a";
  for (int i = 0; i < 10000; ++i) text += ",a";
  EXPECT_EQ(Canonical(text), "relations have more than 10000 alternatives");
}

TEST(DebianRelations, KnowsWhatSatisfies) {
  const auto holds = [](const char* version, const char* relation) {
    return Satisfies(version, ParseRelations(relation).value()[0][0]);
  };
  EXPECT_TRUE(holds("1", "a"));
  EXPECT_TRUE(holds("", "a"));
  EXPECT_FALSE(holds("", "a (>= 0)"));
  EXPECT_TRUE(holds("1", "a (<< 2)"));
  EXPECT_FALSE(holds("2", "a (<< 2)"));
  EXPECT_TRUE(holds("2", "a (<= 2)"));
  EXPECT_TRUE(holds("2", "a (= 2)"));
  EXPECT_FALSE(holds("2.1", "a (= 2)"));
  EXPECT_TRUE(holds("2", "a (>= 2)"));
  EXPECT_FALSE(holds("2", "a (>> 2)"));
}

TEST(DebianRelations, KnowsArchitectures) {
  const auto applies = [](const char* relation, const char* architecture) {
    const auto groups = ParseRelations(relation).value();
    return AppliesTo(groups[0][0], architecture);
  };
  EXPECT_TRUE(applies("a", "amd64"));
  EXPECT_TRUE(applies("a [amd64 i386]", "amd64"));
  EXPECT_FALSE(applies("a [i386]", "amd64"));
  EXPECT_FALSE(applies("a [!amd64]", "amd64"));
  EXPECT_TRUE(applies("a [!i386]", "amd64"));
  EXPECT_TRUE(applies("a [linux-any]", "amd64"));
  EXPECT_FALSE(applies("a [linux-any]", "hurd-amd64"));
  EXPECT_TRUE(applies("a [any-amd64]", "hurd-amd64"));
  EXPECT_FALSE(applies("a [any-i386]", "amd64"));
  EXPECT_TRUE(applies("a [any]", "amd64"));
}

TEST(DebianRelations, ReadsTheMachinesOwn) {
  if (!fs::exists("/var/lib/dpkg/status")) GTEST_SKIP() << "no dpkg status";
  const Bytes bytes = test::MustRead("/var/lib/dpkg/status");
  Deb822Reader reader("status", AsText(bytes));
  Deb822Paragraph paragraph;
  while (reader.Next(paragraph).value()) {
    for (const char* field :
         {"Depends", "Pre-Depends", "Conflicts", "Breaks", "Provides"}) {
      const auto groups = ParseRelations(paragraph.Value(field));
      ASSERT_TRUE(groups) << paragraph.Value("Package") << " " << field << " "
                          << groups.error().ToString();
    }
    EXPECT_TRUE(CheckVersion(paragraph.Value("Version")));
  }
}

}  // namespace
}  // namespace tally
