#include "builder/generate/identity.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/builder/package_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::PackageTree;
using test::TreeText;

Manifest ManifestWithSystem(const SystemSpec& system) {
  Manifest manifest{.path = "m.yaml"};
  manifest.system = system;
  return manifest;
}

Tree GeneratedIdentity(const SystemSpec& system, Tree tree = {}) {
  const Status status = GenerateIdentity(ManifestWithSystem(system), &tree);
  EXPECT_TRUE(status) << status.error().ToString();
  return tree;
}

std::string IdentityError(const SystemSpec& system, Tree tree = {}) {
  const Status status = GenerateIdentity(ManifestWithSystem(system), &tree);
  return status ? "no error" : status.error().ToString();
}

std::string LinkTarget(const Tree& tree, const std::string& path) {
  const TreeNode* node = tree.Find(path);
  return node == nullptr ? "" : node->symlink_target;
}

TEST(Identity, AnEmptyImageStaysEmpty) {
  EXPECT_EQ(GeneratedIdentity({}).nodes().size(), 1u);
}

TEST(Identity, AHostnameIsInHosts) {
  const Tree tree = GeneratedIdentity({.hostname = "cvm.example.org"});
  EXPECT_EQ(TreeText(tree, "etc/hostname"), "cvm.example.org\n");
  EXPECT_EQ(TreeText(tree, "etc/hosts"),
            "127.0.0.1\tlocalhost\n"
            "127.0.1.1\tcvm.example.org\tcvm\n"
            "::1\t\tlocalhost ip6-localhost ip6-loopback\n"
            "ff02::1\t\tip6-allnodes\n"
            "ff02::2\t\tip6-allrouters\n\n");
  EXPECT_EQ(tree.Find("etc/networks"), nullptr);
}

TEST(Identity, NetbaseGetsHostsAndNetworks) {
  const Tree tree =
      GeneratedIdentity({}, PackageTree({{"etc/protocols", "ip\n"}}));
  EXPECT_EQ(TreeText(tree, "etc/hosts"),
            "127.0.0.1\tlocalhost\n"
            "::1\t\tlocalhost ip6-localhost ip6-loopback\n"
            "ff02::1\t\tip6-allnodes\n"
            "ff02::2\t\tip6-allrouters\n\n");
  EXPECT_EQ(TreeText(tree, "etc/networks"),
            "default\t\t0.0.0.0\nloopback\t127.0.0.0\n"
            "link-local\t169.254.0.0\n\n");
}

TEST(Identity, MachineIdFollowsThePolicy) {
  const Tree with_systemd = PackageTree({{"usr/lib/systemd/systemd", "elf"}});
  const Tree tree = GeneratedIdentity({}, with_systemd);
  EXPECT_EQ(TreeText(tree, "etc/machine-id"), "uninitialized\n");
  EXPECT_EQ(tree.Find("etc/machine-id")->mode, 0444u);
  const std::string id = "0123456789abcdef0123456789abcdef";
  EXPECT_EQ(TreeText(GeneratedIdentity({.machine_id = id}), "etc/machine-id"),
            id + "\n");
  const Tree empty = GeneratedIdentity({.machine_id = ""}, with_systemd);
  ASSERT_NE(empty.Find("etc/machine-id"), nullptr);
  EXPECT_EQ(TreeText(empty, "etc/machine-id"), "");
}

TEST(Identity, TimeZonesAreLinksIntoTheTree) {
  const Tree zones =
      PackageTree({{"usr/share/zoneinfo/Etc/UTC", "TZif"},
                   {"usr/share/zoneinfo/Europe/Berlin", "TZif"}});
  const Tree utc = GeneratedIdentity({}, zones);
  EXPECT_EQ(LinkTarget(utc, "etc/localtime"), "/usr/share/zoneinfo/Etc/UTC");
  EXPECT_EQ(TreeText(utc, "etc/timezone"), "Etc/UTC\n");
  const Tree berlin = GeneratedIdentity({.timezone = "Europe/Berlin"}, zones);
  EXPECT_EQ(LinkTarget(berlin, "etc/localtime"),
            "/usr/share/zoneinfo/Europe/Berlin");
  EXPECT_EQ(IdentityError({.timezone = "Europe/Berlim"}, zones),
            "m.yaml: system.timezone: found 'Europe/Berlim', expected a file "
            "below '/usr/share/zoneinfo' of the image, did you mean "
            "'Europe/Berlin'?");
  for (const std::string bad : {"", "Europe", "/Etc/UTC", "../x", "Etc//UTC"}) {
    EXPECT_EQ(IdentityError({.timezone = bad}, zones)
                  .starts_with("m.yaml: system.timezone: found '" + bad +
                               "', expected a file below "
                               "'/usr/share/zoneinfo' of the image"),
              true)
        << bad;
  }
}

TEST(Identity, LocalesAreThoseOfTheTree) {
  const Tree locales =
      PackageTree({{"usr/lib/locale/C.utf8/LC_CTYPE", "x"},
                   {"usr/lib/locale/de_DE.iso885915@euro/LC_CTYPE", "x"},
                   {"usr/lib/locale/ru_RU.iso88595/LC_CTYPE", "x"}});
  for (const std::string locale : {"C", "POSIX", "C.UTF-8", "C.utf8",
                                   "de_DE.ISO-8859-15@euro", "ru_RU.8859-5"}) {
    EXPECT_EQ(TreeText(GeneratedIdentity({.locale = locale}, locales),
                       "etc/default/locale"),
              "LANG=" + locale + "\n");
  }
  for (const std::string locale :
       {"en_US.UTF-8", "../C.utf8", "", "C.UTF-8\nPATH=x"}) {
    const std::string shown =
        locale.size() == 14 ? "C.UTF-8\\x0aPATH=x" : locale;
    EXPECT_EQ(IdentityError({.locale = locale}, locales),
              "m.yaml: system.locale: found '" + shown +
                  "', expected a locale with a directory below "
                  "'/usr/lib/locale' of the image");
  }
}

TEST(Identity, LinksComeWithWhatTheyAreFor) {
  const Tree tree = GeneratedIdentity(
      {}, PackageTree({{"usr/lib/systemd/systemd-resolved", "elf"},
                       {"usr/lib/os-release", "ID=debian\n"},
                       {"usr/bin/mount", "elf"}}));
  EXPECT_EQ(LinkTarget(tree, "etc/resolv.conf"),
            "../run/systemd/resolve/stub-resolv.conf");
  EXPECT_EQ(LinkTarget(tree, "etc/os-release"), "../usr/lib/os-release");
  EXPECT_EQ(LinkTarget(tree, "etc/mtab"), "../proc/self/mounts");
}

TEST(Identity, WhatIsThereStays) {
  const Tree tree = GeneratedIdentity(
      {.hostname = "a"}, PackageTree({{"etc/hostname", "mine\n"},
                                      {"etc/hosts", "127.0.0.1 mine\n"}}));
  EXPECT_EQ(TreeText(tree, "etc/hostname"), "mine\n");
  EXPECT_EQ(TreeText(tree, "etc/hosts"), "127.0.0.1 mine\n");
}

TEST(Identity, RejectsBadNamesAndIds) {
  EXPECT_EQ(IdentityError({.hostname = "a\nb"}),
            "m.yaml: system.hostname: found 'a\\x0ab', expected at most 64 "
            "letters, digits, '-' and '.'");
  EXPECT_EQ(IdentityError({.machine_id = "0123"}),
            "m.yaml: system.machine_id: found '0123', expected "
            "'uninitialized', '' or 32 lower-case hexadecimal digits");
}

const std::vector<Action> kShells = {
    {.kind = ActionKind::kAddShell, .argument = "/bin/zsh", .package = "zsh"},
    {.kind = ActionKind::kAddShell,
     .argument = "/usr/bin/zsh",
     .package = "zsh"}};

TEST(Shells, AreAddedUnderBothNames) {
  Tree tree;
  ASSERT_TRUE(tree.Add("usr/bin/zsh", {.origin = {"package", "zsh"}}));
  ASSERT_TRUE(tree.Add(
      "bin", {.type = NodeType::kSymlink, .symlink_target = "usr/bin"}));
  ASSERT_TRUE(GenerateShells(kShells, &tree));
  EXPECT_EQ(TreeText(tree, "etc/shells"), "/bin/zsh\n/usr/bin/zsh\n");
}

TEST(Shells, AreNotThereUnlessSomebodyHasOne) {
  Tree tree;
  ASSERT_TRUE(GenerateShells({}, &tree));
  EXPECT_EQ(tree.nodes().size(), 1u);
}

TEST(Shells, AgreeWithDebianutils) {
  TALLY_NEED_PROGRAM(update_shells, "update-shells");
  TALLY_NEED_PROGRAM(add_shell, "add-shell");
  const test::Scratch root;
  const std::string shells = "usr/share/debianutils/shells";
  root.Write(shells, "# /etc/shells: valid login shells\n/bin/sh\n");
  root.Write(shells + ".d/bash", "/bin/bash\n/bin/rbash\n");
  root.Write(shells + ".d/dash", "/bin/dash # comment\n/usr/bin/dash\n");
  root.Write("usr/bin/sh", "elf");
  fs::create_directory_symlink("usr/bin", root.path() / "bin");
  fs::create_directories(root.path() / "etc");
  fs::create_directories(root.path() / "var/lib");
  Tree ours = test::ReadDiskTree(root.path());
  ASSERT_TRUE(GenerateShells(kShells, &ours));
  const auto run = [&](Tool tool) {
    tool.env = {{"PATH", "/usr/sbin:/usr/bin"},
                {"LC_ALL", "C"},
                {"DPKG_ROOT", root.path().string()}};
    const auto output = RunTool(tool);
    ASSERT_TRUE(output) << output.error().ToString();
    ASSERT_EQ(output->exit_status, 0) << output->stderr_text;
  };
  run({.program = update_shells, .args = {"--root", root.path().string()}});
  // add-shell looks through the links of the host: this one is merged too.
  run({.program = add_shell, .args = {"/bin/zsh", "/usr/bin/zsh"}});
  EXPECT_EQ(TreeText(ours, "etc/shells"),
            TreeText(test::ReadDiskTree(root.path()), "etc/shells"));
}

}  // namespace
}  // namespace tally
