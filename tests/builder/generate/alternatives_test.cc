#include "builder/generate/alternatives.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "common/text.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using Links = std::map<std::string, std::string>;

Action Alternative(const std::string& argument,
                   const std::string& package = "p") {
  return {.kind = ActionKind::kAlternative,
          .argument = argument,
          .package = package};
}

Tree AlternativesTree(const std::vector<std::string>& files) {
  Tree tree;
  for (const std::string& path : files) {
    EXPECT_TRUE(tree.Add(path, {.mode = 0755,
                                .content = TextContent(path),
                                .origin = {"package", "q"}}));
  }
  EXPECT_TRUE(tree.Add("bin", {.type = NodeType::kSymlink,
                               .symlink_target = "usr/bin",
                               .origin = {"generator", "usr-merge"}}));
  return tree;
}

Links AlternativesLinks(const Tree& tree) {
  Links links;
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type == NodeType::kSymlink && path != "bin") {
      links[path] = node.symlink_target;
    }
  }
  return links;
}

Manifest Choosing(const std::string& name, const std::string& path) {
  Manifest manifest{.path = "m.yaml"};
  manifest.system.alternatives = {
      {.name = name, .path = path, .where = {.line = 4, .column = 9}}};
  return manifest;
}

Links GeneratedAlternatives(const Manifest& manifest,
                            const std::vector<Action>& actions, Tree tree) {
  const Status status = GenerateAlternatives(manifest, actions, &tree);
  EXPECT_TRUE(status) << status.error().ToString();
  return AlternativesLinks(tree);
}

std::string AlternativesError(const std::vector<Action>& actions, Tree tree,
                              const Manifest& manifest = {}) {
  const Status status = GenerateAlternatives(manifest, actions, &tree);
  return status ? "no error" : status.error().ToString();
}

const std::vector<Action> kPagers = {
    Alternative("/usr/bin/pager pager /bin/more 50 slave "
                "/usr/share/man/man1/pager.1.gz pager.1.gz "
                "/usr/share/man/man1/more.1.gz"),
    Alternative("/usr/bin/pager pager /usr/bin/less 77")};

TEST(Alternatives, TheHighestPriorityIsChosen) {
  EXPECT_EQ(
      GeneratedAlternatives({}, kPagers,
                            AlternativesTree({"usr/bin/more", "usr/bin/less"})),
      (Links{{"etc/alternatives/pager", "/usr/bin/less"},
             {"usr/bin/pager", "/etc/alternatives/pager"}}));
}

TEST(Alternatives, TheManifestChoosesWithSlaves) {
  const Tree tree = AlternativesTree(
      {"usr/bin/more", "usr/bin/less", "usr/share/man/man1/more.1.gz"});
  EXPECT_EQ(
      GeneratedAlternatives(Choosing("pager", "/bin/more"), kPagers, tree),
      (Links{
          {"etc/alternatives/pager", "/bin/more"},
          {"etc/alternatives/pager.1.gz", "/usr/share/man/man1/more.1.gz"},
          {"usr/bin/pager", "/etc/alternatives/pager"},
          {"usr/share/man/man1/pager.1.gz", "/etc/alternatives/pager.1.gz"}}));
}

TEST(Alternatives, SkipsPathsAndSlavesThatAreNotInTheImage) {
  EXPECT_EQ(
      GeneratedAlternatives({}, kPagers, AlternativesTree({"usr/bin/more"})),
      (Links{{"etc/alternatives/pager", "/bin/more"},
             {"usr/bin/pager", "/etc/alternatives/pager"}}));
  EXPECT_TRUE(GeneratedAlternatives({}, kPagers, AlternativesTree({})).empty());
}

TEST(Alternatives, WhoCameFirstWinsAmongEquals) {
  const std::vector<Action> actions = {
      Alternative("/usr/bin/x x /usr/bin/b 5"),
      Alternative("/usr/bin/x x /usr/bin/a 5"),
      Alternative("/usr/bin/x x /usr/bin/c -9")};
  EXPECT_EQ(GeneratedAlternatives(
                {}, actions,
                AlternativesTree({"usr/bin/a", "usr/bin/b", "usr/bin/c"}))
                .at("etc/alternatives/x"),
            "/usr/bin/b");
}

TEST(Alternatives, AnAlternativeMayLeadToAnother) {
  const std::vector<Action> actions = {
      Alternative("/usr/bin/editor editor /usr/bin/vi 5"),
      Alternative("/usr/bin/vi vi /usr/bin/vim.tiny 5")};
  EXPECT_EQ(
      GeneratedAlternatives({}, actions, AlternativesTree({"usr/bin/vim.tiny"}))
          .size(),
      4u);
}

TEST(Alternatives, WhatPeoplePutInTheTreeStays) {
  Tree tree = AlternativesTree({"usr/bin/less"});
  ASSERT_TRUE(tree.Add("usr/bin/pager", {.content = TextContent("mine"),
                                         .origin = {"manifest", "line 3"}}));
  EXPECT_FALSE(
      GeneratedAlternatives({}, kPagers, tree).contains("usr/bin/pager"));
}

TEST(Alternatives, RejectsMalformedActions) {
  const auto error = [](const std::string& argument) {
    return AlternativesError({Alternative(argument)}, Tree());
  };
  const std::string doing = "\n  while reading an alternative of package 'p'";
  EXPECT_EQ(error("/usr/bin/x x /usr/bin/y"),
            "found 3 words, expected LINK NAME PATH PRIORITY [slave LINK NAME "
            "PATH]..." +
                doing);
  EXPECT_EQ(error("/usr/bin/x x /usr/bin/y 1 slaves /a a /b"),
            "found 'slaves', expected 'slave'" + doing);
  EXPECT_EQ(error("/usr/bin/x x /usr/bin/y high"),
            "found priority 'high', expected a whole number of at most 31 "
            "bits" +
                doing);
  const std::string path =
      ", expected an absolute one without '..', '.' or empty components" +
      doing;
  EXPECT_EQ(error("/usr/bin/../x x /usr/bin/y 1"),
            "found path '/usr/bin/../x'" + path);
  EXPECT_EQ(error("/usr/bin/x x usr/bin/y 1"), "found path 'usr/bin/y'" + path);
  EXPECT_EQ(error("/usr/bin/x ../x /usr/bin/y 1"),
            "found name '../x', expected one without '/' and blanks" + doing);
  EXPECT_EQ(error("/usr/bin/x .. /usr/bin/y 1"),
            "found name '..', expected one without '/' and blanks" + doing);
  EXPECT_EQ(error("/bin/x x /usr/bin/x 1"),
            "found '/bin/x' as link and as path, expected two different ones" +
                doing);
}

TEST(Alternatives, RejectsContradictions) {
  const Tree tree = AlternativesTree({"usr/bin/a", "usr/bin/b"});
  const Action first = Alternative("/usr/bin/x x /usr/bin/a 1", "first");
  EXPECT_EQ(AlternativesError({first, Alternative("/usr/bin/y x /usr/bin/b 1")},
                              tree),
            "alternative 'x' of package 'p': name 'x' is the master with link "
            "'/usr/bin/y' and the master with link '/usr/bin/x'");
  EXPECT_EQ(
      AlternativesError({first, Alternative("/bin/x y /usr/bin/b 1")}, tree),
      "alternative 'y' of package 'p': link '/usr/bin/x' belongs to both "
      "'x' and 'y'");
  EXPECT_EQ(
      AlternativesError({first, Alternative("/usr/bin/y y /usr/bin/b 1 slave "
                                            "/usr/bin/x x /usr/bin/a")},
                        tree),
      "alternative 'y' of package 'p': name 'x' is the slave of 'y' with "
      "link '/usr/bin/x' and the master with link '/usr/bin/x'");
  EXPECT_EQ(AlternativesError({first, Alternative("/usr/bin/x x /usr/bin/a 2")},
                              tree),
            "alternative 'x' of package 'p': package 'first' offers the same "
            "path with another priority or other slaves");
  EXPECT_EQ(AlternativesError({Alternative("/usr/bin/b x /usr/bin/a 1")}, tree),
            "alternative 'x' of package 'p': '/usr/bin/b' of package q is "
            "where its link should be");
}

TEST(Alternatives, RejectsCycles) {
  EXPECT_EQ(AlternativesError({Alternative("/usr/bin/a a /usr/bin/b 1"),
                               Alternative("/usr/bin/b b /bin/a 1")},
                              AlternativesTree({"usr/bin/c"})),
            "alternative 'a' of package 'p': path '/usr/bin/b' leads back to "
            "its own link or to nothing");
}

TEST(Alternatives, RejectsChoicesThatNobodyOffers) {
  const Tree tree = AlternativesTree({"usr/bin/more"});
  EXPECT_EQ(AlternativesError(kPagers, tree, Choosing("pagr", "/bin/more")),
            "m.yaml:4:9: found alternative 'pagr', expected one that a package "
            "offers, did you mean 'pager'?");
  EXPECT_EQ(AlternativesError(kPagers, tree, Choosing("pager", "/usr/bin/les")),
            "m.yaml:4:9: found path of alternative 'pager' '/usr/bin/les', "
            "expected one that a package offers, did you mean "
            "'/usr/bin/less'?");
  EXPECT_EQ(
      AlternativesError(kPagers, tree, Choosing("pager", "/usr/bin/less")),
      "m.yaml:4:9: path '/usr/bin/less' of alternative 'pager' is not in "
      "the image");
}

TEST(Alternatives, AgreesWithUpdateAlternatives) {
  TALLY_NEED_PROGRAM(tool, "update-alternatives");
  const std::vector<Action> actions = {
      Alternative("/usr/bin/pager pager /usr/bin/more 50 slave "
                  "/usr/share/man/pager.1 pager.1 /usr/share/man/more.1"),
      Alternative("/usr/bin/pager pager /usr/bin/less 77 slave "
                  "/usr/share/man/pager.1 pager.1 /usr/share/man/less.1 slave "
                  "/usr/share/man/no.1 no.1 /usr/share/man/no-less.1"),
      Alternative("/usr/bin/x x /usr/bin/b 5"),
      Alternative("/usr/bin/x x /usr/bin/a 5"),
      Alternative("/usr/bin/x x /usr/bin/c -4")};
  const test::Scratch root;
  for (const char* file : {"bin/more", "bin/less", "share/man/more.1",
                           "share/man/less.1", "bin/a", "bin/b", "bin/c"}) {
    root.Write("usr/" + std::string(file), file);
  }
  fs::create_directories(root.path() / "etc/alternatives");
  fs::create_directories(root.path() / "var/lib/dpkg/alternatives");
  const Tree before = test::ReadDiskTree(root.path());
  // --root chroots nowhere: it only puts a prefix before paths.
  for (const Action& action : actions) {
    std::vector<std::string> args = {"--root", root.path().string(), "--log",
                                     "/dev/null", "--install"};
    for (const std::string& word : Words(action.argument)) {
      args.push_back(word == "slave" ? "--slave" : word);
    }
    const auto output =
        RunTool({.program = tool, .args = args, .env = {{"LC_ALL", "C"}}});
    ASSERT_TRUE(output);
    ASSERT_EQ(output->exit_status, 0) << output->stderr_text;
  }
  EXPECT_EQ(GeneratedAlternatives({}, actions, before),
            AlternativesLinks(test::ReadDiskTree(root.path())));
}

}  // namespace
}  // namespace tally
