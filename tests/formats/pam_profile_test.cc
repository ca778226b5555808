#include "formats/pam_profile.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

constexpr std::string_view kUnix =
    "Name: Unix authentication\n"
    "Default: yes\n"
    "Priority: 256\n"
    "Auth-Type: Primary\n"
    "Auth-Final:\n"
    "\t[success=end default=ignore]\tpam_unix.so nullok try_first_pass\n"
    "Auth-Initial:\n"
    "\t[success=end default=ignore]\tpam_unix.so  nullok\n"
    "Session-Type: Additional\n"
    "Session:\n"
    "\trequired\tpam_unix.so\n"
    "\n"
    "\toptional\tpam_end.so x\n";

constexpr std::string_view kTemplate =
    "# head\n"
    "# here are the per-package modules (the \"Primary\" block)\n"
    "$auth_primary\n"
    "# here's the fallback if no module succeeds\n"
    "auth\trequisite\t\t\tpam_deny.so\n"
    "# and here are more per-package modules (the \"Additional\" block)\n"
    "$auth_additional\n"
    "# end of pam-auth-update config\n"
    "# tail\n";

PamProfile Profile(std::string_view text, std::string_view file) {
  const auto profile = ParsePamProfile(text, file);
  EXPECT_TRUE(profile) << profile.error().ToString();
  return profile ? *profile : PamProfile();
}

std::string Stack(PamStack stack, const std::vector<PamProfile>& profiles) {
  const auto text = WritePamStack(stack, kTemplate, profiles);
  return text ? *text : text.error().ToString();
}

std::vector<std::string> Names(std::vector<PamProfile> profiles) {
  std::vector<std::string> names;
  for (const PamProfile& profile : EnabledPamProfiles(std::move(profiles))) {
    names.push_back(profile.file);
  }
  return names;
}

TEST(PamProfile, ReadsFields) {
  const PamProfile profile = Profile(kUnix, "unix");
  EXPECT_TRUE(profile.is_default);
  EXPECT_EQ(profile.priority, 256);
  EXPECT_FALSE(profile.disabled);
  EXPECT_EQ(profile.fields.at("Auth"),
            "[success=end default=ignore]\tpam_unix.so nullok try_first_pass");
  EXPECT_EQ(profile.fields.at("Session"),
            "required\tpam_unix.so\noptional\tpam_end.so x");
  EXPECT_EQ(profile.fields.at("Session-noninteractive"),
            profile.fields.at("Session"));
}

TEST(PamProfile, RejectsNonsense) {
  const auto error = [](std::string_view text) {
    const auto profile = ParsePamProfile(text, "x");
    return profile ? "no error" : profile.error().ToString();
  };
  EXPECT_EQ(error("\n required pam_x.so\nName: x\n"),
            "line 2: found 'required pam_x.so', expected a field 'NAME: …'");
  EXPECT_EQ(error("Priority: 12x\n"),
            "found priority '12x', expected a whole number");
  EXPECT_EQ(error(std::string(65537, 'x')),
            "found 65537 bytes, expected at most 65536 without NUL");
}

TEST(PamProfile, EnabledOnesAreSortedWithoutConflicts) {
  const std::string yes = "Default: yes\nPriority: ";
  EXPECT_EQ(Names({Profile(yes + "0", "a"), Profile(yes + "0", "b"),
                   Profile(yes + "256", "c"), Profile(yes + "-1", "d"),
                   Profile("Default: no\n", "e")}),
            (std::vector<std::string>{"c", "b", "a", "d"}));
  EXPECT_EQ(Names({Profile(yes + "9\nConflicts: b, c\n", "a"),
                   Profile(yes + "8", "b"), Profile(yes + "7", "d")}),
            (std::vector<std::string>{"a", "d"}));
  EXPECT_TRUE(Names({Profile(yes + "1\nAuth:\n required pam_tally2.so\n", "a")})
                  .empty());
}

TEST(PamStackText, JumpsOverTheModulesThatFollow) {
  const PamProfile other = Profile(
      "Default: yes\nPriority: 9\nAuth-Type: Primary\nAuth:\n"
      "\t[success=end]\tpam_a.so\n\t[success=end default=ignore]\tpam_b.so "
      "x\n",
      "other");
  EXPECT_EQ(Stack(PamStack::kAuth, {Profile(kUnix, "unix"), other}),
            "# head\n"
            "# here are the per-package modules (the \"Primary\" block)\n"
            "auth\t[success=3 default=ignore]\tpam_unix.so nullok\n"
            "auth\t[success=2]\tpam_a.so \n"
            "auth\t[success=1 default=ignore]\tpam_b.so x\n"
            "# here's the fallback if no module succeeds\n"
            "auth\trequisite\t\t\tpam_deny.so\n"
            "# and here are more per-package modules (the \"Additional\" "
            "block)\n"
            "# end of pam-auth-update config\n"
            "# tail\n");
}

TEST(PamStackText, AnEmptyPrimaryBlockPermits) {
  EXPECT_EQ(Stack(PamStack::kSessionNoninteractive, {Profile(kUnix, "unix")}),
            "# head\n"
            "# here are the per-package modules (the \"Primary\" block)\n"
            "session\t[default=1]\t\t\tpam_permit.so\n"
            "# here's the fallback if no module succeeds\n"
            "auth\trequisite\t\t\tpam_deny.so\n"
            "# and here are more per-package modules (the \"Additional\" "
            "block)\n"
            "session\trequired\tpam_unix.so \n"
            // "end" is replaced in module names too, as the tool does.
            "session\toptional\tpam_0.so x\n"
            "# end of pam-auth-update config\n"
            "# tail\n");
}

TEST(PamStackText, RejectsLinesThatAreNoModules) {
  for (const std::string line : {"required", "[success=end pam_a.so",
                                 "[] pam_a.so", "@include x", "-auth x y"}) {
    EXPECT_EQ(
        Stack(PamStack::kAuth,
              {Profile("Auth-Type: Primary\nAuth:\n " + line + "\n", "bad")}),
        "profile 'bad': found '" + line +
            "', expected CONTROL MODULE [ARGUMENT]...");
  }
}

TEST(PamStackText, RejectsTemplatesWithoutMarkers) {
  const auto text = WritePamStack(
      PamStack::kAuth,
      "# here are the per-package modules (the \"Primary\" block)\n", {});
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().ToString(),
            "found no line '# here's the fallback if no module succeeds'");
}

}  // namespace
}  // namespace tally
