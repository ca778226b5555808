#include "formats/elf_modinfo.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/formats/byte_change.h"
#include "tests/support/make_module.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::ByteChange;

Bytes Module(std::string_view modinfo,
             const std::vector<ByteChange>& changes = {}) {
  Bytes bytes = test::MakeModule(modinfo);
  for (const ByteChange& change : changes) bytes.at(change.at) = change.value;
  return bytes;
}

std::string Strings(const std::vector<std::string>& strings) {
  std::string all;
  for (const std::string& text : strings) all += text + '\0';
  return all;
}

std::string ModinfoError(const Bytes& module) {
  const auto info = ParseModuleInfo(module);
  return info ? "" : info.error().ToString();
}

TEST(ElfModinfo, ReadsEveryKindOfField) {
  const auto info = ParseModuleInfo(Module(
      Strings({"license=GPL", "alias=fs-erofs", "", "alias=x=y",
               "depends=netfs,libcrc32c", "name=erofs", "vermagic=6.12 SMP"})));
  ASSERT_TRUE(info) << info.error().ToString();
  EXPECT_EQ(
      *info,
      (ModuleInfo{.name = "erofs",
                  .depends = {"netfs", "libcrc32c"},
                  .aliases = {"fs-erofs", "x=y"},
                  .fields = {{"license", "GPL"}, {"vermagic", "6.12 SMP"}}}));
}

TEST(ElfModinfo, ReadsAnEmptyListOfDependencies) {
  const auto info = ParseModuleInfo(Module(Strings({"depends=", "name=a"})));
  ASSERT_TRUE(info);
  EXPECT_TRUE(info->depends.empty());
}

TEST(ElfModinfo, RejectsFilesThatAreNoModules) {
  EXPECT_EQ(
      ModinfoError(ToBytes(AsBytes("\x1f\x8b\x08\x01 gzip"))),
      "elf header: EI_MAG at 0x0: found '\\x1f\\x8b\\x08\\x01', expected an "
      "ELF file");
  const std::string modinfo = Strings({"name=a"});
  EXPECT_EQ(ModinfoError(Module(modinfo, {{4, 1}})),
            "elf header: EI_CLASS at 0x4: found 1, expected 2 (64 bit)");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{5, 2}})),
            "elf header: EI_DATA at 0x5: found 2, expected 1 (little endian)");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{16, 3}})),
            "elf header: e_type at 0x10: found 3, expected 1 (relocatable)");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{58, 40}})),
            "elf header: e_shentsize at 0x3a: found 40, expected 64 "
            "(Elf64_Shdr)");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{62, 3}})),
            "elf header: e_shstrndx at 0x3e: found 3, expected less than "
            "e_shnum 3");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{72, 'x'}})),
            "elf: no section '.modinfo': not a kernel module");
}

TEST(ElfModinfo, RejectsPartsOutsideTheFile) {
  const std::string modinfo = Strings({"name=a"});
  const size_t sections = 96;
  ASSERT_EQ(Module(modinfo).size(), sections + 192);
  EXPECT_EQ(ModinfoError(Module(modinfo, {{46, 1}})),
            "elf header: e_shoff at 0x28: found 0x1000000000060, the file has "
            "288 bytes");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{60, 9}})),
            "elf sections: sh_name at 0x120: needs 4 bytes, 0 left");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{sections + 64 + 31, 1}})),
            "elf: section '.modinfo' at 0x100000000000040 needs 7 bytes, the "
            "file has 288");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{sections + 128 + 39, 255}})),
            "elf: section names at 0x47 needs 18374686479671623700 bytes, the "
            "file has 288");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{sections + 128 + 4, 1}})),
            "elf: the section of names has type 1, expected 3 (string table)");
  EXPECT_EQ(ModinfoError(Module(modinfo, {{sections, 1}})),
            "elf: two sections '.modinfo'");
}

TEST(ElfModinfo, RejectsMoreThanAnybodyNeeds) {
  EXPECT_EQ(
      ModinfoError(Module(Strings({"alias=" + std::string(16 << 20, 'a')}))),
      "elf: section '.modinfo' has 16777223 bytes, expected at most "
      "16777216");
}

TEST(ElfModinfo, RejectsBadStrings) {
  EXPECT_EQ(ModinfoError(Module("name=a")),
            ".modinfo: the last string does not end in NUL");
  EXPECT_EQ(ModinfoError(Module(Strings({"name"}))),
            ".modinfo: found 'name', expected key=value");
  EXPECT_EQ(ModinfoError(Module(Strings({"=x"}))),
            ".modinfo: found '=x', expected key=value");
  EXPECT_EQ(ModinfoError(Module(Strings({"name=a", "name=b"}))),
            ".modinfo: 'name' occurs twice");
  EXPECT_EQ(ModinfoError(Module(Strings({"depends=", "depends=b"}))),
            ".modinfo: 'depends' occurs twice");
  EXPECT_EQ(ModinfoError(Module(Strings({"name="}))),
            ".modinfo: 'name' is empty");
  EXPECT_EQ(ModinfoError(Module(Strings({"depends=a,,b"}))),
            ".modinfo: 'depends' has an empty name");
}

TEST(ElfModinfo, ReadsTheModulesOfThisMachine) {
  size_t num_read = 0;
  if (fs::exists("/lib/modules")) {
    for (const auto& entry : fs::recursive_directory_iterator("/lib/modules")) {
      if (entry.path().extension() != ".ko") continue;
      const auto info = ParseModuleInfo(test::MustRead(entry.path()));
      ASSERT_TRUE(info) << entry.path() << info.error().ToString();
      EXPECT_FALSE(info->name.empty()) << entry.path();
      if (++num_read == 50) break;
    }
  }
  if (num_read == 0) GTEST_SKIP() << "no uncompressed kernel modules here";
}

}  // namespace
}  // namespace tally
