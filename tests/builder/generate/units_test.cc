#include "builder/generate/units.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using Links = std::map<std::string, std::string>;

constexpr std::string_view kUnits = "usr/lib/systemd/system/";

TreeNode PackageFile(std::string_view text) {
  return {
      .mode = 0644, .content = TextContent(text), .origin = {"package", "p"}};
}

TreeNode PackageLink(std::string_view target) {
  return {.type = NodeType::kSymlink,
          .mode = 0777,
          .symlink_target = std::string(target),
          .origin = {"package", "p"}};
}

// UnitTree has the given unit files and a systemd to need them.
Tree UnitTree(const Links& units) {
  Tree tree;
  EXPECT_TRUE(tree.Add("usr/lib/systemd/systemd", PackageFile("elf")));
  for (const auto& [path, text] : units) {
    EXPECT_TRUE(tree.Add(
        path.find('/') == std::string::npos ? std::string(kUnits) + path : path,
        PackageFile(text)));
  }
  return tree;
}

// UnitLinks returns the links in /etc/systemd.
Links UnitLinks(const Tree& tree) {
  Links links;
  for (const auto& [path, node] : tree.nodes()) {
    if (path.starts_with("etc/systemd/") && node.type == NodeType::kSymlink) {
      links[path.substr(12)] = node.symlink_target;
    }
  }
  return links;
}

std::vector<Action> Enable(const std::vector<std::string>& units,
                           ActionKind kind = ActionKind::kEnable) {
  std::vector<Action> actions;
  for (const std::string& unit : units) {
    actions.push_back({.kind = kind, .argument = unit, .package = "p"});
  }
  return actions;
}

Manifest ManifestWithUnits(const UnitsSpec& units) {
  Manifest manifest{.path = "m.yaml"};
  manifest.system.units = units;
  return manifest;
}

UnitSpec NamedUnit(const std::string& name) {
  return {.name = name, .where = {.line = 7, .column = 5}};
}

Links GeneratedUnits(const UnitsSpec& units, const std::vector<Action>& actions,
                     Tree tree) {
  const Status status = GenerateUnits(ManifestWithUnits(units), actions, &tree);
  EXPECT_TRUE(status) << status.error().ToString();
  return UnitLinks(tree);
}

std::string UnitsError(const UnitsSpec& units,
                       const std::vector<Action>& actions, Tree tree) {
  const Status status = GenerateUnits(ManifestWithUnits(units), actions, &tree);
  return status ? "no error" : status.error().ToString();
}

TEST(Units, ActionsFollowPresetsAndTheManifest) {
  const Tree tree = UnitTree(
      {{"a.service", "[Install]\nWantedBy=m.target\n"},
       {"b.service", "[Install]\nWantedBy=m.target\n"},
       {"c.service", "[Install]\nWantedBy=m.target\n"},
       {"d.service", "[Install]\nWantedBy=m.target\n"},
       {"etc/systemd/system-preset/10-x.preset", "disable b.service\n"},
       {"usr/lib/systemd/system-preset/20.preset", "disable d.*\n"},
       // The same name in /etc wins.
       {"usr/lib/systemd/system-preset/10-x.preset", "disable *\n"}});
  EXPECT_EQ(
      GeneratedUnits({.enable = {NamedUnit("d.service")},
                      .disable = {NamedUnit("c.service")}},
                     Enable({"a.service", "b.service", "c.service"}), tree),
      (Links{
          {"system/m.target.wants/a.service", "/lib/systemd/system/a.service"},
          {"system/m.target.wants/d.service",
           "/lib/systemd/system/d.service"}}));
}

TEST(Units, ATemplateIsEnabledForTheInstancesOfItsPreset) {
  const Tree tree = UnitTree(
      {{"g@.service", "[Install]\nWantedBy=m.target\n"},
       {"usr/lib/systemd/system-preset/1.preset", "enable g@.service x y\n"}});
  EXPECT_EQ(GeneratedUnits({}, Enable({"g@.service"}), tree),
            (Links{{"system/m.target.wants/g@x.service",
                    "/lib/systemd/system/g@.service"},
                   {"system/m.target.wants/g@y.service",
                    "/lib/systemd/system/g@.service"}}));
}

TEST(Units, UserUnitsHaveTheirOwnDirectories) {
  const Tree tree =
      UnitTree({{"usr/lib/systemd/user/u.socket",
                 "[Install]\nWantedBy=sockets.target\n"},
                {"usr/lib/systemd/user/v.socket",
                 "[Install]\nWantedBy=sockets.target\n"},
                {"etc/systemd/user-preset/x.preset", "disable v.socket\n"}});
  EXPECT_EQ(
      GeneratedUnits(
          {}, Enable({"u.socket", "v.socket"}, ActionKind::kEnableUser), tree),
      (Links{{"user/sockets.target.wants/u.socket",
              "/usr/lib/systemd/user/u.socket"}}));
}

TEST(Units, DisabledUnitsAreNotPulledInEither) {
  Tree tree =
      UnitTree({{"a.service", "[Install]\nWantedBy=m.target\nAlso=b.socket\n"},
                {"b.socket", "[Install]\nWantedBy=sockets.target\n"},
                {"t@.service", "[Install]\nWantedBy=m.target\n"}});
  ASSERT_TRUE(tree.Add("etc/systemd/system/x.target.wants/b.socket",
                       PackageLink("/lib/systemd/system/b.socket")));
  EXPECT_EQ(GeneratedUnits(
                {.disable = {NamedUnit("b.socket"), NamedUnit("t@.service")}},
                Enable({"a.service", "t@x.service"}), tree),
            (Links{{"system/m.target.wants/a.service",
                    "/lib/systemd/system/a.service"}}));
}

TEST(Units, MasksAndDefaultTargetWinOverPackagesAndAliases) {
  Tree tree = UnitTree(
      {{"a.service", "[Install]\nAlias=b.service\nWantedBy=m.target\n"},
       {"graphical.target", "[Install]\nAlias=default.target\n"},
       {"multi-user.target", "[Unit]\n"}});
  ASSERT_TRUE(tree.Add("etc/systemd/system/default.target",
                       PackageLink("/lib/systemd/system/rescue.target")));
  const UnitSpec target = NamedUnit("multi-user.target");
  EXPECT_EQ(
      GeneratedUnits({.enable = {NamedUnit("a.service")},
                      .mask = {NamedUnit("b.service"), NamedUnit("boot.mount")},
                      .default_target = target},
                     Enable({"graphical.target", "b.service"}), tree),
      (Links{{"system/b.service", "/dev/null"},
             {"system/boot.mount", "/dev/null"},
             {"system/default.target", "/lib/systemd/system/multi-user.target"},
             {"system/m.target.wants/a.service",
              "/lib/systemd/system/a.service"}}));
}

TEST(Units, WhatPeoplePutInTheTreeStays) {
  Tree tree = UnitTree({{"a.service", "[Install]\nAlias=b.service\n"}});
  ASSERT_TRUE(tree.Add(
      "etc/systemd/system/b.service",
      {.content = TextContent("[Unit]\n"), .origin = {"manifest", "line 3"}}));
  EXPECT_TRUE(GeneratedUnits({}, Enable({"a.service"}), tree).empty());
}

TEST(Units, CyclesOfAlsoEnd) {
  const Tree tree = UnitTree(
      {{"a.service", "[Install]\nWantedBy=m.target\nAlso=b.service\n"},
       {"b.service", "[Install]\nWantedBy=m.target\nAlso=a.service\n"}});
  EXPECT_EQ(GeneratedUnits({}, Enable({"b.service"}), tree).size(), 2u);
}

TEST(Units, UnitsOfAnImageWithoutSystemdAreNotMissed) {
  EXPECT_TRUE(GeneratedUnits({}, Enable({"a.service"}), Tree()).empty());
}

TEST(Units, RejectsActionsForUnitsThatAreNotThere) {
  const Tree tree = UnitTree({{"chrony.service", "[Install]\n"}});
  EXPECT_EQ(UnitsError({}, Enable({"chronyd.service"}), tree),
            "unit 'chronyd.service' is not in the image, did you mean "
            "'chrony.service'?\n  while enabling 'chronyd.service' of package "
            "'p'");
  EXPECT_EQ(UnitsError({}, Enable({"../x.service"}), tree),
            "found unit name '../x.service', expected a name without '/'\n"
            "  while enabling '../x.service' of package 'p'");
}

TEST(Units, RejectsLinesOfTheManifestThatMakeNoSense) {
  const Tree tree =
      UnitTree({{"chrony.service", "[Install]\nWantedBy=m.target\n"},
                {"static.service", "[Unit]\n"},
                {"empty.target", ""},
                {"t@.service", "[Install]\nWantedBy=m.target\n"}});
  const UnitSpec chrony = NamedUnit("chrony.service");
  EXPECT_EQ(UnitsError({.enable = {NamedUnit("chrony.servic")}}, {}, tree),
            "m.yaml:7:5: found unit name 'chrony.servic', expected NAME.TYPE "
            "with a type such as 'service'");
  EXPECT_EQ(UnitsError({.disable = {NamedUnit("crony.service")}}, {}, tree),
            "m.yaml:7:5: unit 'crony.service' is not in the image, did you "
            "mean 'chrony.service'?");
  EXPECT_EQ(UnitsError({.mask = {NamedUnit("a/b.service")}}, {}, tree),
            "m.yaml:7:5: found unit name 'a/b.service', expected a name "
            "without '/'");
  EXPECT_EQ(UnitsError({.enable = {chrony}, .mask = {chrony}}, {}, tree),
            "m.yaml:7:5: unit 'chrony.service' is masked, expected one that "
            "may be enabled");
  EXPECT_EQ(UnitsError({.enable = {chrony}, .disable = {chrony}}, {}, tree),
            "m.yaml:7:5: unit 'chrony.service' is disabled as well, expected "
            "one that may be enabled");
  EXPECT_EQ(UnitsError({.enable = {NamedUnit("static.service")}}, {}, tree),
            "unit 'static.service' has nothing in [Install], expected a unit "
            "that can be enabled\n  while enabling 'static.service' of "
            "m.yaml:7:5");
  EXPECT_EQ(UnitsError({.enable = {NamedUnit("t@.service")}}, {}, tree),
            "'/usr/lib/systemd/system/t@.service' line 2: found 'm.target' for "
            "the template 't@.service', expected an instance to be enabled\n"
            "  while enabling 't@.service' of m.yaml:7:5");
  EXPECT_EQ(UnitsError({.default_target = chrony}, {}, tree),
            "m.yaml:7:5: found 'chrony.service', expected a target that is not "
            "masked");
  EXPECT_EQ(UnitsError({.default_target = NamedUnit("empty.target")}, {}, tree),
            "m.yaml:7:5: found 'empty.target', expected a target that is not "
            "masked");
}

TEST(Units, RejectsMaskingAFileInEtc) {
  const Tree tree = UnitTree({{"etc/systemd/system/a.service", "[Unit]\n"}});
  EXPECT_EQ(UnitsError({.mask = {NamedUnit("a.service")}}, {}, tree),
            "m.yaml:7:5: '/etc/systemd/system/a.service' is there already "
            "(package p), expected room for a link to '/dev/null'");
}

TEST(Units, RejectsHostileUnitFiles) {
  const auto error = [](const std::string& install) {
    return UnitsError({}, Enable({"a.service"}),
                      UnitTree({{"a.service", "[Install]\n" + install}}));
  };
  const std::string where = "'/usr/lib/systemd/system/a.service' line 2: ";
  const std::string doing = "\n  while enabling 'a.service' of package 'p'";
  EXPECT_EQ(error("Alias=../../../passwd.service"),
            where +
                "found unit name '../../../passwd.service', expected a name "
                "without '/'" +
                doing);
  EXPECT_EQ(error("WantedBy=../x.target"),
            where +
                "found unit name '../x.target', expected a name without '/'" +
                doing);
  EXPECT_EQ(error("Also=a/b.service"),
            where +
                "found unit name 'a/b.service', expected a name without '/'" +
                doing);
  EXPECT_EQ(error("Alias=a.socket"),
            where +
                "found alias 'a.socket' of 'a.service', expected a name of "
                "the same kind and type" +
                doing);
  EXPECT_EQ(error("WantedBy=x@%m.target"),
            where +
                "found 'x@%m.target', expected no specifiers but %i %j %n %N "
                "%p %%" +
                doing);
  EXPECT_EQ(error("WantedBy"),
            where + "found 'WantedBy', expected KEY=VALUE" + doing);
}

TEST(Units, ErrorsInDropInsNameTheDropIn) {
  const Tree tree =
      UnitTree({{"a.service", "[Install]\n"},
                {"etc/systemd/system/a.service.d/x.conf",
                 "[Install]\nWantedBy=x.target\n\nWantedBy=b/c.target\n"}});
  EXPECT_EQ(UnitsError({}, Enable({"a.service"}), tree),
            "'/etc/systemd/system/a.service.d/x.conf' line 4: found unit name "
            "'b/c.target', expected a name without '/'\n  while enabling "
            "'a.service' of package 'p'");
}

TEST(Units, RejectsTwoUnitsWithOneAlias) {
  const Tree tree = UnitTree({{"a.service", "[Install]\nAlias=x.service\n"},
                              {"b.service", "[Install]\nAlias=x.service\n"}});
  EXPECT_EQ(UnitsError({}, Enable({"a.service", "b.service"}), tree),
            "'/etc/systemd/system/x.service' would lead to both "
            "'/lib/systemd/system/a.service' and "
            "'/lib/systemd/system/b.service'\n  while enabling 'b.service' of "
            "package 'p'");
}

TEST(Units, RejectsCyclesOfLinks) {
  Tree tree = UnitTree({});
  const std::string directory(kUnits);
  ASSERT_TRUE(tree.Add(directory + "a.service", PackageLink("b.service")));
  ASSERT_TRUE(tree.Add(directory + "b.service", PackageLink("a.service")));
  EXPECT_EQ(UnitsError({.enable = {NamedUnit("a.service")}}, {}, tree),
            "m.yaml:7:5: unit 'a.service' leads through more than 64 links, "
            "expected a unit file");
}

TEST(Units, RejectsBadPresets) {
  const Tree tree =
      UnitTree({{"a.service", "[Install]\n"},
                {"etc/systemd/system-preset/x.preset", "\ndisabel *\n"}});
  EXPECT_EQ(UnitsError({}, Enable({"a.service"}), tree),
            "'/etc/systemd/system-preset/x.preset' line 2: found 'disabel *', "
            "expected enable, disable or ignore, and a unit name or glob");
}

// SystemctlRoot is a root directory on disk for systemctl.
class SystemctlRoot {
 public:
  explicit SystemctlRoot(const Links& units) {
    for (const char* directory : {"usr/lib/systemd/system", "etc"}) {
      fs::create_directories(root_.path() / directory);
    }
    fs::create_directory_symlink("usr/lib", root_.path() / "lib");
    for (const auto& [name, text] : units) {
      const std::string path = name.find('/') == std::string::npos
                                   ? std::string(kUnits) + name
                                   : name;
      if (text.starts_with("-> ")) {
        fs::create_directories((root_.path() / path).parent_path());
        fs::create_symlink(text.substr(3), root_.path() / path);
      } else {
        root_.Write(path, text);
      }
    }
  }

  Tree ToTree() const { return test::ReadDiskTree(root_.path()); }

  // Run returns the links after `systemctl ARGS`.
  Links Run(const fs::path& systemctl, std::vector<std::string> args) const {
    args.insert(args.begin(), "--root=" + root_.path().string());
    const auto output =
        RunTool({.program = systemctl, .args = args, .env = {{"LC_ALL", "C"}}});
    EXPECT_TRUE(output) << output.error().ToString();
    EXPECT_EQ(output->exit_status, 0) << output->stderr_text;
    return UnitLinks(ToTree());
  }

 private:
  test::Scratch root_;
};

const Links kRealUnits = {
    {"a.service",
     "[Unit]\nDescription=a\n[Install]\nWantedBy=multi-user.target foo.target\n"
     "Alias=b.service a.service\nAlso=s.socket\n"},
    {"s.socket", "[Install]\nWantedBy=sockets.target\nAlso=a.service\n"},
    {"g@.service",
     "[Install]\nWantedBy=getty.target\nDefaultInstance=tty1\n"
     "Alias=autovt@.service\n"},
    {"i@.service",
     "[Install]\nWantedBy=%i.target mult@%p.target\nRequiredBy=x@.service\n"
     "Alias=z@%i.service\nDefaultInstance=k\n"},
    {"ta@.service", "[Install]\nAlias=al@x.service al2@.service\n"},
    {"q.service", "[Install]\nWantedBy=\"quoted.target\" 'r'.target\n"},
    {"missing-also.service",
     "[Install]\nAlso=nothere.service\nWantedBy=m.target\n"},
    {"empty.service",
     "[Install]\nWantedBy=m.target\nWantedBy=\nWantedBy=n.target\n"
     "Alias=l.service\nAlias=\nAlso=s.socket\nAlso=\n"},
    {"vendor-alias.service", "-> a.service"},
    {"w@tty9.service", "-> g@.service"},
    {"w@.service", "-> g@.service"},
    {"cont.service",
     "[Install]\nAlias=dbus-x.service\nWantedBy=\\\n multi-user.target \\\n"
     "# comment\n   other.target\n"},
    {"drop-in.service", "[Install]\nWantedBy=m.target\n"},
    {"etc/systemd/system/drop-in.service.d/b.conf",
     "[Install]\nWantedBy=\nRequiredBy=n.target\n"},
    {"usr/lib/systemd/system/drop-in.service.d/b.conf",
     "[Install]\nWantedBy=hidden.target\n"},
    {"etc/systemd/system/local.service", "[Install]\nWantedBy=m.target\n"},
    {"usr/local/lib/systemd/system/own.service",
     "[Install]\nWantedBy=m.target\n"},
    {"foo.target", "[Unit]\n"},
    {"runlevel3.target", "-> foo.target"},
    {"usr/lib/systemd/system-preset/50.preset",
     "enable g@.service tty3 tty4\ndisable [q-z]*.service\n"},
};

TEST(UnitsAgainstSystemctl, EnableMakesTheSameLinks) {
  TALLY_NEED_PROGRAM(systemctl, "systemctl");
  for (const std::string name :
       {"a.service", "s.socket", "g@.service", "g@tty5.service", "i@.service",
        "i@y.service", "ta@.service", "q.service", "missing-also.service",
        "empty.service", "vendor-alias.service", "w@tty9.service",
        "w@tty8.service", "cont.service", "drop-in.service", "local.service",
        "own.service"}) {
    const SystemctlRoot real(kRealUnits);
    const Links ours =
        GeneratedUnits({.enable = {NamedUnit(name)}}, {}, real.ToTree());
    EXPECT_EQ(ours, real.Run(systemctl, {"enable", name})) << name;
  }
}

TEST(UnitsAgainstSystemctl, ActionsMakeTheLinksOfPreset) {
  TALLY_NEED_PROGRAM(systemctl, "systemctl");
  for (const std::string name :
       {"a.service", "g@.service", "g@tty3.service", "g@tty7.service",
        "q.service", "drop-in.service", "ta@.service", "foo.target"}) {
    const SystemctlRoot real(kRealUnits);
    const Links ours = GeneratedUnits({}, Enable({name}), real.ToTree());
    EXPECT_EQ(ours, real.Run(systemctl,
                             {"--preset-mode=enable-only", "preset", name}))
        << name;
  }
}

TEST(UnitsAgainstSystemctl, MaskAndSetDefaultMakeTheSameLinks) {
  TALLY_NEED_PROGRAM(systemctl, "systemctl");
  for (const std::string target : {"foo.target", "runlevel3.target"}) {
    const SystemctlRoot real(kRealUnits);
    const Links ours =
        GeneratedUnits({.mask = {NamedUnit("a.service"), NamedUnit("no.mount")},
                        .default_target = NamedUnit(target)},
                       {}, real.ToTree());
    real.Run(systemctl, {"mask", "a.service", "no.mount"});
    EXPECT_EQ(ours, real.Run(systemctl, {"set-default", target})) << target;
  }
}

}  // namespace
}  // namespace tally
