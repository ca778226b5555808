#include "builder/generate/tmpfiles.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>

#include "builder/generate/accounts.h"
#include "tests/builder/package_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using Files = std::map<std::string, std::string>;
using test::PackageTree;

TreeNode FromPackage(TreeNode node, const std::string& inode = "") {
  node.origin = {"package", "p"};
  node.inode = inode;
  return node;
}

// Described returns "type mode user:group content" of an entry.
std::string Described(const Tree& tree, const std::string& path) {
  const TreeNode* node = tree.Find(path);
  if (node == nullptr) return "nothing";
  if (node->type == NodeType::kSymlink) return "l " + node->symlink_target;
  std::array<char, 16> mode;
  std::snprintf(mode.data(), mode.size(), "%04o", node->mode);
  const auto owner = [](const std::string& name, uint32_t id) {
    return name.empty() ? std::to_string(id) : name;
  };
  const bool is_directory = node->type == NodeType::kDirectory;
  return (is_directory ? "d " : "f ") + std::string(mode.data()) + " " +
         owner(node->user, node->uid) + ":" + owner(node->group, node->gid) +
         (is_directory ? "" : " ") + std::string(AsText(node->content.span()));
}

Action Tmpfiles(const std::string& line) {
  return {.kind = ActionKind::kTmpfiles, .argument = line, .package = "q"};
}

Tree Done(Tree tree, const std::vector<std::string>& lines) {
  std::vector<Action> actions;
  for (const std::string& line : lines) actions.push_back(Tmpfiles(line));
  const Status status = GenerateTmpfiles(actions, &tree);
  EXPECT_TRUE(status) << status.error().ToString();
  return tree;
}

std::string DoError(Tree tree, const std::string& line) {
  const Status status = GenerateTmpfiles({Tmpfiles(line)}, &tree);
  return status ? "" : status.error().ToString();
}

Tree DoneFile(Tree tree, const std::string& text) {
  EXPECT_TRUE(tree.Add("usr/lib/tmpfiles.d/x.conf",
                       FromPackage(GeneratedFile("test", text))));
  return Done(std::move(tree), {});
}

TEST(TmpfilesActions, CreateWhatIsNotThere) {
  const Tree tree = Done(
      PackageTree({{"usr/share/libc-bin/nsswitch.conf", "passwd: files\n"}}),
      {"d /var/lib/chrony 0750 _chrony _chrony -",
       "f /etc/motd - - - - hello\\n",
       "C /etc/nsswitch.conf 0600 root 7 - /usr/share/libc-bin/nsswitch.conf",
       "L /etc/x - - - - target", "L /etc/y", "f+ /srv/a/b 0640 5 adm",
       "q /home", "x /var/tmp/* - - - 10d"});
  EXPECT_EQ(Described(tree, "var/lib/chrony"), "d 0750 _chrony:_chrony");
  EXPECT_EQ(Described(tree, "var/lib"), "d 0755 0:0");
  EXPECT_EQ(Described(tree, "etc/motd"), "f 0644 0:0 hello\n");
  EXPECT_EQ(Described(tree, "etc/nsswitch.conf"),
            "f 0600 root:7 passwd: files\n");
  EXPECT_EQ(Described(tree, "etc/x"), "l target");
  EXPECT_EQ(Described(tree, "etc/y"), "l /usr/share/factory/etc/y");
  EXPECT_EQ(Described(tree, "srv/a/b"), "f 0640 5:adm ");
  EXPECT_EQ(Described(tree, "home"), "d 0755 0:0");
  EXPECT_EQ(tree.Find("etc/motd")->origin.ToString(), "generator tmpfiles");
}

TEST(TmpfilesActions, ChangeWhatIsThere) {
  Tree tree = PackageTree({{"usr/bin/p", "program"}, {"etc/a", "old"}});
  ASSERT_TRUE(
      tree.Add("etc/keys", FromPackage(GeneratedDirectory("test", 0755))));
  ASSERT_TRUE(
      tree.Add("usr/bin/one", FromPackage(GeneratedFile("t", "1"), "i")));
  ASSERT_TRUE(
      tree.Add("usr/bin/two", FromPackage(GeneratedFile("t", "1"), "i")));
  tree = Done(std::move(tree),
              {"z /usr/bin/p 4754 root messagebus", "f+ /etc/a - - - - new",
               "d /etc/keys 0700", "L+ /etc/l - - - - first",
               "L+ /etc/l - - - - second", "L /etc/l - - - - third",
               "z /usr/bin/one 0700", "z /nowhere 0700",
               "t /usr/bin/two - - - - user.a=b"});
  EXPECT_EQ(Described(tree, "usr/bin/p"), "f 4754 root:messagebus program");
  EXPECT_EQ(Described(tree, "etc/a"), "f 0644 0:0 new");
  EXPECT_EQ(Described(tree, "etc/keys"), "d 0700 0:0");
  EXPECT_EQ(Described(tree, "etc/l"), "l second");
  // Both names of one inode.
  EXPECT_EQ(tree.Find("usr/bin/two")->mode, 0700u);
  EXPECT_EQ(tree.Find("usr/bin/one")->xattrs.size(), 1u);
  EXPECT_EQ(Described(tree, "nowhere"), "nothing");
}

TEST(TmpfilesActions, NeverTouchWhatPeopleSaid) {
  Tree tree;
  TreeNode node = GeneratedFile("test", "mine", 0600);
  node.origin = {"manifest", "line 3"};
  ASSERT_TRUE(tree.Add("etc/a", node));
  tree = Done(std::move(tree),
              {"f+ /etc/a 0644 - - - theirs", "z /etc/a 0644", "L+ /etc/a",
               "C /etc/a - - - - /nowhere", "d /etc/a"});
  EXPECT_EQ(Described(tree, "etc/a"), "f 0600 0:0 mine");
}

TEST(TmpfilesActions, FollowLinksInParentsInsideTheRoot) {
  Tree tree;
  ASSERT_TRUE(tree.Add("var/run", GeneratedLink("test", "/../../run")));
  ASSERT_TRUE(tree.Add("run", GeneratedDirectory("test")));
  ASSERT_TRUE(tree.Add("etc/loop", GeneratedLink("test", "loop")));
  ASSERT_TRUE(tree.Add("etc/file", GeneratedFile("test", "")));
  const Tree done = Done(tree, {"d /var/run/x/y"});
  EXPECT_EQ(Described(done, "run/x/y"), "d 0755 0:0");
  EXPECT_EQ(DoError(tree, "d /etc/loop/x"),
            "action 'tmpfiles d /etc/loop/x' of package 'q': '/etc/loop' of "
            "generator test is a symbolic link, expected a directory, or a "
            "link to one");
  EXPECT_EQ(DoError(tree, "d /etc/file/x"),
            "action 'tmpfiles d /etc/file/x' of package 'q': '/etc/file' of "
            "generator test is a file, expected a directory, or a link to one");
}

TEST(TmpfilesActions, CopyDirectories) {
  Tree tree = PackageTree({{"usr/share/s/a/b", "1"}, {"usr/share/s/c", "2"}});
  tree = Done(std::move(tree), {"C /etc/s 0700 u g - /usr/share/s",
                                "C /etc/s - - - - /usr/share"});
  EXPECT_EQ(Described(tree, "etc/s"), "d 0700 u:g");
  EXPECT_EQ(Described(tree, "etc/s/a/b"), "f 0644 u:g 1");
  EXPECT_EQ(Described(tree, "etc/s/c"), "f 0644 u:g 2");
  EXPECT_EQ(DoError(tree, "C /etc/s/a/x - - - - /etc/s"),
            "action 'tmpfiles C /etc/s/a/x - - - - /etc/s' of package 'q': "
            "'/etc/s/a/x' is in its own source '/etc/s'");
  EXPECT_EQ(DoError(tree, "C /etc/t - - - - /nowhere"),
            "action 'tmpfiles C /etc/t - - - - /nowhere' of package 'q': "
            "source '/nowhere' is not in the image, expected something to "
            "copy");
  EXPECT_EQ(DoError(tree, "C- /etc/t - - - - /nowhere"), "");
}

TEST(TmpfilesActions, RejectWhatATreeCannotHave) {
  const auto expect = [](const std::string& line, const std::string& why) {
    EXPECT_EQ(DoError(PackageTree({{"etc/f", ""}}), line),
              "action 'tmpfiles " + line + "' of package 'q': found " + why);
  };
  const std::string end = ", expected what can be done at build";
  expect("r /x", "a line of type 'r'" + end);
  expect("c /dev/x - - - - 1:3", "a line of type 'c'" + end);
  expect("a /x - - - - u::r", "a line of type 'a'" + end);
  expect("d! /x", "the modifier '!' (only at boot)" + end);
  expect("f^ /x - - - - n", "the modifier '^' (a credential)" + end);
  expect("d= /x", "the modifier '='" + end);
  expect("C+ /x", "the type 'C+'" + end);
  expect("d /x/%m", "the specifier '%m' (only a running system knows)" + end);
  expect("z /x[0-9]", "a pattern with more than '*' and '?'" + end);
  expect("f /", "path '/', expected something below it");
  expect("d /a/../b",
         "path '/a/../b', expected an absolute path without '..', components "
         "of at most 255 and not more than 4095 bytes");
  EXPECT_EQ(DoError(PackageTree({{"etc/f", ""}}), "d /etc/f"),
            "action 'tmpfiles d /etc/f' of package 'q': '/etc/f' of package p "
            "is a file, expected a directory");
  EXPECT_EQ(DoError(PackageTree({{"etc/f", ""}}), "L+ /etc"),
            "action 'tmpfiles L+ /etc' of package 'q': '/etc' is a directory "
            "with entries (generator parents), expected nothing that holds "
            "others");
}

TEST(TmpfilesFiles, LeaveToBootWhatBootCanDo) {
  Tree tree;
  ASSERT_TRUE(tree.Add("run", GeneratedDirectory("test")));
  tree = DoneFile(std::move(tree),
                  "L /var/run - - - - ../run\n"
                  "d /var/run/a\nd /run/b\nd /tmp/c\nD /tmp 1777\n"
                  "d! /etc/boot\nd /var/log/journal/%m\nw /etc/w - - - - x\n"
                  "f^ /etc/hosts - - - - network.hosts\nr /etc/r\n"
                  "C /etc/none\np /etc/fifo\nd /var/log 0775 root adm\n");
  EXPECT_EQ(Described(tree, "var/run"), "l ../run");
  EXPECT_EQ(Described(tree, "tmp"), "d 1777 0:0");
  EXPECT_EQ(Described(tree, "var/log"), "d 0775 root:adm");
  for (const char* path : {"run/a", "run/b", "tmp/c", "etc/boot", "etc/w",
                           "etc/hosts", "etc/none", "etc/fifo"}) {
    EXPECT_EQ(Described(tree, path), "nothing") << path;
  }
  EXPECT_TRUE(tree.Children("var/log").empty());
}

TEST(TmpfilesFiles, AreDoneInTheOrderOfSystemd) {
  const Tree tree = DoneFile(Tree(),
                             "z /srv/a/* 0711\nz /srv/a/b 2700 - g\n"
                             "d /srv/a/b 0755\nd /srv/a/b 0777\n"
                             "d /srv/a 0700\nf /srv/a/.hidden 0600\n");
  EXPECT_EQ(Described(tree, "srv/a"), "d 0700 0:0");
  EXPECT_EQ(Described(tree, "srv/a/b"), "d 0711 0:g");
  EXPECT_EQ(Described(tree, "srv/a/.hidden"), "f 0600 0:0 ");
}

TEST(TmpfilesFiles, CanBeMaskedOrReplaced) {
  Tree tree = PackageTree({{"usr/lib/tmpfiles.d/a.conf", "d /srv/a"},
                           {"etc/tmpfiles.d/a.conf", "d /srv/b"},
                           {"usr/lib/tmpfiles.d/c.conf", "d /srv/c"}});
  ASSERT_TRUE(
      tree.Add("etc/tmpfiles.d/c.conf", GeneratedLink("test", "/dev/null")));
  tree = Done(std::move(tree), {});
  EXPECT_EQ(tree.Children("srv"), std::vector<std::string>{"b"});
}

TEST(TmpfilesFiles, NameTheLineThatIsWrong) {
  Tree tree = PackageTree({{"usr/lib/tmpfiles.d/x.conf", "# x\nd srv\n"}});
  const Status status = GenerateTmpfiles({}, &tree);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "'/usr/lib/tmpfiles.d/x.conf' line 2: found path 'srv', expected "
            "an absolute path without '..', components of at most 255 and not "
            "more than 4095 bytes");
}

// ReadDisk returns the same as Described for everything below `root`.
std::map<std::string, std::string> ReadDisk(const fs::path& root) {
  std::map<std::string, std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const fs::path& path = entry.path();
    std::string& text = found[path.lexically_relative(root).string()];
    if (fs::is_symlink(path)) {
      text = "l " + fs::read_symlink(path).string();
      continue;
    }
    struct stat status = {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0);
    std::array<char, 64> head;
    std::snprintf(head.data(), head.size(), "%s %04o %u:%u",
                  S_ISDIR(status.st_mode) ? "d" : "f", status.st_mode & 07777,
                  status.st_uid, status.st_gid);
    text = head.data();
    if (!S_ISDIR(status.st_mode)) {
      text += " " + std::string(AsText(test::MustRead(path)));
    }
  }
  return found;
}

constexpr std::string_view kTmpfilesLines =
    "# In an order that needs sorting.\n"
    "d /var/lib/x/y 2750 man shadow\n"
    "d /var/lib/x 0700\n"
    "D /var/spool - - -\nq /srv 0711 5 6\nQ /home :0750\nv /opt/v ~7777\n"
    "f /etc/f 0600 root shadow - a\\x41\\tb  \"c\" %%\n"
    "f /etc/f2\nf+ /etc/old :0600 - - - new\nf /etc/kept :0600 :5 - - no\n"
    "f /etc/changed 0604 7 - - no\n"
    "L /etc/link - - - - ../some\\x20target\nL /etc/old-link - - - - other\n"
    "L+ /etc/replaced - - - - here\nL /etc/factory-link\n"
    "C /etc/copy 0640 man - - /usr/share/source\n"
    "C /etc/none - - - - /usr/share/none\nC /etc/from-factory\n"
    "d /etc/dir 0500\nd /etc/kept-dir :0500 :man :shadow\n"
    "z /etc/z* 0601 - shadow\nZ /usr/share/Z ~0751 man\nm /etc/m 0610\n"
    "f /etc/twice 0600 - - - first\nf /etc/twice 0644 - - - second\n"
    "d \"/srv/a b\" - man\n"
    "f+~ /etc/base64 - - - - aGVsbG8K\n";

const Files kComparedFiles = {
    {"etc/passwd", "root:x:0:0::/:/bin/sh\nman:x:6:12::/:/bin/sh\n"},
    {"etc/group", "root:x:0:\nman:x:12:\nshadow:x:42:\n"},
    {"etc/old", "old"},
    {"etc/kept", "kept"},
    {"etc/changed", "text"},
    {"etc/replaced", "file"},
    {"etc/z1", ""},
    {"etc/.z2", ""},
    {"etc/m", ""},
    {"etc/dir/x", ""},
    {"etc/kept-dir/x", ""},
    {"usr/share/source/a/b", "1"},
    {"usr/share/source/c", "2"},
    {"usr/share/factory/etc/from-factory", "factory"},
    {"usr/share/Z/a/b", ""},
    {"usr/share/Z/c", ""}};

TEST(TmpfilesFiles, MakeWhatSystemdTmpfilesMakes) {
  TALLY_NEED_PROGRAM(program, "systemd-tmpfiles");
  if (geteuid() != 0) GTEST_SKIP() << "other owners can be set by root only";
  Files files = kComparedFiles;
  files["usr/lib/tmpfiles.d/x.conf"] = kTmpfilesLines;
  const test::Scratch scratch;
  const fs::path root = scratch.path() / "root";
  for (const auto& [path, text] : files) scratch.Write("root/" + path, text);
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    fs::permissions(entry.path(),
                    static_cast<fs::perms>(entry.is_directory() ? 0755 : 0644));
  }
  fs::create_symlink("target", root / "etc/old-link");
  const ToolOutput output = test::RunProgram(
      program, {"--create", "--root=" + root.string(), "x.conf"});
  EXPECT_EQ(output.exit_status, 0) << output.stderr_text;

  Tree tree = PackageTree(files);
  // Not only the parent of a file.
  tree.Edit("etc/kept-dir")->origin = {"package", "p"};
  ASSERT_TRUE(tree.Add("etc/old-link", GeneratedLink("test", "target")));
  tree = Done(std::move(tree), {});
  const auto accounts = BuildAccounts(Manifest{.path = "m.yaml"}, tree, {}, {},
                                      WhenNotPinned::kRefuse);
  ASSERT_TRUE(accounts) << accounts.error().ToString();
  ASSERT_TRUE(ResolveOwners(*accounts, &tree));
  std::map<std::string, std::string> ours;
  for (const auto& [path, node] : tree.nodes()) {
    TreeNode& numbered = *tree.Edit(path);
    numbered.user.clear();
    numbered.group.clear();
    if (!path.empty()) ours[path] = Described(tree, path);
  }
  for (const auto& [path, theirs] : ReadDisk(root)) {
    EXPECT_EQ(ours[path], theirs) << path;
    ours.erase(path);
  }
  for (const auto& [path, text] : ours) {
    ADD_FAILURE() << path << " is only ours: " << text;
  }
}

}  // namespace
}  // namespace tally
