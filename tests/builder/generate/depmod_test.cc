#include "builder/generate/depmod.h"

#include <gtest/gtest.h>

#include <array>

#include "builder/generate/depmod_modules.h"
#include "formats/kmod_index.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/make_module.h"

namespace tally {
namespace {

using test::ModuleLinks;

const std::string kVersion = "6.12.0-test";
const std::string kDirectory = "usr/lib/modules/" + kVersion + "/";

constexpr std::array<std::string_view, 10> kFiles = {
    "modules.dep",         "modules.dep.bin",
    "modules.alias",       "modules.alias.bin",
    "modules.softdep",     "modules.symbols",
    "modules.symbols.bin", "modules.builtin.bin",
    "modules.devname",     "modules.builtin.alias.bin"};

void AddKernelText(Tree& tree, const std::string& path, std::string_view text) {
  ASSERT_TRUE(tree.Add(path, {.mode = 0644,
                              .content = TextContent(text),
                              .origin = {"package", "linux"}}));
}

void AddModule(Tree& tree, const std::string& path,
               const std::vector<std::string>& modinfo,
               const ModuleLinks& links) {
  std::string strings;
  for (const std::string& text : modinfo) strings += text + '\0';
  const Bytes module = test::MakeLinkedModule(strings, links);
  AddKernelText(tree, kDirectory + path, AsText(module));
}

Tree KernelTree() {
  Tree tree;
  AddModule(tree, "kernel/fs/top-fs.ko",
            {"name=top_fs", "alias=fs-top", "alias=x[a-c]-y", "alias=bad]",
             "softdep=pre: crc32c", "softdep=post: low"},
            {.exported = {"top_one"},
             .needed = {"mid_one", "low_b", "printk", ".low_a"},
             .versions = {"module_layout", "other_a"}});
  AddModule(tree, "kernel/lib/mid.ko",
            {"name=mid", "alias=devname:mid-node", "alias=char-major-10-234"},
            {.exported = {"mid_one", "mid_two"}, .needed = {"low_a"}});
  AddModule(tree, "kernel/lib/low.ko", {"name=low", "alias=fs-top"},
            {.exported = {"low_a", "low_b"}});
  AddModule(tree, "kernel/lib/other.ko",
            {"name=other", "alias=char-major-9-*", "alias=devname:no-number"},
            {.exported = {"other_a"}, .needed = {"low_b"}});
  AddModule(tree, "updates/other.ko", {"name=other", "alias=updated"},
            {.exported = {"other_a"}});
  AddModule(tree, "build/hidden.ko", {"name=hidden"}, {});
  AddKernelText(tree, kDirectory + "modules.order",
                "kernel/lib/low.ko\nkernel/gone.ko\nkernel/fs/top-fs.ko\n"
                "kernel/lib/low.ko\n");
  AddKernelText(tree, kDirectory + "modules.builtin",
                "kernel/a/built-in.ko\nkernel/a/built.ko\n");
  AddKernelText(
      tree, kDirectory + "modules.builtin.modinfo",
      std::string_view("built_in.license=GPL\0built_in.alias=pci-x[-]*\0"
                       "built.alias=pci-xz\0",
                       65));
  return tree;
}

void CompareWithDepmod(const fs::path& depmod, const Tree& input,
                       const std::string& version) {
  test::Scratch scratch;
  const fs::path root = scratch.path() / "root";
  test::WriteDiskTree(input, root);
  fs::create_symlink("usr/lib", root / "lib");
  const ToolOutput output =
      test::RunProgram(depmod, {"-b", root.string(), version});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;

  Tree tree = input;
  const Status done = GenerateDepmod(2, &tree);
  ASSERT_TRUE(done) << done.error().ToString();
  for (const std::string_view name : kFiles) {
    const std::string path =
        "usr/lib/modules/" + version + "/" + std::string(name);
    EXPECT_EQ(test::TreeText(tree, path), AsText(test::MustRead(root / path)))
        << name;
  }
}

TEST(GenerateDepmod, AgreesWithDepmod) {
  TALLY_NEED_PROGRAM(depmod, "depmod");
  const ToolOutput version = test::RunProgram(depmod, {"--version"});
  if (version.stdout_text.find("kmod version 30") == std::string::npos) {
    GTEST_SKIP() << "another depmod than that of kmod 30 writes nodes in "
                    "another order";
  }
  CompareWithDepmod(depmod, KernelTree(), kVersion);
}

TEST(GenerateDepmod, PutsDependenciesInLoadOrder) {
  Tree tree = KernelTree();
  ASSERT_TRUE(GenerateDepmod(2, &tree));
  EXPECT_EQ(test::TreeText(tree, kDirectory + "modules.dep"),
            "kernel/fs/top-fs.ko: updates/other.ko kernel/lib/mid.ko "
            "kernel/lib/low.ko\n"
            "kernel/lib/low.ko:\n"
            "updates/other.ko:\n"
            "kernel/lib/mid.ko: kernel/lib/low.ko\n");
  EXPECT_EQ(test::TreeText(tree, kDirectory + "modules.devname"),
            "# Device nodes to trigger on-demand module loading.\n"
            "mid mid-node c10:234\n");
  EXPECT_EQ(test::TreeText(tree, kDirectory + "modules.softdep"),
            "# Soft dependencies extracted from modules themselves.\n"
            "softdep top_fs pre: crc32c\nsoftdep top_fs post: low\n");
  const auto builtin = ParseKmodIndex(
      tree.Find(kDirectory + "modules.builtin.alias.bin")->content.span());
  ASSERT_TRUE(builtin);
  EXPECT_EQ(*builtin, (std::vector<KmodIndexEntry>{
                          {.key = "pci_x[-]*", .value = "built_in"},
                          {.key = "pci_xz", .value = "built"}}));
}

TEST(GenerateDepmod, LeavesKernelsWithoutModulesAlone) {
  Tree tree;
  AddKernelText(tree, kDirectory + "modules.builtin", "kernel/a/built-in.ko\n");
  ASSERT_TRUE(GenerateDepmod(2, &tree));
  EXPECT_EQ(tree.Find(kDirectory + "modules.dep"), nullptr);
}

std::string DepmodError(const Tree& input) {
  Tree tree = input;
  const Status status = GenerateDepmod(2, &tree);
  return status ? "" : status.error().ToString();
}

TEST(GenerateDepmod, RejectsWhatItCanNotUse) {
  Tree tree = KernelTree();
  AddKernelText(tree, "etc/depmod.d/a.conf", "# why\nsearch extra updates\n");
  EXPECT_EQ(DepmodError(tree),
            "'/etc/depmod.d/a.conf' line 2: found 'search extra updates', "
            "expected only comments: settings of depmod.d(5) are not "
            "supported");
  tree = KernelTree();
  AddKernelText(tree, kDirectory + "kernel/x.ko", "junk");
  EXPECT_EQ(
      DepmodError(tree),
      "elf header: EI_MAG at 0x0: found 'junk', expected an ELF file\n"
      "  while reading module '/usr/lib/modules/6.12.0-test/kernel/x.ko'");
  tree = KernelTree();
  AddModule(tree, "kernel/p.ko", {"name=p"},
            {.exported = {"p"}, .needed = {"q"}});
  AddModule(tree, "kernel/q.ko", {"name=q"},
            {.exported = {"q"}, .needed = {"p"}});
  EXPECT_EQ(DepmodError(tree),
            "module 'p' needs itself, or is needed by modules that need each "
            "other in a circle");
  tree = KernelTree();
  tree.Edit(kDirectory + "modules.order")->content = TextContent("x\ny");
  EXPECT_EQ(DepmodError(tree),
            "'/usr/lib/modules/6.12.0-test/modules.order' line 2: found no "
            "newline at the end");
  tree = KernelTree();
  tree.Edit(kDirectory + "modules.builtin.modinfo")->content = TextContent("x");
  EXPECT_EQ(DepmodError(tree),
            "'/usr/lib/modules/6.12.0-test/modules.builtin.modinfo': found "
            "'x', expected MODULE.KEY=VALUE");
}

}  // namespace
}  // namespace tally
