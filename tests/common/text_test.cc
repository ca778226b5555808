#include "common/text.h"

#include <gtest/gtest.h>

#include <limits>

namespace tally {
namespace {

TEST(Hex, IsLowerCaseAndReadsBack) {
  const Bytes bytes = {0x00, 0x0f, 0xa5, 0xff};
  EXPECT_EQ(Hex(bytes), "000fa5ff");
  EXPECT_EQ(*ParseHex("000fA5fF"), bytes);
  EXPECT_EQ(*ParseHex(""), Bytes{});
  EXPECT_EQ(HexNumber(0), "0x0");
  EXPECT_EQ(HexNumber(0x1f), "0x1f");
  EXPECT_EQ(HexNumber(std::numeric_limits<uint64_t>::max()),
            "0xffffffffffffffff");
}

TEST(ParseHex, RejectsWhatIsNotHex) {
  EXPECT_EQ(ParseHex("abc").error().message(),
            "hex has 3 digits, expected an even number");
  EXPECT_EQ(ParseHex("00g0").error().message(),
            "found 'g0' at digit 2, expected hex");
  EXPECT_EQ(ParseHex("0 ").error().message(),
            "found '0 ' at digit 0, expected hex");
}

TEST(ParseUnsigned, AcceptsTheWholeRange) {
  constexpr uint64_t kMax = std::numeric_limits<uint64_t>::max();
  EXPECT_EQ(*ParseUnsigned("0"), 0u);
  EXPECT_EQ(*ParseUnsigned("42"), 42u);
  EXPECT_EQ(*ParseUnsigned("0x2A"), 42u);
  EXPECT_EQ(*ParseUnsigned("0x00800f12"), 0x800f12u);
  EXPECT_EQ(*ParseUnsigned("18446744073709551615"), kMax);
  EXPECT_EQ(*ParseUnsigned("0xffffffffffffffff"), kMax);
}

TEST(ParseUnsigned, RejectsOverflow) {
  for (const char* text : {"18446744073709551616", "18446744073709551625",
                           "99999999999999999999", "184467440737095516150",
                           "0x10000000000000000", "0xfffffffffffffffff"}) {
    EXPECT_EQ(ParseUnsigned(text).error().message(),
              "found '" + std::string(text) + "', expected an unsigned number");
  }
}

TEST(ParseUnsigned, RejectsEverythingElse) {
  for (const char* text : {"", "0x", "-1", "+1", " 1", "1 ", "01", "00", "1a",
                           "0X10", "0xg", "x", "1.0", "1e3", "1_000"}) {
    EXPECT_FALSE(ParseUnsigned(text)) << text;
  }
  EXPECT_FALSE(ParseUnsigned(std::string_view("1\0", 2)));
}

TEST(Base64, MatchesRfc4648Section10) {
  const std::vector<std::pair<std::string, std::string>> vectors = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
      {"\xff\xfe\xfb", "//77"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64(AsBytes(plain)), encoded);
    const Result<Bytes> parsed = ParseBase64(encoded);
    ASSERT_TRUE(parsed) << encoded;
    EXPECT_EQ(AsText(*parsed), plain);
  }
}

TEST(ParseBase64, RejectsEverySecondSpelling) {
  const auto failure = [](std::string_view text) {
    const Result<Bytes> parsed = ParseBase64(text);
    return parsed ? "accepted" : parsed.error().message();
  };
  EXPECT_EQ(failure("Zg"), "base64 has 2 characters, expected a multiple of 4");
  EXPECT_EQ(failure("Zm9v\n"),
            "base64 has 5 characters, expected a multiple of 4");
  // Unused bits: RFC 4648 section 3.5.
  EXPECT_EQ(failure("Zh=="), "base64 ends in unused bits that are not zero");
  EXPECT_EQ(failure("Zm9="), "base64 ends in unused bits that are not zero");
  // Padding in the wrong place.
  EXPECT_EQ(failure("Z==="), "found '=' at character 1, expected base64");
  EXPECT_EQ(failure("===="), "found '=' at character 0, expected base64");
  EXPECT_EQ(failure("Zg==Zg=="), "found '=' at character 2, expected base64");
  EXPECT_EQ(failure("Zg=a"), "found '=' at character 2, expected base64");
  // Other alphabets and white space.
  EXPECT_EQ(failure("_-77"), "found '_' at character 0, expected base64");
  EXPECT_EQ(failure("Zm 9"), "found ' ' at character 2, expected base64");
  EXPECT_EQ(failure(std::string_view("Zm9\0", 4)),
            "found '\\x00' at character 3, expected base64");
}

TEST(Split, GivesOnePartMoreThanSeparators) {
  using Parts = std::vector<std::string>;
  EXPECT_EQ(Split("", '/'), Parts{""});
  EXPECT_EQ(Split("a", '/'), Parts{"a"});
  EXPECT_EQ(Split("/a//b/", '/'), (Parts{"", "a", "", "b", ""}));
  EXPECT_EQ(Join(Parts{"", "a", "", "b", ""}, "/"), "/a//b/");
  EXPECT_EQ(Join(Parts{}, ", "), "");
  EXPECT_EQ(Join(Parts{"a", "b"}, ", "), "a, b");
}

TEST(Trim, RemovesWhiteSpaceAtBothEndsOnly) {
  EXPECT_EQ(Trim(" \t\r\na b\n "), "a b");
  EXPECT_EQ(Trim(" \n"), "");
  EXPECT_EQ(Trim(""), "");
}

TEST(Quote, LetsNothingReachATerminal) {
  EXPECT_EQ(Quote("plain"), "'plain'");
  EXPECT_EQ(Quote("\x1b[2J\x7f\xc3\xa9\n"), "'\\x1b[2J\\x7f\\xc3\\xa9\\x0a'");
  EXPECT_EQ(Quote(std::string_view("\0", 1)), "'\\x00'");
}

TEST(IsUtf8, AcceptsTheEdgesOfEachLength) {
  for (const char* text :
       {"", "a", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
        "\xee\x80\x80", "\xef\xbf\xbf", "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(IsUtf8(text)) << Hex(AsBytes(text));
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0", 1)));
}

TEST(IsUtf8, RejectsOverlongSurrogatesAndFragments) {
  for (const char* text :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2\x41",
        "\xe0\x9f\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xe2\x82",
        "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf0\x9f\x98", "\xf8\x88\x80",
        "\xfe", "\xff"}) {
    EXPECT_FALSE(IsUtf8(text)) << Hex(AsBytes(text));
  }
}

TEST(NearestName, FindsSlipsAndNothingElse) {
  const std::vector<std::string> names = {"packages", "targets", "kernel"};
  EXPECT_EQ(NearestName("pakages", names), "packages");
  EXPECT_EQ(NearestName("tagrets", names), "targets");
  EXPECT_EQ(NearestName("kernels", names), "kernel");
  EXPECT_EQ(NearestName("firmware", names), std::nullopt);
  EXPECT_EQ(NearestName("", names), std::nullopt);
  EXPECT_EQ(NearestName("x", {}), std::nullopt);
}

TEST(NearestName, TakesTheFirstOfEquallyNearNames) {
  const std::vector<std::string> names = {"cab", "car", "cat"};
  EXPECT_EQ(NearestName("cax", names), "cab");
}

TEST(NearestName, AVeryLongNameCostsNothing) {
  const std::vector<std::string> names(1000, std::string(100, 'a'));
  EXPECT_EQ(NearestName(std::string(1 << 20, 'a'), names), std::nullopt);
}

TEST(GlobMatches, StarStaysInOneComponent) {
  EXPECT_TRUE(GlobMatches("/lib/*.so", "/lib/libc.so"));
  EXPECT_TRUE(GlobMatches("/lib/*.so", "/lib/.so"));
  EXPECT_FALSE(GlobMatches("/lib/*.so", "/lib/x/libc.so"));
  EXPECT_TRUE(GlobMatches("/lib/lib?.so", "/lib/libc.so"));
  EXPECT_FALSE(GlobMatches("/lib/lib?.so", "/lib/lib/.so"));
  EXPECT_FALSE(GlobMatches("/lib?x", "/lib/x"));
  EXPECT_TRUE(GlobMatches("*", ""));
  EXPECT_FALSE(GlobMatches("*", "/"));
}

TEST(GlobMatches, TwoStarsMatchAnything) {
  EXPECT_TRUE(GlobMatches("/usr/share/doc/**", "/usr/share/doc/x"));
  EXPECT_TRUE(GlobMatches("/usr/share/doc/**", "/usr/share/doc/x/y"));
  EXPECT_FALSE(GlobMatches("/usr/share/doc/**", "/usr/share/doc"));
  EXPECT_FALSE(GlobMatches("/usr/share/doc/**", "/usr/share/docs/x"));
  EXPECT_TRUE(GlobMatches("/usr/share/doc**", "/usr/share/doc"));
  EXPECT_TRUE(GlobMatches("/usr/**/copyright", "/usr/share/doc/x/copyright"));
  EXPECT_FALSE(GlobMatches("/usr/**/copyright", "/usr/copyright"));
  EXPECT_TRUE(GlobMatches("**", ""));
  EXPECT_TRUE(GlobMatches("**", "/a/b"));
}

TEST(GlobMatches, MatchesTheWholePathAndNothingIsSpecialButStars) {
  EXPECT_FALSE(GlobMatches("/usr", "/usr/bin"));
  EXPECT_FALSE(GlobMatches("/usr/bin", "/usr"));
  EXPECT_TRUE(GlobMatches("", ""));
  EXPECT_FALSE(GlobMatches("", "a"));
  EXPECT_TRUE(GlobMatches("/[a]{b}\\.+$", "/[a]{b}\\.+$"));
  EXPECT_FALSE(GlobMatches("/[a]", "/a"));
}

// GlobByDefinition is the plain recursive definition: slow and evident.
bool GlobByDefinition(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("**")) {
    return GlobByDefinition(pattern.substr(2), path) ||
           (!path.empty() && GlobByDefinition(pattern, path.substr(1)));
  }
  if (pattern[0] == '*') {
    return GlobByDefinition(pattern.substr(1), path) ||
           (!path.empty() && path[0] != '/' &&
            GlobByDefinition(pattern, path.substr(1)));
  }
  if (path.empty()) return false;
  const bool same = pattern[0] == '?' ? path[0] != '/' : pattern[0] == path[0];
  return same && GlobByDefinition(pattern.substr(1), path.substr(1));
}

// AllTexts returns every text over `alphabet` of at most `max_size` characters.
std::vector<std::string> AllTexts(std::string_view alphabet, size_t max_size) {
  std::vector<std::string> texts = {""};
  for (size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].size() == max_size) continue;
    for (char c : alphabet) texts.push_back(texts[i] + c);
  }
  return texts;
}

TEST(GlobMatches, AgreesWithItsDefinitionOnAllShortTexts) {
  const std::vector<std::string> paths = AllTexts("a/", 6);
  for (const std::string& pattern : AllTexts("a/*?", 5)) {
    for (const std::string& path : paths) {
      ASSERT_EQ(GlobMatches(pattern, path), GlobByDefinition(pattern, path))
          << "pattern " << pattern << " path " << path;
    }
  }
}

TEST(GlobMatches, AgreesWithItsDefinitionOnSeveralStars) {
  const std::vector<std::string> paths = AllTexts("ab/", 6);
  for (const char* pattern :
       {"**a*b**a", "*a*b", "**/*a/**", "a**b*a**", "**a*/b**/a", "***a***",
        "**ab*a**b", "*/**/*", "**a**b**a*"}) {
    for (const std::string& path : paths) {
      ASSERT_EQ(GlobMatches(pattern, path), GlobByDefinition(pattern, path))
          << "pattern " << pattern << " path " << path;
    }
  }
}

TEST(GlobMatches, DoesNotBlowUp) {
  std::string stars;
  std::string deep;
  for (int i = 0; i < 40; ++i) {
    stars += "*a";
    deep += "**a*";
  }
  EXPECT_FALSE(GlobMatches(stars + "b", std::string(500, 'a')));
  EXPECT_FALSE(GlobMatches(deep + "b", std::string(500, 'a')));
}

TEST(FormatUtcTime, IsRfc3339) {
  // date --utc --date=@N +%FT%TZ
  EXPECT_EQ(FormatUtcTime(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(FormatUtcTime(-1), "1969-12-31T23:59:59Z");
  EXPECT_EQ(FormatUtcTime(951782400), "2000-02-29T00:00:00Z");
  EXPECT_EQ(FormatUtcTime(1709251199), "2024-02-29T23:59:59Z");
  EXPECT_EQ(FormatUtcTime(1709251200), "2024-03-01T00:00:00Z");
  EXPECT_EQ(FormatUtcTime(4107542400), "2100-03-01T00:00:00Z");
  EXPECT_EQ(FormatUtcTime(253402300799), "9999-12-31T23:59:59Z");
}

TEST(ParseUtcTime, ReadsWhatIsWritten) {
  for (const int64_t seconds :
       {int64_t{0}, int64_t{951782400}, int64_t{1709251199},
        int64_t{1709251200}, int64_t{4107542400}, int64_t{253402300799}}) {
    EXPECT_EQ(*ParseUtcTime(FormatUtcTime(seconds)), seconds);
  }
}

TEST(ParseUtcTime, RejectsOtherSpellings) {
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T04:26:00", "2026-11-23t04:26:00Z",
        "2026-11-23T04:26:00+00:00", "2026-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z", "2026-00-10T00:00:00Z", "2026-11-00T00:00:00Z",
        "2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "1969-12-31T23:59:59Z",
        "2026-11-23T04:26:00Z ", "20x6-11-23T04:26:00Z"}) {
    EXPECT_FALSE(ParseUtcTime(text)) << text;
  }
  EXPECT_EQ(ParseUtcTime("now").error().message(),
            "found 'now', expected a time such as 2026-11-23T04:26:00Z");
}

TEST(FormatBytes, IsForPeople) {
  EXPECT_EQ(FormatBytes(0), "0 B");
  EXPECT_EQ(FormatBytes(1023), "1023 B");
  EXPECT_EQ(FormatBytes(1024), "1.0 KiB");
  EXPECT_EQ(FormatBytes(64277709), "61.3 MiB");
  EXPECT_EQ(FormatBytes(std::numeric_limits<uint64_t>::max()),
            "16777215.9 TiB");
}

}  // namespace
}  // namespace tally
