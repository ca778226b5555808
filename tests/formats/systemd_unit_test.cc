#include "formats/systemd_unit.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string NameError(std::string_view name) {
  const auto unit = ParseUnitName(name);
  return unit ? "" : unit.error().ToString();
}

std::string InstallError(std::string_view text) {
  const auto install = ParseUnitInstall(text, "f");
  return install ? "" : install.error().ToString();
}

UnitInstall Install(std::string_view text) {
  const auto install = ParseUnitInstall(text, "f");
  EXPECT_TRUE(install) << install.error().ToString();
  return install ? *install : UnitInstall();
}

bool Alias(std::string_view alias, std::string_view unit) {
  return MayAlias(*ParseUnitName(alias), *ParseUnitName(unit));
}

TEST(UnitName, HasAKindAndParts) {
  EXPECT_EQ(*ParseUnitName("ssh.service"),
            (UnitName{.prefix = "ssh", .type = "service"}));
  EXPECT_EQ(*ParseUnitName("getty@.service"),
            (UnitName{.kind = UnitName::Kind::kTemplate,
                      .prefix = "getty",
                      .type = "service"}));
  const auto instance = ParseUnitName("a-b@x@y.z.service");
  ASSERT_TRUE(instance);
  EXPECT_EQ(*instance, (UnitName{.kind = UnitName::Kind::kInstance,
                                 .prefix = "a-b",
                                 .instance = "x@y.z",
                                 .type = "service"}));
  EXPECT_EQ(instance->ToString(), "a-b@x@y.z.service");
  EXPECT_EQ(instance->TemplateName(), "a-b@.service");
  EXPECT_EQ(instance->WithInstance("q").ToString(), "a-b@q.service");
  EXPECT_TRUE(ParseUnitName("dev-disk-by\\x2dlabel-x:y_z.device"));
  EXPECT_TRUE(ParseUnitName(std::string(247, 'a') + ".service"));
}

TEST(UnitName, RejectsWhatSystemdRejects) {
  EXPECT_EQ(NameError("../../etc/x.service"),
            "found unit name '../../etc/x.service', expected a name without "
            "'/'");
  const std::string type = ", expected NAME.TYPE with a type such as 'service'";
  EXPECT_EQ(NameError("ssh"), "found unit name 'ssh'" + type);
  EXPECT_EQ(NameError(".service"), "found unit name '.service'" + type);
  EXPECT_EQ(NameError("x.Service"), "found unit name 'x.Service'" + type);
  EXPECT_EQ(NameError("x.snapshot"), "found unit name 'x.snapshot'" + type);
  EXPECT_EQ(NameError("a b.service"),
            "found unit name 'a b.service', expected letters, digits and "
            "':-_.\\@'");
  EXPECT_EQ(NameError("@x.service"),
            "found unit name '@x.service', expected something before '@'");
  EXPECT_EQ(NameError(std::string(248, 'a') + ".service"),
            "found unit name '" + std::string(40, 'a') +
                "', expected at most 255 bytes");
}

TEST(UnitName, AliasesAreOfTheSameKindAndType) {
  EXPECT_TRUE(Alias("a.service", "b.service"));
  EXPECT_TRUE(Alias("a@.service", "b@.service"));
  EXPECT_TRUE(Alias("a@x.service", "b@.service"));
  EXPECT_TRUE(Alias("a@x.service", "b@x.service"));
  EXPECT_FALSE(Alias("a@x.service", "b@y.service"));
  EXPECT_FALSE(Alias("a@x.service", "b.service"));
  EXPECT_FALSE(Alias("a.service", "b@.service"));
  EXPECT_FALSE(Alias("a.socket", "b.service"));
  EXPECT_FALSE(Alias("a.mount", "b.mount"));
}

TEST(UnitInstall, ReadsEveryKey) {
  EXPECT_EQ(
      Install("\xef\xbb\xbf# comment\n"
              "[Unit]\n"
              "WantedBy=not-here.target\n"
              "[Install]\r\n"
              " WantedBy = a.target\t'b.target' \n"
              "; comment\n"
              "RequiredBy=c.target\n"
              "UpheldBy=d.target\n"
              "Also=e.socket\n"
              "Alias=f.service\n"
              "DefaultInstance=g\n"
              "X-Ours=h\n"
              "[X-Other]\n"
              "WantedBy=not-there.target"),
      (UnitInstall{.wanted_by = {{"a.target", 5, "f"}, {"b.target", 5, "f"}},
                   .required_by = {{"c.target", 7, "f"}},
                   .upheld_by = {{"d.target", 8, "f"}},
                   .also = {{"e.socket", 9, "f"}},
                   .aliases = {{"f.service", 10, "f"}},
                   .default_instance = InstallValue{"g", 11, "f"}}));
}

TEST(UnitInstall, JoinsContinuedLinesAroundComments) {
  const UnitInstall install = Install(
      "[Install]\nWantedBy=a.target \\\n# comment \\\n  b.target\\\nc.target\n"
      "Alias=x\\\\\nAlso=y.socket\n");
  EXPECT_EQ(
      install.wanted_by,
      (std::vector<InstallValue>{
          {"a.target", 5, "f"}, {"b.target", 5, "f"}, {"c.target", 5, "f"}}));
  EXPECT_EQ(install.aliases, (std::vector<InstallValue>{{"x\\\\", 6, "f"}}));
  EXPECT_EQ(install.also, (std::vector<InstallValue>{{"y.socket", 7, "f"}}));
}

TEST(UnitInstall, EmptyValuesForgetListsButNotAlso) {
  const UnitInstall install = Install(
      "[Install]\nWantedBy=a.target\nWantedBy=\nWantedBy=b.target\n"
      "Alias=x.service\nAlias=\nAlso=y.socket\nAlso=\n"
      "DefaultInstance=z\nDefaultInstance=\n");
  EXPECT_EQ(install.wanted_by,
            (std::vector<InstallValue>{{"b.target", 4, "f"}}));
  EXPECT_TRUE(install.aliases.empty());
  EXPECT_EQ(install.also.size(), 1u);
  EXPECT_FALSE(install.default_instance);
}

TEST(UnitInstall, DropInsContinueAFile) {
  const auto install =
      ParseUnitInstall("[Install]\nWantedBy=\nRequiredBy=c.target\n", "d",
                       Install("[Install]\nWantedBy=a.target\nAlso=b.socket"));
  ASSERT_TRUE(install);
  EXPECT_EQ(*install, (UnitInstall{.required_by = {{"c.target", 3, "d"}},
                                   .also = {{"b.socket", 3, "f"}}}));
}

TEST(UnitInstall, IgnoresNonsenseInOtherSections) {
  EXPECT_TRUE(Install("junk\n[Service]\nno assignment\n'quote\n").empty());
}

TEST(UnitInstall, RejectsWhatItCannotBeSureOf) {
  EXPECT_EQ(InstallError("[Install]\nWantedBy\n"),
            "line 2: found 'WantedBy', expected KEY=VALUE");
  EXPECT_EQ(InstallError("[Install]\n=x\n"),
            "line 2: found '=x', expected KEY=VALUE");
  EXPECT_EQ(InstallError("\n[Install\nWantedBy=a.target\n"),
            "line 2: found '[Install', expected a section header that ends in "
            "']'");
  EXPECT_EQ(InstallError("[Install]\nAlias='a b\n"),
            "line 2: found ''a b', expected a closing quote");
  EXPECT_EQ(InstallError("[Install]\nAlias=a \\"),
            "line 2: found the end of the file, expected the line that "
            "continues this one");
  EXPECT_EQ(InstallError(std::string_view("[Install]\0", 10)),
            "found a NUL at 0x9, expected text");
  EXPECT_EQ(InstallError(std::string((1 << 20) + 1, '\n')),
            "found 1048577 bytes, expected at most 1048576");
  std::string many;
  for (int i = 0; i < 257; ++i) many += " a.target";
  EXPECT_EQ(
      InstallError("[Install]\nWantedBy=x\nWantedBy=" + many),
      "line 3: found '" + many.substr(1, 80) + "', expected at most 256 names");
}

TEST(UnitSpecifiers, SpeakOfTheNameOnly) {
  const UnitName unit = *ParseUnitName("a-b@x.service");
  EXPECT_EQ(*ExpandSpecifiers("%i|%j|%n|%N|%p|%%", unit),
            "x|b|a-b@x.service|a-b@x|a-b|%");
  for (const char* text : {"x@%m.service", "100%"}) {
    EXPECT_EQ(ExpandSpecifiers(text, unit).error().ToString(),
              "found '" + std::string(text) +
                  "', expected no specifiers but %i %j %n %N %p %%");
  }
  std::string many;
  for (int i = 0; i < 400; ++i) many += "%n";
  EXPECT_EQ(ExpandSpecifiers(many, unit).error().ToString(),
            "found '" + many.substr(0, 40) +
                "', expected at most 4096 bytes after expansion");
}

}  // namespace
}  // namespace tally
