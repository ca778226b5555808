#include "formats/systemd_preset.h"

#include <fnmatch.h>
#include <gtest/gtest.h>

namespace tally {
namespace {

using Rules = std::vector<PresetRule>;

std::string PresetError(std::string_view text) {
  const auto rules = ParsePreset(text);
  return rules ? "" : rules.error().ToString();
}

PresetDecision Decide(std::string_view text, std::string_view unit) {
  const auto rules = ParsePreset(text);
  EXPECT_TRUE(rules) << rules.error().ToString();
  return rules ? DecidePreset(*rules, unit) : PresetDecision();
}

TEST(Preset, ReadsRules) {
  EXPECT_EQ(*ParsePreset("# comment\n; comment\n\n"
                         "enable a.service\r\n"
                         "\tdisable  b-*.socket  \n"
                         "ignore c.?ount\n"
                         "enable getty@.service tty1 tty2"),
            (Rules{{.action = PresetAction::kEnable, .pattern = "a.service"},
                   {.action = PresetAction::kDisable, .pattern = "b-*.socket"},
                   {.action = PresetAction::kIgnore, .pattern = "c.?ount"},
                   {.action = PresetAction::kEnable,
                    .pattern = "getty@.service",
                    .instances = {"tty1", "tty2"}}}));
}

TEST(Preset, RejectsLinesThatSystemdWouldSkip) {
  const std::string rule =
      ", expected enable, disable or ignore, and a unit name or glob";
  EXPECT_EQ(PresetError("enable a.service\nenabel b.service\n"),
            "line 2: found 'enabel b.service'" + rule);
  EXPECT_EQ(PresetError("disable\n"), "line 1: found 'disable'" + rule);
  EXPECT_EQ(PresetError("enable ../x.service\n"),
            "line 1: found 'enable ../x.service', expected a unit name or glob "
            "without '/' of at most 255 bytes");
  const std::string instances =
      ", expected instances only after 'enable' and the name of a template";
  EXPECT_EQ(PresetError("enable a.service b.service\n"),
            "line 1: found 'enable a.service b.service'" + instances);
  EXPECT_EQ(PresetError("disable a@.service b\n"),
            "line 1: found 'disable a@.service b'" + instances);
  EXPECT_EQ(PresetError("enable a@.service b/c\n"),
            "line 1: found 'enable a@.service b/c', expected instances of "
            "letters, digits and ':-_.\\@'");
  EXPECT_EQ(PresetError(std::string((1 << 20) + 1, '#')),
            "found 1048577 bytes, expected at most 1048576");
}

TEST(Preset, TheFirstRuleThatMatchesCounts) {
  const std::string rules = "enable a.*\ndisable *\n";
  EXPECT_EQ(Decide(rules, "a.service").action, PresetAction::kEnable);
  EXPECT_EQ(Decide(rules, "b.service").action, PresetAction::kDisable);
  EXPECT_EQ(Decide("disable a.service", "b.service").action,
            PresetAction::kEnable);
}

TEST(Preset, InstancesStandForTheirTemplate) {
  const std::string rules = "enable a@.service x y\ndisable *\n";
  EXPECT_EQ(Decide(rules, "a@.service").instances,
            (std::vector<std::string>{"a@x.service", "a@y.service"}));
  EXPECT_EQ(Decide(rules, "a@y.service").action, PresetAction::kEnable);
  EXPECT_EQ(Decide(rules, "a@z.service").action, PresetAction::kDisable);
}

TEST(Fnmatch, AgreesWithTheLibrary) {
  const std::vector<std::string> patterns = {
      "",     "*",    "a",     "?",      "a*b*c", "*.service", "[abc]*",
      "[!a]", "[^a]", "[a-c]", "[]]",    "[!]]",  "[a",        "a[",
      "[a-]", "[-a]", "a\\*",  "**a**b", "[]-a]", "*[0-9].*",  "?*?"};
  const std::vector<std::string> texts = {
      "",          "a",  "b", "c",  "]",    "-",    "abc",
      "axbxc",     "a[", "[", "[a", "a\\x", "xaxb", "tty1.service",
      "a.service", "d",  "\\"};
  for (const std::string& pattern : patterns) {
    for (const std::string& text : texts) {
      const bool expected =
          fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
      EXPECT_EQ(FnmatchMatches(pattern, text), expected)
          << pattern << " and " << text;
    }
  }
}

}  // namespace
}  // namespace tally
