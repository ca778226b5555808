#include "builder/generate/ld_so_cache.h"

#include <gtest/gtest.h>

#include "formats/ld_so_cache.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/make_elf.h"

namespace tally {
namespace {

using test::ElfSpec;
using test::MakeElf;

void AddBytes(Tree& tree, const std::string& path, Bytes bytes) {
  ASSERT_TRUE(tree.Add(path, {.mode = 0644,
                              .content = MakeContent(std::move(bytes)),
                              .origin = {"package", "x"}}));
}

void AddText(Tree& tree, const std::string& path, std::string_view text) {
  AddBytes(tree, path, ToBytes(AsBytes(text)));
}

void AddLibrary(Tree& tree, const std::string& path, const std::string& soname,
                uint32_t isa_needed = 0) {
  AddBytes(tree, path,
           MakeElf({.soname = soname,
                    .needed = {"libc.so.6"},
                    .isa_needed = isa_needed}));
}

void AddLink(Tree& tree, const std::string& path, const std::string& target) {
  ASSERT_TRUE(tree.Add(path, {.type = NodeType::kSymlink,
                              .mode = 0777,
                              .symlink_target = target,
                              .origin = {"package", "x"}}));
}

// Root has a loader, /lib and /lib64 links, and Debian's configuration.
Tree Root() {
  Tree tree;
  AddLink(tree, "lib", "usr/lib");
  AddLink(tree, "lib64", "usr/lib64");
  AddLibrary(tree, "usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
             "ld-linux-x86-64.so.2");
  AddLink(tree, "usr/lib64/ld-linux-x86-64.so.2",
          "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
  AddText(tree, "etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n\n");
  AddText(tree, "etc/ld.so.conf.d/libc.conf",
          "# libc default configuration\n/usr/local/lib\n");
  AddText(tree, "etc/ld.so.conf.d/x86_64-linux-gnu.conf",
          "# Multiarch support\n/usr/local/lib/x86_64-linux-gnu\n"
          "/lib/x86_64-linux-gnu\n/usr/lib/x86_64-linux-gnu\n");
  return tree;
}

// Crowded has every rule of ldconfig that we follow.
Tree Crowded() {
  Tree tree = Root();
  const std::string lib = "usr/lib/x86_64-linux-gnu/";
  AddLibrary(tree, lib + "libz.so.1.2.9", "libz.so.1");
  AddLibrary(tree, lib + "libz.so.1.2.13", "libz.so.1");
  AddLibrary(tree, lib + "libdev.so.3.1", "libdev.so.3");
  AddLink(tree, lib + "libdev.so.3", "libdev.so.3.1");
  AddLink(tree, lib + "libdev.so", "libdev.so.3.1");
  AddLink(tree, lib + "libother.so", "libdev.so.3.1");
  AddLink(tree, lib + "libgone.so.1", "nowhere");
  AddBytes(tree, lib + "libplain.so", MakeElf({.needed = {"libc.so.6"}}));
  AddBytes(tree, lib + "libstatic.so", MakeElf({.dynamic = false}));
  AddBytes(tree, lib + "libarm.so.1",
           MakeElf({.machine = 183, .soname = "libarm.so.1"}));
  AddText(tree, lib + "libc.so", "/* GNU ld script */\n");
  AddLibrary(tree, lib + "module.so", "module.so");
  AddLibrary(tree, "usr/local/lib/libz.so.1", "libz.so.1");
  AddLibrary(tree, lib + "glibc-hwcaps/x86-64-v3/libz.so.1.2", "libz.so.1", 4);
  AddLibrary(tree, lib + "glibc-hwcaps/x86-64-v2/libz.so.1.2", "libz.so.1", 2);
  AddBytes(tree, "usr/lib/libold.so.1",
           MakeElf({.is_64 = false,
                    .machine = 3,
                    .soname = "libold.so.1",
                    .needed = {"libc.so.6"}}));
  AddBytes(tree, "usr/lib/libbare.so.1",
           MakeElf({.is_64 = false, .machine = 3, .soname = "libbare.so.1"}));
  return tree;
}

// CompareWithLdconfig makes the cache with both, and compares byte by byte,
// once the generator is the same.
void CompareWithLdconfig(const fs::path& ldconfig, const Tree& input) {
  test::Scratch scratch;
  const fs::path root = scratch.path() / "root";
  test::WriteDiskTree(input, root);
  const fs::path cache_path = scratch.path() / "root/etc/cache";
  const ToolOutput output = test::RunProgram(
      ldconfig, {"-i", "-r", root.string(), "-C", "/etc/cache"});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
  const Bytes real_bytes = test::MustRead(cache_path);
  const auto real = ParseLdSoCache(real_bytes);
  ASSERT_TRUE(real) << real.error().ToString();

  Tree tree = input;
  const Status done = GenerateLdSoCache("amd64", &tree);
  ASSERT_TRUE(done) << done.error().ToString();
  auto ours = ParseLdSoCache(tree.Find("etc/ld.so.cache")->content.span());
  ASSERT_TRUE(ours) << ours.error().ToString();
  EXPECT_EQ(ours->generator, "tallystick");
  ours->generator = real->generator;
  EXPECT_EQ(ours->entries, real->entries);
  EXPECT_EQ(*EncodeLdSoCache(*ours), real_bytes);

  for (const auto& [path, node] : tree.nodes()) {
    if (node.type != NodeType::kSymlink || node.origin.kind != "generator") {
      continue;
    }
    EXPECT_EQ(fs::read_symlink(root / path), node.symlink_target) << path;
  }
}

TEST(GenerateLdSoCache, AgreesWithLdconfigOnEveryRule) {
  TALLY_NEED_PROGRAM(ldconfig, "ldconfig");
  CompareWithLdconfig(ldconfig, Crowded());
}

TEST(GenerateLdSoCache, AgreesWithLdconfigOnRealLibraries) {
  TALLY_NEED_PROGRAM(ldconfig, "ldconfig");
  const fs::path libraries = "/usr/lib/x86_64-linux-gnu";
  if (!fs::exists(libraries)) GTEST_SKIP() << "no " << libraries;
  Tree tree = Root();
  size_t num_files = 0;
  for (const auto& entry : fs::directory_iterator(libraries)) {
    const std::string path =
        "usr/lib/x86_64-linux-gnu/" + entry.path().filename().string();
    if (tree.Find(path) != nullptr) continue;
    if (entry.is_symlink()) {
      AddLink(tree, path, fs::read_symlink(entry.path()).string());
    } else if (entry.is_regular_file() && entry.file_size() < 200'000 &&
               ++num_files < 100) {
      AddBytes(tree, path, test::MustRead(entry.path()));
    }
  }
  // ldconfig removes links to nowhere; a generator removes nothing.
  std::vector<std::string> dangling;
  for (const auto& [path, node] : tree.nodes()) {
    if (node.type == NodeType::kSymlink && tree.Resolve(path) == nullptr) {
      dangling.push_back(path);
    }
  }
  for (const std::string& path : dangling) tree.Remove(path);
  CompareWithLdconfig(ldconfig, tree);
}

TEST(GenerateLdSoCache, AddsLinksByNameToTheNewestFile) {
  Tree tree = Crowded();
  ASSERT_TRUE(GenerateLdSoCache("amd64", &tree));
  const TreeNode* link = tree.Find("usr/lib/x86_64-linux-gnu/libz.so.1");
  ASSERT_NE(link, nullptr);
  EXPECT_EQ(link->symlink_target, "libz.so.1.2.13");
  EXPECT_EQ(link->origin.ToString(), "generator ld-so-cache");
  EXPECT_EQ(tree.Find("usr/lib/x86_64-linux-gnu/libgone.so.1")->symlink_target,
            "nowhere");
}

TEST(GenerateLdSoCache, LeavesATreeWithoutLoaderAlone) {
  Tree tree;
  AddLibrary(tree, "usr/lib/libx.so.1.0", "libx.so.1");
  ASSERT_TRUE(GenerateLdSoCache("amd64", &tree));
  EXPECT_EQ(tree.Find("etc/ld.so.cache"), nullptr);
  EXPECT_EQ(tree.Find("usr/lib/libx.so.1"), nullptr);
}

TEST(GenerateLdSoCache, KnowsArm64) {
  Tree tree;
  AddLink(tree, "lib", "usr/lib");
  const ElfSpec library = {.machine = 183, .soname = "libx.so.1"};
  AddBytes(tree, "usr/lib/aarch64-linux-gnu/libx.so.1", MakeElf(library));
  AddBytes(tree, "usr/lib/ld-linux-aarch64.so.1",
           MakeElf({.machine = 183, .soname = "ld-linux-aarch64.so.1"}));
  ASSERT_TRUE(GenerateLdSoCache("arm64", &tree));
  const auto cache =
      ParseLdSoCache(tree.Find("etc/ld.so.cache")->content.span());
  ASSERT_TRUE(cache);
  EXPECT_EQ(cache->entries, (std::vector<LdSoCacheEntry>{
                                {.soname = "libx.so.1",
                                 .path = "/lib/aarch64-linux-gnu/libx.so.1",
                                 .flags = 0xa03},
                                {.soname = "ld-linux-aarch64.so.1",
                                 .path = "/lib/ld-linux-aarch64.so.1",
                                 .flags = 0xa03}}));
}

std::string LdSoCacheError(const Tree& input) {
  Tree tree = input;
  const Status status = GenerateLdSoCache("amd64", &tree);
  return status ? "" : status.error().ToString();
}

TEST(GenerateLdSoCache, RejectsWhatItCanNotRead) {
  Tree tree = Root();
  AddText(tree, "etc/ld.so.conf.d/a.conf", "\n lib # here\n");
  EXPECT_EQ(LdSoCacheError(tree),
            "'/etc/ld.so.conf.d/a.conf' line 2: found 'lib', expected an "
            "absolute directory or 'include'");
  tree = Root();
  AddText(tree, "etc/ld.so.conf.d/a.conf", "include /etc/*/x.conf\n");
  EXPECT_EQ(LdSoCacheError(tree),
            "'/etc/ld.so.conf.d/a.conf' line 1: found pattern '/etc/*/x.conf', "
            "expected '*' and '?' in the file name only");
  tree = Root();
  AddText(tree, "etc/ld.so.conf.d/a.conf", "include a.conf a.conf\n");
  EXPECT_EQ(LdSoCacheError(tree),
            "'/etc/ld.so.conf' includes files more than 32 deep");
  tree = Root();
  std::string many = "include";
  for (int i = 0; i < 1000; ++i) many += " b.txt";
  AddText(tree, "etc/ld.so.conf.d/a.conf", many + "\n");
  AddText(tree, "etc/ld.so.conf.d/b.txt", "/usr/lib\n");
  EXPECT_EQ(LdSoCacheError(tree),
            "'/etc/ld.so.conf' includes more than 1000 files");
  tree = Root();
  AddLibrary(tree, "usr/lib/libevil.so", "../../etc/passwd");
  EXPECT_EQ(LdSoCacheError(tree),
            "found SONAME '../../etc/passwd', expected a file name\n"
            "  while reading library '/usr/lib/libevil.so'");
  EXPECT_EQ(GenerateLdSoCache("riscv64", &tree).error().ToString(),
            "found architecture 'riscv64', expected 'amd64' or 'arm64'");
}

}  // namespace
}  // namespace tally
