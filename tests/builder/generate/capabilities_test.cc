#include "builder/generate/capabilities.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/builder/capability_samples.h"

namespace tally {
namespace {

using test::kNetRawXattr;

TreeNode InodeFile(const std::string& inode = "") {
  TreeNode node = GeneratedFile("test", "program", 0755);
  node.origin = {"package", "tools"};
  node.inode = inode;
  return node;
}

Tree Sample() {
  Tree tree;
  EXPECT_TRUE(tree.Add("usr/bin/ping", InodeFile()));
  EXPECT_TRUE(tree.Add("usr/bin/ip", InodeFile("tools:ip")));
  EXPECT_TRUE(tree.Add("usr/sbin/ip", InodeFile("tools:ip")));
  EXPECT_TRUE(tree.Add("usr/bin/ping4", GeneratedLink("test", "ping")));
  EXPECT_TRUE(tree.Add("bin", GeneratedLink("test", "usr/bin")));
  return tree;
}

Action Capability(const std::string& argument) {
  return {.kind = ActionKind::kCapability,
          .argument = argument,
          .package = "iproute2"};
}

Manifest WithCapabilities(std::vector<CapabilitySpec> specs) {
  Manifest manifest;
  manifest.path = "m.yaml";
  manifest.system.capabilities = std::move(specs);
  return manifest;
}

// Xattrs returns "path=hex" for every entry that has the attribute.
std::vector<std::string> Xattrs(const Tree& tree) {
  std::vector<std::string> all;
  for (const auto& [path, node] : tree.nodes()) {
    for (const auto& [name, value] : node.xattrs) {
      EXPECT_EQ(name, "security.capability");
      all.push_back(path + "=" + Hex(value));
    }
  }
  return all;
}

std::vector<std::string> GeneratedCapabilities(
    const Manifest& manifest, const std::vector<Action>& actions) {
  Tree tree = Sample();
  const Status done = GenerateCapabilities(manifest, actions, &tree);
  EXPECT_TRUE(done) << done.error().ToString();
  return Xattrs(tree);
}

std::string RefusedCapabilities(const Manifest& manifest,
                                const std::vector<Action>& actions) {
  Tree tree = Sample();
  const Status done = GenerateCapabilities(manifest, actions, &tree);
  return done ? "no error" : done.error().ToString();
}

const std::string kKill = "0000000220000000000000000000000000000000";
using Strings = std::vector<std::string>;

TEST(Capabilities, AreThoseOfScriptsAndManifest) {
  EXPECT_EQ(GeneratedCapabilities(
                WithCapabilities({{"/usr/bin/ip", "cap_kill=p", {3, 5}}}),
                {Capability("/bin/ping cap_net_raw=ep")}),
            (Strings{"usr/bin/ip=" + kKill, "usr/bin/ping=" + kNetRawXattr,
                     "usr/sbin/ip=" + kKill}));
}

TEST(Capabilities, FollowLinksAndCoverHardLinks) {
  EXPECT_EQ(
      GeneratedCapabilities({}, {Capability("/usr/bin/ping4 cap_net_raw=ep"),
                                 Capability("/usr/sbin/ip cap_net_raw+p "
                                            "cap_net_raw+e")}),
      (Strings{"usr/bin/ip=" + kNetRawXattr, "usr/bin/ping=" + kNetRawXattr,
               "usr/sbin/ip=" + kNetRawXattr}));
}

TEST(Capabilities, OfTheManifestWin) {
  EXPECT_EQ(GeneratedCapabilities(
                WithCapabilities({{"/usr/sbin/ip", "cap_kill=p", {3, 5}}}),
                {Capability("/usr/bin/ip cap_net_raw=ep")}),
            (Strings{"usr/bin/ip=" + kKill, "usr/sbin/ip=" + kKill}));
}

TEST(Capabilities, OfScriptsForAbsentFilesAreLeftOut) {
  EXPECT_EQ(
      GeneratedCapabilities({}, {Capability("/usr/bin/none cap_net_raw=ep"),
                                 {.kind = ActionKind::kLdconfig}}),
      Strings{});
}

TEST(Capabilities, RejectsWhatNoFileCanHave) {
  EXPECT_EQ(RefusedCapabilities(
                WithCapabilities({{"/usr/bin/none", "=", {3, 5}}}), {}),
            "m.yaml:3:5: '/usr/bin/none' is not in the image, expected a file");
  EXPECT_EQ(
      RefusedCapabilities(WithCapabilities({{"/usr/bin", "=", {3, 5}}}), {}),
      "m.yaml:3:5: '/usr/bin' is a directory, expected a file");
  EXPECT_EQ(RefusedCapabilities({}, {Capability("/usr/bin cap_kill=p")}),
            "package 'iproute2': '/usr/bin' is a directory, expected a file");
  EXPECT_EQ(RefusedCapabilities({}, {Capability("/usr/bin/ip cap_kil=p")}),
            "package 'iproute2': capabilities 'cap_kil=p': found 'cap_kil', "
            "expected the name of a capability");
  EXPECT_EQ(RefusedCapabilities({}, {Capability("/usr/bin/ip")}),
            "package 'iproute2': capabilities '': found no clause");
}

TEST(Capabilities, RejectsTwoWishesForOneFile) {
  EXPECT_EQ(RefusedCapabilities(
                WithCapabilities({{"/usr/bin/ip", "cap_kill=p", {3, 5}},
                                  {"/usr/sbin/ip", "cap_chown=p", {4, 5}}}),
                {}),
            "m.yaml:4:5: '/usr/sbin/ip' has 'cap_kill=p' from m.yaml:3:5, "
            "found 'cap_chown=p'");
  EXPECT_EQ(RefusedCapabilities({}, {Capability("/usr/bin/ip cap_kill=p"),
                                     Capability("/bin/ip cap_kill=i")}),
            "package 'iproute2': '/bin/ip' has 'cap_kill=p' from package "
            "'iproute2', found 'cap_kill=i'");
}

}  // namespace
}  // namespace tally
