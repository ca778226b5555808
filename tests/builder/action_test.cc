#include "builder/action.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string ActionError(std::string_view text) {
  const auto action = ParseAction(text);
  return action ? "no error" : action.error().ToString();
}

TEST(Action, FormatsWhatItParses) {
  for (const std::string_view text : {
           "ldconfig",
           "ca-certificates",
           "pam-auth-update",
           "sysusers u _chrony - \"Chrony daemon\" /var/lib/chrony",
           "tmpfiles f /etc/x 0644 root root - a  b",
           "enable getty@tty1.service",
           "enable-user pipewire.socket",
           "alternative /usr/bin/awk awk /usr/bin/mawk 5",
           "alternative /usr/bin/awk awk /usr/bin/mawk -5 slave /usr/bin/nawk "
           "nawk /usr/bin/mawk slave /a a.1 /b",
           "capability /usr/bin/ping cap_net_raw=ep",
           "capability /usr/bin/x cap_chown=ep cap_kill+p",
           "add-shell /bin/bash",
           "nss passwd last systemd",
           "nss hosts before=dns resolve [!UNAVAIL=return]",
       }) {
    const auto action = ParseAction(text);
    ASSERT_TRUE(action) << action.error().ToString();
    EXPECT_EQ(FormatAction(*action), text);
  }
}

TEST(Action, SplitsVerbAndArgument) {
  const auto action = ParseAction("capability /usr/bin/ping cap_net_raw=ep");
  ASSERT_TRUE(action);
  EXPECT_EQ(action->kind, ActionKind::kCapability);
  EXPECT_EQ(action->argument, "/usr/bin/ping cap_net_raw=ep");
  EXPECT_EQ(Words(action->argument),
            (std::vector<std::string>{"/usr/bin/ping", "cap_net_raw=ep"}));
  EXPECT_TRUE(Words("").empty());
}

TEST(Action, SuggestsTheNearestVerb) {
  const auto action = ParseAction("tmpfile d /x 0755 root root -");
  ASSERT_FALSE(action);
  EXPECT_EQ(action.error().ToString(), "unknown action 'tmpfile'");
  EXPECT_EQ(action.error().hints(),
            (std::vector<std::string>{"did you mean 'tmpfiles'?"}));

  const auto other = ParseAction("");
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().hints(),
            (std::vector<std::string>{
                "actions are ldconfig, ca-certificates, pam-auth-update, "
                "sysusers, tmpfiles, enable, enable-user, alternative, "
                "capability, add-shell, nss"}));
}

TEST(Action, RejectsWrongArguments) {
  EXPECT_EQ(ActionError("ldconfig now"),
            "action 'ldconfig now': found 'now' behind 'ldconfig', expected no "
            "argument");
  EXPECT_EQ(ActionError("sysusers"),
            "action 'sysusers': found '' behind 'sysusers', expected a line");
  EXPECT_EQ(ActionError("enable a/b.service"),
            "action 'enable a/b.service': found 'a/b.service' behind 'enable', "
            "expected one unit name");
  EXPECT_EQ(ActionError("enable a.service b.service"),
            "action 'enable a.service b.service': found 'a.service b.service' "
            "behind 'enable', expected one unit name");
  EXPECT_EQ(ActionError("enable ssh"),
            "action 'enable ssh': found 'ssh' behind 'enable', expected one "
            "unit name");
  EXPECT_EQ(ActionError("capability /bin/ping"),
            "action 'capability /bin/ping': found '/bin/ping' behind "
            "'capability', expected an absolute path and capabilities");
  EXPECT_EQ(ActionError("add-shell /bin/../sh"),
            "action 'add-shell /bin/../sh': found '/bin/../sh' behind "
            "'add-shell', expected one absolute path");
  EXPECT_EQ(ActionError("nss passwd middle systemd"),
            "action 'nss passwd middle systemd': found 'passwd middle systemd' "
            "behind 'nss', expected DATABASE "
            "first|last|before=OTHER|after=OTHER SERVICE...");
}

TEST(Action, RejectsWrongAlternatives) {
  for (const std::string_view argument :
       {"/a a /b", "/a a /b x", "/a a b 1", "a a /b 1", "/a a/b /b 1",
        "/a a /b 1 slave /c c", "/a a /b 1 master /c c /d",
        "/a a /b 1  slave /c c /d", "/a a /b 9999999999"}) {
    const std::string text = "alternative " + std::string(argument);
    EXPECT_EQ(ActionError(text),
              "action '" + text + "': found '" + std::string(argument) +
                  "' behind 'alternative', expected LINK NAME PATH PRIORITY "
                  "[slave LINK NAME PATH]...");
  }
}

TEST(Action, RejectsOtherFormsOfTheSame) {
  EXPECT_EQ(ActionError("ldconfig "),
            "action 'ldconfig ': found a space too many at the ends of the "
            "argument");
  EXPECT_EQ(ActionError("enable  a.service"),
            "action 'enable  a.service': found a space too many at the ends of "
            "the argument");
  EXPECT_EQ(ActionError("tmpfiles d /x\n"),
            "action 'tmpfiles d /x\\x0a': expected printable ASCII");
  EXPECT_EQ(ActionError("tmpfiles " + std::string(5000, 'x')),
            "action has 5009 bytes, expected at most 4096");
}

}  // namespace
}  // namespace tally
