#include "builder/modules.h"

#include <gtest/gtest.h>

#include "tests/support/make_deb.h"
#include "tests/support/make_module.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakeModule;

constexpr char kFolder[] = "./lib/modules/6.12/kernel/";

std::string ModuleText(const std::string& name, const std::string& depends,
                       const std::string& more = "") {
  const std::string modinfo = "name=" + name + '\0' + "depends=" + depends +
                              '\0' + more +
                              (more.empty() ? "" : std::string(1, '\0'));
  return std::string(AsText(MakeModule(modinfo)));
}

// KernelPackage is a package with modules that depend on each other:
// top -> middle -> base, top softly before -> helper, and built-in core.
UnpackedPackage KernelPackage(std::vector<test::TarMember> more = {}) {
  std::vector<test::TarMember> members = {
      {.path = std::string(kFolder) + "top.ko",
       .content = ModuleText("top", "middle-one",
                             "softdep=pre: helper absent post: base")},
      {.path = std::string(kFolder) + "middle-one.ko",
       .content = ModuleText("middle_one", "base,core")},
      {.path = std::string(kFolder) + "base.ko",
       .content = ModuleText("base", "")},
      {.path = std::string(kFolder) + "helper.ko",
       .content = ModuleText("helper", "")},
      {.path = "./lib/modules/6.12/modules.builtin",
       .content = "kernel/lib/core.ko\n"}};
  for (test::TarMember& member : more) members.push_back(std::move(member));
  return UnpackPackage("kernel", test::MakeDeb(members),
                       [](const std::string&) { return true; })
      .value();
}

std::vector<std::string> Names(const UnpackedPackage& kernel,
                               const std::vector<std::string>& wanted) {
  const Result<std::vector<KernelModule>> modules =
      SelectModules(kernel, wanted);
  EXPECT_TRUE(modules) << modules.error().ToString();
  std::vector<std::string> names;
  for (const KernelModule& module : *modules) names.push_back(module.name);
  return names;
}

TEST(SelectModules, PutsDependenciesFirst) {
  EXPECT_EQ(Names(KernelPackage(), {"top"}),
            (std::vector<std::string>{"base", "middle_one", "helper", "top"}));
}

TEST(SelectModules, KeepsTheOrderOfTheManifestAndAddsNothingTwice) {
  EXPECT_EQ(
      Names(KernelPackage(), {"helper", "middle-one", "base", "middle_one"}),
      (std::vector<std::string>{"helper", "base", "middle_one"}));
}

TEST(SelectModules, NeedsNoModuleForWhatIsBuiltIn) {
  EXPECT_TRUE(Names(KernelPackage(), {"core"}).empty());
}

TEST(SelectModules, SuggestsTheNearestName) {
  const auto modules = SelectModules(KernelPackage(), {"hepler"});
  ASSERT_FALSE(modules);
  EXPECT_EQ(modules.error().ToString(),
            "kernel module 'hepler' of initrd.modules is not in the kernel "
            "package, did you mean 'helper'?");
}

TEST(SelectModules, NamesTheModuleThatNeedsAMissingOne) {
  const auto modules =
      SelectModules(KernelPackage({{.path = std::string(kFolder) + "odd.ko",
                                    .content = ModuleText("odd", "nowhere")}}),
                    {"odd"});
  ASSERT_FALSE(modules);
  EXPECT_EQ(modules.error().ToString(),
            "kernel module 'nowhere' of module 'odd' is not in the kernel "
            "package");
}

TEST(SelectModules, UnpacksCompressedModules) {
  TALLY_NEED_PROGRAM(xz, "xz");
  const test::Scratch scratch;
  const std::string plain = ModuleText("packed", "");
  const fs::path file = scratch.Write("packed.ko", plain);
  const Result<ToolOutput> packed =
      RunTool({.program = xz, .args = {"-c", file.string()}});
  ASSERT_TRUE(packed);
  const auto modules = SelectModules(
      KernelPackage({{.path = std::string(kFolder) + "packed.ko.xz",
                      .content = packed->stdout_text}}),
      {"packed"});
  ASSERT_TRUE(modules) << modules.error().ToString();
  ASSERT_EQ(modules->size(), 1u);
  EXPECT_EQ((*modules)[0].path, "usr/lib/modules/6.12/kernel/packed.ko");
  EXPECT_EQ(AsText((*modules)[0].content.span()), plain);
}

TEST(SelectModules, SurvivesACycle) {
  EXPECT_EQ(Names(KernelPackage({{.path = std::string(kFolder) + "a.ko",
                                  .content = ModuleText("a", "b")},
                                 {.path = std::string(kFolder) + "b.ko",
                                  .content = ModuleText("b", "a")}}),
                  {"a"}),
            (std::vector<std::string>{"b", "a"}));
}

TEST(SelectModules, RejectsAModuleThatIsNone) {
  const auto modules =
      SelectModules(KernelPackage({{.path = std::string(kFolder) + "bad.ko",
                                    .content = "#!/bin/sh\n"}}),
                    {"bad"});
  ASSERT_FALSE(modules);
  EXPECT_EQ(modules.error().code(), ErrorCode::kInput);
  EXPECT_NE(modules.error().ToString().find(
                "while reading module 'usr/lib/modules/6.12/kernel/bad.ko'"),
            std::string::npos);
}

}  // namespace
}  // namespace tally
