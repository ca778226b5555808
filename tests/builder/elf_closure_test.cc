#include "builder/elf_closure.h"

#include <gtest/gtest.h>

#include "tests/support/make_elf.h"

namespace tally {
namespace {

using test::ElfSpec;
using test::MakeElf;

const std::string kLoader = "/lib64/ld-linux-x86-64.so.2";

void AddFile(Tree& tree, const std::string& path, Bytes bytes,
             unsigned mode = 0755) {
  ASSERT_TRUE(tree.Add(path, {.mode = mode,
                              .content = MakeContent(std::move(bytes)),
                              .origin = {"package", "x"}}));
}

void AddElf(Tree& tree, const std::string& path, const ElfSpec& spec) {
  AddFile(tree, path, MakeElf(spec));
}

std::vector<std::string> Problems(const Tree& tree) {
  std::vector<std::string> sentences;
  for (const MissingLibrary& missing : FindElfProblems(tree)) {
    sentences.push_back(Sentence(missing));
  }
  return sentences;
}

using Sentences = std::vector<std::string>;

TEST(FindElfProblems, NamesWhatIsMissing) {
  Tree tree;
  AddElf(tree, "usr/bin/a",
         {.interpreter = kLoader, .needed = {"libz.so.1", "libc.so.6"}});
  AddElf(tree, "usr/lib/libc.so.6", {.soname = "libc.so.6"});
  AddFile(tree, "usr/bin/script", ToBytes(AsBytes("#! /usr/bin/perl -w\n")));
  AddFile(tree, "usr/share/example", ToBytes(AsBytes("#!/bin/x\n")), 0644);
  AddFile(tree, "usr/lib/libcut.so.1",
          ToBytes(AsBytes("\x7f"
                          "ELF\x02\x01")));
  EXPECT_EQ(
      Problems(tree),
      (Sentences{
          "'/usr/bin/a' (package x) needs library 'libz.so.1', which is not in "
          "the image",
          "'/usr/bin/a' (package x) needs loader '/lib64/ld-linux-x86-64.so.2',"
          " which is not in the image",
          "'/usr/bin/script' (package x) is a script for '/usr/bin/perl', "
          "which "
          "is not in the image",
          "'/usr/lib/libcut.so.1' (package x) is no valid ELF file: elf "
          "header: EI_VERSION to EI_PAD at 0x6: needs 10 bytes, 0 left"}));
}

TEST(FindElfProblems, FollowsLinksAndSearchPaths) {
  Tree tree;
  ASSERT_TRUE(tree.Add(
      "lib64", {.type = NodeType::kSymlink, .symlink_target = "usr/lib64"}));
  AddElf(tree, "usr/lib64/ld-linux-x86-64.so.2", {.soname = "ld"});
  AddElf(tree, "usr/lib/x86_64-linux-gnu/libc.so.6", {});
  AddElf(tree, "opt/lib/libopt.so.1", {.needed = {"libc.so.6", "libb.so"}});
  AddElf(tree, "opt/lib/libb.so", {});
  AddElf(tree, "opt/bin/a",
         {.interpreter = kLoader,
          .needed = {"libopt.so.1", "libc.so.6"},
          .rpath = "/nowhere",
          .runpath = "rel::${ORIGIN}/../lib"});
  AddElf(tree, "opt/bin/b",
         {.interpreter = kLoader, .needed = {"/opt/lib/libb.so"}});
  AddElf(tree, "srv/libconf.so", {});
  AddElf(tree, "usr/bin/c", {.interpreter = kLoader, .needed = {"libconf.so"}});
  AddFile(tree, "etc/ld.so.conf", ToBytes(AsBytes("/srv\n")), 0644);
  // The configuration counts through the cache only.
  EXPECT_EQ(Problems(tree),
            Sentences{"'/usr/bin/c' (package x) needs library "
                      "'libconf.so', which is not in the image"});
  AddFile(tree, "etc/ld.so.cache", {}, 0644);
  EXPECT_EQ(Problems(tree), Sentences{});
}

TEST(FindElfProblems, PassesOverLibrariesOfOtherMachines) {
  Tree tree;
  AddElf(tree, "usr/lib/libx.so", {.is_64 = false, .machine = 3});
  AddElf(tree, "usr/bin/a", {.needed = {"libx.so", "libx.so"}});
  EXPECT_EQ(Problems(tree), Sentences{"'/usr/bin/a' (package x) needs library "
                                      "'libx.so', which is not in the image"});
}

TEST(FindElfProblems, AsksNothingOfModulesAndStaticPrograms) {
  Tree tree;
  AddElf(tree, "usr/lib/modules/6.1/a.ko", {.type = 1, .needed = {"x"}});
  AddElf(tree, "usr/bin/static", {.type = 2, .dynamic = false});
  AddElf(tree, "usr/lib/debug/x.debug", {.needed = {"x"}});
  EXPECT_EQ(Problems(tree), Sentences{});
}

}  // namespace
}  // namespace tally
