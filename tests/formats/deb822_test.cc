#include "formats/deb822.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/file.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Deb822Error(std::string_view text,
                        Deb822Comments comments = Deb822Comments::kRefuse) {
  Deb822Reader reader("Packages", text, comments);
  Deb822Paragraph paragraph;
  while (true) {
    const Result<bool> more = reader.Next(paragraph);
    if (!more) return more.error().ToString();
    if (!*more) return "";
  }
}

TEST(Deb822, ReadsParagraphsInOrder) {
  Deb822Reader reader("Packages", "\n\nA: 1\nB:2 \n \t\nA: 3\n\n");
  Deb822Paragraph paragraph;
  ASSERT_TRUE(reader.Next(paragraph).value());
  EXPECT_EQ(paragraph.line(), 3u);
  EXPECT_EQ(paragraph.Value("a"), "1");
  EXPECT_EQ(paragraph.Value("B"), "2");
  EXPECT_EQ(paragraph.Value("C"), "");
  ASSERT_TRUE(reader.Next(paragraph).value());
  EXPECT_EQ(paragraph.fields().size(), 1u);
  EXPECT_EQ(paragraph.Value("A"), "3");
  EXPECT_FALSE(reader.Next(paragraph).value());
}

TEST(Deb822, PointsIntoTheText) {
  const std::string text = "A: 1\n 2\n";
  const Deb822Paragraph paragraph = ParseDeb822One("x", text).value();
  EXPECT_EQ(paragraph.Value("A").data(), text.data() + 3);
  EXPECT_EQ(paragraph.Value("A"), "1\n 2");
}

TEST(Deb822, AFieldMayBeginOnItsSecondLine) {
  const auto paragraph = ParseDeb822One("x", "SHA256:\n a 1\n b 2\n").value();
  EXPECT_EQ(paragraph.Value("SHA256"), "a 1\n b 2");
  EXPECT_THAT(SplitLines(paragraph.Value("SHA256")), ElementsAre("a 1", "b 2"));
}

TEST(Deb822, AcceptsCarriageReturns) {
  EXPECT_EQ(ParseDeb822One("x", "A: 1\r\nB: 2\r\n").value().Value("A"), "1");
}

TEST(Deb822, AMissingLastLineEndIsNoProblem) {
  EXPECT_EQ(ParseDeb822One("x", "A: 1").value().Value("A"), "1");
}

TEST(Deb822, SkipsCommentsOnlyWherePeopleWrite) {
  EXPECT_EQ(Deb822Error("# x\nA: 1\n#y\n", Deb822Comments::kSkip), "");
  EXPECT_EQ(Deb822Error("#x: 1\n"),
            "Packages:1: found '#x', expected a field name");
}

TEST(Deb822, RejectsDuplicateFields) {
  EXPECT_EQ(Deb822Error("Size: 1\nsize: 2\n"),
            "Packages:2: field 'size' occurs twice");
}

TEST(Deb822, RejectsALineWithoutColon) {
  EXPECT_EQ(Deb822Error("A: 1\nrubbish\n"),
            "Packages:2: found 'rubbish', expected 'Name: value'");
}

TEST(Deb822, RejectsBadFieldNames) {
  EXPECT_EQ(Deb822Error(": 1\n"),
            "Packages:1: found '', expected a field name");
  EXPECT_EQ(Deb822Error("-a: 1\n"),
            "Packages:1: found '-a', expected a field name");
  EXPECT_EQ(Deb822Error("a b: 1\n"),
            "Packages:1: found 'a b', expected a field name");
}

TEST(Deb822, RejectsAContinuationOfNothing) {
  EXPECT_EQ(Deb822Error(" x\n"),
            "Packages:1: a continuation line comes before the first field");
}

TEST(Deb822, RejectsNulBytes) {
  EXPECT_EQ(Deb822Error(std::string_view("A: \0\n", 5)),
            "Packages:1: found a NUL byte");
}

TEST(Deb822, RejectsLoneCarriageReturns) {
  EXPECT_EQ(Deb822Error("A: x\r  \n"),
            "Packages:1: found a carriage return inside of a line");
}

TEST(Deb822, RejectsTooManyFields) {
  std::string text;
  for (int i = 0; i < 257; ++i) text += "F" + std::to_string(i) + ": x\n";
  EXPECT_EQ(Deb822Error(text),
            "Packages:257: paragraph has more than 256 fields");
}

TEST(Deb822, RejectsAGiantParagraph) {
  std::string text = "A: 1\n";
  text += " " + std::string(17 << 20, 'x') + "\n";
  EXPECT_EQ(Deb822Error(text), "Packages:2: paragraph is larger than 16 MiB");
}

TEST(Deb822, OneMeansOne) {
  EXPECT_EQ(ParseDeb822One("control", "\n").error().message(),
            "control: no paragraph");
  EXPECT_EQ(ParseDeb822One("control", "A: 1\n\nB: 2\n").error().message(),
            "control:3: found a second paragraph, expected one");
}

TEST(Deb822, RequireNamesTheField) {
  EXPECT_EQ(ParseDeb822One("x", "\nA: 1\nB:\n")
                .value()
                .Require("B")
                .error()
                .message(),
            "paragraph at line 2 has no field 'B'");
}

TEST(Deb822, FormatsWhatItParsed) {
  const std::string text = "A: 1\nB: 2\n 3\n";
  EXPECT_EQ(FormatDeb822(ParseDeb822One("x", text).value()), text);
}

TEST(Deb822, SplitsWords) {
  EXPECT_THAT(SplitWords(" a\tb\n c "), ElementsAre("a", "b", "c"));
  EXPECT_THAT(SplitWords(" \n"), IsEmpty());
}

TEST(Deb822, ReadsTheMachinesOwnPackageList) {
  if (!fs::exists("/var/lib/dpkg/status")) GTEST_SKIP() << "no dpkg status";
  const Bytes bytes = test::MustRead("/var/lib/dpkg/status");
  Deb822Reader reader("status", AsText(bytes));
  Deb822Paragraph paragraph;
  size_t count = 0;
  while (true) {
    const Result<bool> more = reader.Next(paragraph);
    ASSERT_TRUE(more) << more.error().ToString();
    if (!*more) break;
    EXPECT_NE(paragraph.Value("Package"), "");
    ++count;
  }
  EXPECT_GT(count, 50u);
}

}  // namespace
}  // namespace tally
