#include "builder/generate/accounts.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/text.h"
#include "formats/passwd.h"
#include "tests/builder/package_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::PackageTree;

constexpr std::string_view kPasswdMaster =
    "root:*:0:0:root:/root:/bin/bash\n"
    "man:*:6:12:man:/var/cache/man:/usr/sbin/nologin\n"
    "nobody:*:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n";
constexpr std::string_view kGroupMaster =
    "root:*:0:\nadm:*:4:\nman:*:12:\nshadow:*:42:\nnogroup:*:65534:\n";

using Files = std::map<std::string, std::string>;

Files WithMasters(Files files) {
  files["usr/share/base-passwd/passwd.master"] = kPasswdMaster;
  files["usr/share/base-passwd/group.master"] = kGroupMaster;
  return files;
}

Manifest Empty() {
  Manifest manifest;
  manifest.path = "m.yaml";
  return manifest;
}

Action Sysusers(const std::string& line) {
  return {.kind = ActionKind::kSysusers, .argument = line, .package = "q"};
}

Accounts Build(const Tree& tree, const Manifest& manifest = Empty(),
               const std::vector<Action>& actions = {},
               const LockedAccounts& pins = {},
               WhenNotPinned when = WhenNotPinned::kAllocate) {
  auto accounts = BuildAccounts(manifest, tree, actions, pins, when);
  EXPECT_TRUE(accounts) << accounts.error().ToString();
  return accounts ? std::move(*accounts) : Accounts();
}

std::string BuildError(const Tree& tree, const Manifest& manifest = Empty(),
                       const std::vector<Action>& actions = {},
                       const LockedAccounts& pins = {},
                       WhenNotPinned when = WhenNotPinned::kAllocate) {
  const auto accounts = BuildAccounts(manifest, tree, actions, pins, when);
  return accounts ? "" : accounts.error().ToString();
}

// SysusersError is the error of one file, lines from 1.
std::string SysusersError(const std::string& text) {
  return BuildError(
      PackageTree(WithMasters({{"usr/lib/sysusers.d/x.conf", text}})));
}

std::string TextOf(const Tree& tree, const std::string& path) {
  const TreeNode* node = tree.Find(path);
  return node == nullptr ? "" : std::string(AsText(node->content.span()));
}

TEST(Accounts, ComeFromAllSourcesInOrder) {
  const Tree tree = PackageTree(WithMasters(
      {{"usr/lib/sysusers.d/dbus.conf", "u messagebus - \"Bus\"\n"},
       {"usr/lib/sysusers.d/a.conf", "g input -\nu man 6:12\nm man adm\n"}}));
  Manifest manifest = Empty();
  manifest.system.groups = {{.name = "ops", .gid = 300}};
  manifest.system.users = {{.name = "svc",
                            .uid = 400,
                            .groups = {"ops", "input"},
                            .comment = "Service",
                            .home = "/var/lib/svc"},
                           {.name = "messagebus", .home = "/run/dbus"}};
  Accounts accounts = Build(tree, manifest, {Sysusers("u _chrony - Time")});
  Tree out = tree;
  ASSERT_TRUE(GenerateAccounts(accounts, &out));
  EXPECT_EQ(TextOf(out, "etc/passwd"),
            "root:x:0:0:root:/root:/bin/bash\n"
            "man:x:6:12:man:/var/cache/man:/usr/sbin/nologin\n"
            "svc:x:400:400:Service:/var/lib/svc:/usr/sbin/nologin\n"
            "_chrony:x:997:997:Time:/:/usr/sbin/nologin\n"
            "messagebus:x:998:998:Bus:/run/dbus:/usr/sbin/nologin\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n");
  EXPECT_EQ(TextOf(out, "etc/group"),
            "root:x:0:\nadm:x:4:man\nman:x:12:\nshadow:x:42:\nops:x:300:svc\n"
            "svc:x:400:\n_chrony:x:997:\nmessagebus:x:998:\ninput:x:999:svc\n"
            "nogroup:x:65534:\n");
  EXPECT_EQ(TextOf(out, "etc/shadow"),
            "root:*:::::::\nman:*:::::::\nsvc:!*:::::::\n_chrony:!*:::::::\n"
            "messagebus:!*:::::::\nnobody:*:::::::\n");
  EXPECT_EQ(TextOf(out, "etc/gshadow"),
            "root:*::\nadm:*::man\nman:*::\nshadow:*::\nops:!*::svc\n"
            "svc:!*::\n_chrony:!*::\nmessagebus:!*::\ninput:!*::svc\n"
            "nogroup:*::\n");
  EXPECT_EQ(out.Find("etc/passwd")->mode, 0644u);
  EXPECT_EQ(out.Find("etc/gshadow")->mode, 0640u);
  ASSERT_TRUE(ResolveOwners(accounts, &out));
  EXPECT_EQ(out.Find("etc/shadow")->gid, 42u);
  EXPECT_EQ(
      PinsOf(accounts),
      (LockedAccounts{
          .users = {{"_chrony", 997}, {"messagebus", 998}},
          .groups = {{"_chrony", 997}, {"input", 999}, {"messagebus", 998}}}));
}

TEST(Accounts, TakePinsAndAllocateOnlyTheRest) {
  const Tree tree = PackageTree({{"usr/lib/sysusers.d/x.conf", "u a\nu b\n"}});
  const LockedAccounts pins = {.users = {{"b", 999}, {"gone", 5}},
                               .groups = {{"b", 990}}};
  const Accounts accounts = Build(tree, Empty(), {}, pins);
  EXPECT_EQ(accounts.FindUser("b")->uid, 999u);
  EXPECT_EQ(accounts.FindUser("b")->gid, 990u);
  EXPECT_EQ(accounts.FindUser("a")->uid, 998u);
  EXPECT_EQ(accounts.FindUser("a")->gid, 998u);
  // What was pinned is built again from its own pins, and nothing moves.
  const Accounts again =
      Build(tree, Empty(), {}, PinsOf(accounts), WhenNotPinned::kRefuse);
  EXPECT_EQ(PinsOf(again), PinsOf(accounts));
}

TEST(Accounts, RefuseToAllocateAtBuild) {
  const Tree tree = PackageTree({{"usr/lib/sysusers.d/x.conf", "g a\n"}});
  const auto accounts =
      BuildAccounts(Empty(), tree, {}, {}, WhenNotPinned::kRefuse);
  ASSERT_FALSE(accounts);
  EXPECT_EQ(accounts.error().ToString(),
            "group 'a' of '/usr/lib/sysusers.d/x.conf' line 1 has no number, "
            "expected one in the lock");
  EXPECT_EQ(accounts.error().hints(),
            std::vector<std::string>{"run 'tally lock'"});
}

TEST(Accounts, RefuseAPinThatSomethingFixedHasNow) {
  const Tree tree =
      PackageTree({{"usr/lib/sysusers.d/x.conf", "g a\ng b 500\n"}});
  const LockedAccounts pins = {.users = {}, .groups = {{"a", 500}}};
  EXPECT_EQ(BuildError(tree, Empty(), {}, pins, WhenNotPinned::kRefuse),
            "group 'a' has gid 500 in the lock, which group 'b' has in "
            "'/usr/lib/sysusers.d/x.conf' line 2");
  EXPECT_EQ(Build(tree, Empty(), {}, pins).FindGroup("a")->gid, 999u);
}

TEST(Accounts, RejectClashesOfNumbers) {
  EXPECT_EQ(SysusersError("u man 7\n"),
            "user 'man' has uid 7 in '/usr/lib/sysusers.d/x.conf' line 1, "
            "expected uid 6 of '/usr/share/base-passwd/passwd.master' line 2");
  EXPECT_EQ(SysusersError("u a 6:4\n"),
            "user 'a' has uid 6 in '/usr/lib/sysusers.d/x.conf' line 1, which "
            "user 'man' has in '/usr/share/base-passwd/passwd.master' line 2");
  EXPECT_EQ(SysusersError("g a 12\n"),
            "group 'a' has gid 12 in '/usr/lib/sysusers.d/x.conf' line 1, "
            "which group 'man' has in '/usr/share/base-passwd/group.master' "
            "line 3");
  EXPECT_EQ(SysusersError("g adm 5\n"),
            "group 'adm' has gid 5 in '/usr/lib/sysusers.d/x.conf' line 1, "
            "expected gid 4 of '/usr/share/base-passwd/group.master' line 2");
  EXPECT_EQ(SysusersError("u man 6:adm\n"),
            "user 'man' has primary group 'adm' in "
            "'/usr/lib/sysusers.d/x.conf' line 1, expected the group of gid 12 "
            "of '/usr/share/base-passwd/passwd.master' line 2");
  EXPECT_EQ(SysusersError("u a -:77\n"),
            "user 'a' has gid 77 in '/usr/lib/sysusers.d/x.conf' line 1, "
            "expected the gid of a group");
  EXPECT_EQ(SysusersError("u a -:more\n"),
            "user 'a' has primary group 'more' in "
            "'/usr/lib/sysusers.d/x.conf' line 1, expected a group that "
            "something else creates");
  EXPECT_EQ(SysusersError("r - 500-501\ng a\ng b\ng c\n"),
            "no number is left for group 'c' of "
            "'/usr/lib/sysusers.d/x.conf' line 4");
}

TEST(Accounts, NameTheSourceOfBadLines) {
  EXPECT_EQ(BuildError(Tree(), Empty(), {Sysusers("u a:b -")}),
            "action 'sysusers u a:b -' of package 'q': found 'a:b', expected "
            "an account name [a-zA-Z_][a-zA-Z0-9_-]{0,30}");
  Manifest manifest = Empty();
  manifest.system.users = {
      {.name = "svc", .groups = {"admm"}, .where = {.line = 3, .column = 5}}};
  const auto accounts = BuildAccounts(manifest, PackageTree(WithMasters({})),
                                      {}, {}, WhenNotPinned::kAllocate);
  ASSERT_FALSE(accounts);
  EXPECT_EQ(accounts.error().ToString(),
            "m.yaml:3:5: found group 'admm' of user 'svc', expected a group of "
            "the image");
  EXPECT_EQ(accounts.error().hints(),
            std::vector<std::string>{"did you mean 'adm'?"});
}

TEST(Accounts, ReadSysusersFilesByPrecedence) {
  Tree tree = PackageTree({{"usr/lib/sysusers.d/a.conf", "u a 1\n"},
                           {"etc/sysusers.d/a.conf", "u a 2\n"},
                           {"usr/lib/sysusers.d/b.conf", "u b 3\n"},
                           {"run/sysusers.d/b.conf", ""},
                           {"usr/lib/sysusers.d/c.conf", "u c 4\n"},
                           {"usr/lib/sysusers.d/d.txt", "u d 5\n"},
                           {"usr/lib/sysusers.d/e.conf", "u e 6\n"}});
  ASSERT_TRUE(
      tree.Add("etc/sysusers.d/c.conf", GeneratedLink("test", "/dev/null")));
  ASSERT_TRUE(
      tree.Add("etc/sysusers.d/e.conf", GeneratedLink("test", "/nowhere")));
  const Accounts accounts = Build(tree);
  EXPECT_EQ(accounts.users().size(), 2u);
  EXPECT_EQ(accounts.FindUser("a")->uid, 2u);
  EXPECT_EQ(accounts.FindUser("e")->uid, 6u);
}

TEST(Accounts, OfTheTreeItselfAreCompleteOrRefused) {
  const Files own = {{"etc/passwd", "root:x:0:0::/root:/bin/sh\n"},
                     {"etc/group", "root:x:0:\nadm:x:4:\n"}};
  Tree tree = PackageTree(WithMasters(own));
  const Accounts accounts = Build(tree);
  EXPECT_EQ(accounts.users().size(), 1u);
  ASSERT_TRUE(GenerateAccounts(accounts, &tree));
  EXPECT_EQ(TextOf(tree, "etc/passwd"), "root:x:0:0::/root:/bin/sh\n");
  EXPECT_EQ(TextOf(tree, "etc/shadow"), "root:!*:::::::\n");

  EXPECT_EQ(BuildError(PackageTree(own), Empty(), {Sysusers("u a -")}),
            "'/etc/passwd' of package p has no user 'a', which action "
            "'sysusers u a -' of package 'q' asks for");
  EXPECT_EQ(BuildError(PackageTree(own), Empty(), {Sysusers("g a -")}),
            "'/etc/group' of package p has no group 'a', which action "
            "'sysusers g a -' of package 'q' asks for");
  EXPECT_EQ(BuildError(PackageTree(own), Empty(), {Sysusers("m root adm")}),
            "'/etc/group' of package p has no member 'root' of group 'adm', "
            "which action 'sysusers m root adm' of package 'q' asks for");
  EXPECT_EQ(BuildError(PackageTree({{"etc/passwd", ""}})),
            "found '/etc/passwd' of package p without '/etc/group', expected "
            "both or none");
  Files with_shadow = own;
  with_shadow["etc/gshadow"] = "root:*::\n";
  Tree partial = PackageTree(with_shadow);
  const Status generated = GenerateAccounts(Build(partial), &partial);
  ASSERT_FALSE(generated);
  EXPECT_EQ(generated.error().ToString(),
            "'/etc/gshadow' of package p has no 'adm', expected every account "
            "of the image");
}

TEST(Accounts, ExpireWhatMustNeverLogIn) {
  Tree tree =
      PackageTree({{"usr/lib/sysusers.d/x.conf", "u! a 5\nu root 0\n"}});
  ASSERT_TRUE(GenerateAccounts(Build(tree), &tree));
  EXPECT_EQ(TextOf(tree, "etc/shadow"), "root:!*:::::::\na:!*::::::1:\n");
  EXPECT_EQ(TextOf(tree, "etc/passwd"),
            "root:x:0:0::/:/bin/sh\na:x:5:5::/:/usr/sbin/nologin\n");
}

TEST(Accounts, AreNotWrittenIfThereAreNone) {
  Tree tree;
  ASSERT_TRUE(GenerateAccounts(Build(tree), &tree));
  EXPECT_EQ(tree.nodes().size(), 1u);
}

TEST(ResolveOwners, LooksNamesUpInTheImage) {
  Tree tree = PackageTree({{"usr/lib/sysusers.d/x.conf", "u chrony 100\n"}});
  const Accounts accounts = Build(tree);
  TreeNode node = GeneratedDirectory("tmpfiles");
  node.user = "chrony";
  node.group = "root";
  ASSERT_TRUE(tree.Add("var/lib/chrony", node));
  ASSERT_TRUE(ResolveOwners(accounts, &tree));
  EXPECT_EQ(tree.Find("var/lib/chrony")->uid, 100u);
  EXPECT_EQ(tree.Find("var/lib/chrony")->gid, 0u);
  node.group = "chrny";
  ASSERT_TRUE(tree.Set("var/lib/chrony", node));
  const Status resolved = ResolveOwners(accounts, &tree);
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().ToString(),
            "'/var/lib/chrony' of generator tmpfiles belongs to group 'chrny', "
            "expected an account of the image");
  EXPECT_EQ(resolved.error().hints(),
            std::vector<std::string>{"did you mean 'chrony'?"});
}

// Lines in which order decides nothing but the numbers themselves.
constexpr std::string_view kSysusersLines =
    "u esc 300 \"a \\x41 \\\"q\\\" 'z'\" /a%%b\n"
    "u root 0\nu r2 -:42 -\nu r3 -:shadow\n"
    "g ggg\ng same 400\nu same -\nu alloc\nu five 500\nu man 6:12\n"
    "u clash 42:nogroup - /var/lib/x /bin/sh\nm alloc adm\nm newu newg\n";

TEST(Accounts, AreThoseOfSystemdSysusers) {
  TALLY_NEED_PROGRAM(program, "systemd-sysusers");
  if (geteuid() != 0) GTEST_SKIP() << "systemd-sysusers --root wants root";
  const test::Scratch scratch;
  // update-passwd(8) would have copied the masters.
  scratch.Write("etc/passwd", kPasswdMaster);
  scratch.Write("etc/group", kGroupMaster);
  scratch.Write("usr/lib/sysusers.d/x.conf", kSysusersLines);
  const ToolOutput output =
      test::RunProgram(program, {"--root=" + scratch.path().string()});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;

  Tree tree = PackageTree(WithMasters(
      {{"usr/lib/sysusers.d/x.conf", std::string(kSysusersLines)}}));
  const Accounts accounts = Build(tree);
  const Bytes passwd = test::MustRead(scratch.path() / "etc/passwd");
  const auto users = ParsePasswd(AsText(passwd), "'passwd'");
  ASSERT_TRUE(users) << users.error().ToString();
  EXPECT_EQ(users->size(), accounts.users().size());
  for (const PasswdEntry& theirs : *users) {
    SCOPED_TRACE(theirs.name);
    const Accounts::User* ours = accounts.FindUser(theirs.name);
    ASSERT_NE(ours, nullptr);
    EXPECT_EQ(ours->uid, theirs.uid);
    EXPECT_EQ(ours->gid, theirs.gid);
    EXPECT_EQ(ours->comment, theirs.comment);
    EXPECT_EQ(ours->home, theirs.home);
    EXPECT_EQ(ours->shell, theirs.shell);
  }
  const Bytes group = test::MustRead(scratch.path() / "etc/group");
  const auto groups = ParseGroup(AsText(group), "'group'");
  ASSERT_TRUE(groups) << groups.error().ToString();
  EXPECT_EQ(groups->size(), accounts.groups().size());
  for (const GroupEntry& theirs : *groups) {
    SCOPED_TRACE(theirs.name);
    const Accounts::Group* ours = accounts.FindGroup(theirs.name);
    ASSERT_NE(ours, nullptr);
    EXPECT_EQ(ours->gid, theirs.gid);
    EXPECT_EQ(ours->members, theirs.members);
  }
}

TEST(Accounts, PassPwckAndGrpck) {
  TALLY_NEED_PROGRAM(pwck, "pwck");
  TALLY_NEED_PROGRAM(grpck, "grpck");
  if (geteuid() != 0) GTEST_SKIP() << "pwck wants root";
  Tree tree = PackageTree(WithMasters(
      {{"usr/lib/sysusers.d/x.conf", std::string(kSysusersLines)}}));
  ASSERT_TRUE(GenerateAccounts(Build(tree), &tree));
  const test::Scratch scratch;
  for (const char* path :
       {"etc/passwd", "etc/shadow", "etc/group", "etc/gshadow"}) {
    scratch.Write(path, TextOf(tree, path));
  }
  // Quiet: there are no home directories and shells.
  const std::string root = scratch.path().string();
  const ToolOutput users = test::RunProgram(pwck, {"-r", "-q", "-R", root});
  EXPECT_EQ(users.exit_status, 0) << users.stdout_text << users.stderr_text;
  const ToolOutput groups = test::RunProgram(grpck, {"-r", "-R", root});
  EXPECT_EQ(groups.exit_status, 0) << groups.stdout_text << groups.stderr_text;
  // They are already in the order in which pwck would sort them.
  const ToolOutput sorted = test::RunProgram(pwck, {"-s", "-R", root});
  EXPECT_EQ(sorted.exit_status, 0) << sorted.stdout_text << sorted.stderr_text;
  for (const char* path : {"etc/passwd", "etc/shadow"}) {
    const Bytes after = test::MustRead(scratch.path() / path);
    EXPECT_EQ(AsText(after), TextOf(tree, path));
  }
}

}  // namespace
}  // namespace tally
