#include "builder/guards.h"

#include <gtest/gtest.h>

#include <set>

#include "common/text.h"
#include "manifests/guard_names.h"
#include "tests/builder/capability_samples.h"
#include "tests/support/make_elf.h"

namespace tally {
namespace {

using Strings = std::vector<std::string>;
using test::kNetRawXattr;

TreeNode Packaged(TreeNode node) {
  node.origin = {"package", "tools"};
  return node;
}

TreeNode File(std::string_view text = "x", unsigned mode = 0644) {
  return Packaged(GeneratedFile("test", text, mode));
}

TreeNode Link(std::string_view target) {
  return Packaged(GeneratedLink("test", target));
}

TreeNode WithXattr(const std::string& name, const std::string& hex) {
  TreeNode node = File();
  node.xattrs[name] = *ParseHex(hex);
  return node;
}

Tree TreeOf(const std::vector<std::pair<std::string, TreeNode>>& entries) {
  Tree tree;
  for (const auto& [path, node] : entries) EXPECT_TRUE(tree.Add(path, node));
  return tree;
}

Manifest Allowing(std::vector<AllowSpec> allow) {
  Manifest manifest;
  manifest.path = "m.yaml";
  manifest.system.allow = std::move(allow);
  return manifest;
}

AllowSpec Allow(const std::string& guard, const std::string& path) {
  return {.guard = guard, .path = path, .reason = "test", .where = {7, 9}};
}

std::string Checked(const Manifest& manifest, const Tree& tree) {
  const Status checked = CheckGuards(manifest, {}, tree);
  return checked ? "clean" : checked.error().ToString();
}

// What the guards say about a tree with one finding.
std::string One(const std::string& line) {
  return "the guards refuse the image: 1 finding\n  " + line;
}

// ExpectGuarded: the guard finds it with this line, the manifest can allow it,
// and not with an allowance of another path.
void ExpectGuarded(const std::string& guard, const std::string& path,
                   const TreeNode& node, const std::string& what) {
  const Tree tree = TreeOf({{path, node}});
  const std::string line = guard + " '/" + path + "' of package tools: " + what;
  const Status checked = CheckGuards({}, {}, tree);
  ASSERT_FALSE(checked) << path;
  EXPECT_EQ(checked.error().ToString(), One(line));
  EXPECT_EQ(checked.error().hints(),
            Strings{"to accept what is meant to be there, put into the "
                    "manifest:\nsystem:\n  allow:\n    - {guard: " +
                    guard + ", path: \"/" + path + "\", reason: WHY}"});
  EXPECT_EQ(Checked(Allowing({Allow(guard, "/" + path)}), tree), "clean");
  EXPECT_EQ(Checked(Allowing({Allow(guard, "/" + path + "2")}), tree),
            "the guards refuse the image: 2 findings\n"
            "  m.yaml:7:9: allowance of " +
                guard + " for '/" + path +
                "2', where there is nothing to allow\n  " + line);
}

void ExpectClean(const std::string& path, const TreeNode& node) {
  EXPECT_EQ(Checked({}, TreeOf({{path, node}})), "clean") << path;
}

const std::string kKeyText =
    std::string("-----BEGIN EC PRIVATE") + " KEY-----\nMHcCAQEEIAAAAAAAAAAA\n";

TEST(Guards, FindPrivateKeys) {
  ExpectGuarded("private-key", "etc/app/tls.pem", File("cert\n" + kKeyText),
                "'-----BEGIN EC PRIVATE KEY-----' at 0x5");
  ExpectGuarded("private-key", "var/lib/systemd/credential.secret", File(),
                "the host's secret");
  ExpectClean("usr/bin/ssh", File("-----BEGIN EC PRIVATE KEY-----"));
}

TEST(Guards, FindPrivateKeysInProgramsThatNoPackageShips) {
  const std::string elf =
      "\x7f"
      "ELF" +
      kKeyText;
  const TreeNode packaged = File(elf);
  TreeNode other = packaged;
  other.origin = {"manifest", "line 3"};
  const auto has_key = [](const TreeNode& node) {
    return Checked({}, TreeOf({{"usr/lib/x.so", node}})).find("private-key") !=
           std::string::npos;
  };
  EXPECT_FALSE(has_key(packaged));
  EXPECT_TRUE(has_key(other));
}

TEST(Guards, FindSshHostKeysByName) {
  const std::string what = "a key that every machine would have";
  ExpectGuarded("ssh-host-key", "etc/ssh/ssh_host_ed25519_key", File(kKeyText),
                what);
  ExpectGuarded("ssh-host-key", "etc/ssh/ssh_host_rsa_key.pub", File(), what);
  ExpectGuarded("ssh-host-key", "etc/ssh/ssh_host_rsa_key", Link("../key"),
                what);
  ExpectClean("etc/ssh/ssh_config", File());
}

TEST(Guards, FindSnakeoilCertificates) {
  const std::string what = "a certificate that every machine would have";
  ExpectGuarded("snakeoil", "etc/ssl/certs/ssl-cert-snakeoil.pem", File(),
                what);
  ExpectGuarded("snakeoil", "etc/ssl/private/ssl-cert-snakeoil.key",
                File(kKeyText), what);
  ExpectClean("usr/share/ssl-cert/ssleay.cnf", File());
}

TEST(Guards, FindRandomSeeds) {
  const std::string what = "a seed that every machine would have";
  ExpectGuarded("random-seed", "var/lib/systemd/random-seed", File(), what);
  ExpectGuarded("random-seed", "boot/loader/random-seed", File(), what);
  ExpectClean("usr/lib/systemd/systemd-random-seed", File());
}

TEST(Guards, FindMachineIds) {
  const std::string id = "0123456789abcdef0123456789abcdef";
  const std::string what =
      "an id that every machine would have, expected 'uninitialized', an empty "
      "file or the manifest's machine_id";
  ExpectGuarded("machine-id", "etc/machine-id", File(id + "\n"), what);
  ExpectGuarded("machine-id", "var/lib/dbus/machine-id", File(id), what);
  ExpectClean("etc/machine-id", File(""));
  ExpectClean("etc/machine-id", File("uninitialized\n"));
  ExpectClean("var/lib/dbus/machine-id", Link("/run/machine-id"));
  Manifest fixed;
  fixed.system.machine_id = id;
  EXPECT_EQ(Checked(fixed, TreeOf({{"etc/machine-id", File(id + "\n")}})),
            "clean");
}

TEST(Guards, FindFilesThatChangeTheUser) {
  ExpectGuarded("setuid", "usr/bin/su", File("x", 04755), "mode 4755");
  ExpectGuarded("setgid", "usr/bin/chage", File("x", 02755), "mode 2755");
  ExpectClean("var/mail", Packaged(GeneratedDirectory("test", 02775)));
}

TEST(Guards, AllowSetuidOnlyOfPackages) {
  TreeNode node = File("x", 04755);
  node.origin = {"manifest", "line 3"};
  const Tree tree = TreeOf({{"usr/bin/x", node}});
  const std::string refusal = One(
      "setuid '/usr/bin/x' of manifest line 3: mode 4755, and no package ships "
      "it");
  const Status checked = CheckGuards({}, {}, tree);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().ToString(), refusal);
  EXPECT_EQ(checked.error().hints(), Strings{});
  EXPECT_EQ(Checked(Allowing({Allow("setuid", "/usr/bin/x")}), tree), refusal);
}

TEST(Guards, FindWhatEverybodyMayWrite) {
  ExpectGuarded("world-writable", "etc/x", File("x", 0666), "mode 0666");
  ExpectGuarded("world-writable", "srv/x",
                Packaged(GeneratedDirectory("test", 0777)), "mode 0777");
  ExpectClean("tmp", Packaged(GeneratedDirectory("test", 01777)));
  ExpectClean("usr/x", Link("y"));
}

TEST(Guards, FindDanglingAbsoluteLinks) {
  ExpectGuarded("dangling-link", "etc/rmt", Link("/usr/sbin/rmt"),
                "nothing at '/usr/sbin/rmt'");
  ExpectGuarded("dangling-link", "a/loop", Link("/a/loop"),
                "nothing at '/a/loop'");
  for (const char* target :
       {"/dev/null", "/run/x", "/proc/self/mounts", "/tmp/x/y", "../none"}) {
    ExpectClean("etc/link", Link(target));
  }
  EXPECT_EQ(Checked({}, TreeOf({{"a/link", Link("/b/../var/run/x")},
                                {"b/file", File()},
                                {"var/run", Link("/run")},
                                {"c", Link("/a/link")},
                                {"d", Link("/b/file")}})),
            "clean");
}

TreeNode Elf(const test::ElfSpec& spec) {
  return File(AsText(test::MakeElf(spec)), 0755);
}

TEST(Guards, FindMissingInterpretersAndLibraries) {
  ExpectGuarded("elf-interpreter", "usr/bin/x",
                Elf({.interpreter = "/lib64/ld-linux-x86-64.so.2"}),
                "needs '/lib64/ld-linux-x86-64.so.2'");
  ExpectGuarded("elf-library", "usr/bin/x", Elf({.needed = {"liby.so.1"}}),
                "needs 'liby.so.1'");
  const TreeNode two = Elf({.needed = {"liba.so", "libb.so"}});
  const Tree tree = TreeOf({{"usr/bin/x", two}});
  const Status checked = CheckGuards({}, {}, tree);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().ToString(),
            "the guards refuse the image: 2 findings\n"
            "  elf-library '/usr/bin/x' of package tools: needs 'liba.so'\n"
            "  elf-library '/usr/bin/x' of package tools: needs 'libb.so'");
  EXPECT_EQ(Split(checked.error().hints().at(0), '\n').size(), 4U);
  EXPECT_EQ(Checked(Allowing({Allow("elf-library", "/usr/bin/x")}), tree),
            "clean");
  ExpectClean("usr/bin/script", File("#!/usr/bin/perl\n", 0755));
}

TEST(Guards, FindBrokenLibraries) {
  const std::string checked =
      Checked({}, TreeOf({{"usr/lib/libx.so", File(std::string("\x7f"
                                                               "ELF\2\1\1",
                                                               7))}}));
  EXPECT_TRUE(checked.starts_with(
      One("elf-library '/usr/lib/libx.so' of package tools: ")))
      << checked;
}

TEST(Guards, FindDpkgResidue) {
  const std::string state = "state of the package tools";
  ExpectGuarded("dpkg-residue", "var/lib/dpkg/status", File(), state);
  ExpectGuarded("dpkg-residue", "var/lib/dpkg/info/x.list", File(), state);
  ExpectGuarded("dpkg-residue", "var/cache/apt/pkgcache.bin", File(), state);
  ExpectGuarded("dpkg-residue", "var/lib/apt/lists/lock", File(), state);
  ExpectGuarded("dpkg-residue", "etc/passwd-", File(), state);
  ExpectGuarded("dpkg-residue", "etc/x.conf.dpkg-new", File(),
                "a file dpkg or ucf set aside");
  ExpectGuarded("dpkg-residue", "etc/x.ucf-dist", File(),
                "a file dpkg or ucf set aside");
  ExpectClean("var/lib/dpkg/status.d/hello", File());
  ExpectClean("var/lib/dpkg/info", Packaged(GeneratedDirectory("test", 0755)));
}

TEST(Guards, FindCapabilitiesThatNobodyAskedFor) {
  const TreeNode node = WithXattr("security.capability", kNetRawXattr);
  ExpectGuarded("capability", "usr/bin/ping", node,
                "cap_net_raw=ep, which nobody asked for");
  ExpectGuarded("capability", "usr/bin/ping",
                WithXattr("security.capability", "01"),
                "malformed 01, which nobody asked for");
  const Tree tree = TreeOf({{"usr/bin/ping", node}});
  const Action action = {.kind = ActionKind::kCapability,
                         .argument = "/bin/ping cap_net_raw=ep"};
  const Status asked = CheckGuards({}, {action}, tree);
  EXPECT_TRUE(asked) << asked.error().ToString();
  Manifest manifest;
  manifest.system.capabilities = {{"/usr/bin/ping", "cap_net_raw=ep", {}}};
  EXPECT_EQ(Checked(manifest, tree), "clean");
  manifest.system.capabilities = {{"/usr/bin/ping", "cap_net_raw=p", {}}};
  EXPECT_EQ(Checked(manifest, tree),
            One("capability '/usr/bin/ping' of package tools: cap_net_raw=ep, "
                "which nobody asked for"));
}

TEST(Guards, FindOtherExtendedAttributes) {
  ExpectGuarded("xattr", "srv/x", WithXattr("user.note", "00"),
                "attribute 'user.note'");
  const Tree tree = TreeOf({{"srv/x", WithXattr("trusted.x", "00")}});
  const std::string refusal =
      One("xattr '/srv/x' of package tools: attribute 'trusted.x'");
  EXPECT_EQ(Checked({}, tree), refusal);
  EXPECT_EQ(Checked(Allowing({Allow("xattr", "/srv/x")}), tree), refusal);
}

TEST(Guards, AllowPathsThroughTheMergedDirectories) {
  const Tree tree = TreeOf({{"usr/bin/su", File("x", 04755)}});
  EXPECT_EQ(Checked(Allowing({Allow("setuid", "/bin/su")}), tree), "clean");
}

TEST(Guards, RefuseAnAllowanceOfAnotherGuard) {
  EXPECT_EQ(Checked(Allowing({Allow("setgid", "/usr/bin/su")}),
                    TreeOf({{"usr/bin/su", File("x", 04755)}})),
            "the guards refuse the image: 2 findings\n"
            "  m.yaml:7:9: allowance of setgid for '/usr/bin/su', where there "
            "is nothing to allow\n"
            "  setuid '/usr/bin/su' of package tools: mode 4755");
}

TEST(Guards, ListTheFirstTwenty) {
  Tree tree;
  for (int i = 25; i > 0; --i) {
    const std::string number = std::to_string(100 + i);
    ASSERT_TRUE(tree.Add("usr/bin/x" + number, File("x", 06755)));
  }
  const Status checked = CheckGuards({}, {}, tree);
  ASSERT_FALSE(checked);
  const Strings lines = Split(checked.error().message(), '\n');
  ASSERT_EQ(lines.size(), 22U);
  EXPECT_EQ(lines[0], "the guards refuse the image: 50 findings");
  EXPECT_EQ(lines[1], "  setgid '/usr/bin/x101' of package tools: mode 6755");
  EXPECT_EQ(lines[20], "  setgid '/usr/bin/x120' of package tools: mode 6755");
  EXPECT_EQ(lines[21], "  and 30 more");
  // Who allows them wants all of them at once.
  EXPECT_EQ(Split(checked.error().hints().at(0), '\n').size(), 53U);
}

TEST(Guards, HintAtNoPathThatAManifestCannotSpell) {
  const Status checked =
      CheckGuards({}, {}, TreeOf({{"usr/bin/\xff", File("x", 04755)}}));
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().ToString(),
            One("setuid '/usr/bin/\\xff' of package tools: mode 4755"));
  EXPECT_EQ(checked.error().hints(), Strings{});
}

TEST(Guards, HaveTheNamesThatManifestsUse) {
  const Strings names = GuardNames();
  const std::set<std::string> tested = {
      "capability",     "dangling-link", "dpkg-residue", "elf-interpreter",
      "elf-library",    "machine-id",    "private-key",  "random-seed",
      "setgid",         "setuid",        "snakeoil",     "ssh-host-key",
      "world-writable", "xattr"};
  EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), tested);
}

}  // namespace
}  // namespace tally
