#include "formats/elf.h"

#include <gtest/gtest.h>

#include "formats/elf_module_symbols.h"
#include "tests/formats/byte_change.h"
#include "tests/support/make_elf.h"
#include "tests/support/make_module.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::ByteChange;
using test::ElfSpec;
using test::MakeElf;

const ElfSpec kEverything = {.interpreter = "/lib64/ld.so",
                             .soname = "libx.so.1",
                             .needed = {"libc.so.6", "libm.so.6"},
                             .rpath = "$ORIGIN/a",
                             .runpath = "/b:/c",
                             .isa_needed = 6};

std::string ElfError(const ElfSpec& spec, const ByteChange& change) {
  Bytes bytes = MakeElf(spec);
  bytes.at(change.at) = change.value;
  const auto elf = ParseElf(bytes);
  return elf ? "" : elf.error().ToString();
}

void ExpectEverything(const ElfFile& elf) {
  EXPECT_EQ(elf.header.type, kElfShared);
  EXPECT_EQ(elf.interpreter, "/lib64/ld.so");
  EXPECT_TRUE(elf.has_dynamic);
  EXPECT_EQ(elf.soname, "libx.so.1");
  EXPECT_EQ(elf.needed, (std::vector<std::string>{"libc.so.6", "libm.so.6"}));
  EXPECT_EQ(elf.rpath, "$ORIGIN/a");
  EXPECT_EQ(elf.runpath, "/b:/c");
}

TEST(Elf, ReadsWhatTheLoaderReads) {
  const auto elf = ParseElf(MakeElf(kEverything));
  ASSERT_TRUE(elf) << elf.error().ToString();
  ExpectEverything(*elf);
  EXPECT_EQ(elf->header.elf_class, ElfClass::k64);
  EXPECT_EQ(elf->header.machine, kElfMachineX8664);
  EXPECT_EQ(elf->isa_level, 2U);
}

TEST(Elf, ReadsBothClasses) {
  ElfSpec spec = kEverything;
  spec.is_64 = false;
  spec.machine = kElfMachine386;
  const auto elf = ParseElf(MakeElf(spec));
  ASSERT_TRUE(elf) << elf.error().ToString();
  ExpectEverything(*elf);
  EXPECT_EQ(elf->header.elf_class, ElfClass::k32);
  EXPECT_EQ(elf->header.machine, kElfMachine386);
}

TEST(Elf, ReadsAStaticProgram) {
  const auto elf =
      ParseElf(MakeElf({.type = kElfExecutable, .dynamic = false}));
  ASSERT_TRUE(elf) << elf.error().ToString();
  EXPECT_FALSE(elf->has_dynamic);
  EXPECT_EQ(elf->interpreter, "");
}

TEST(Elf, ReadsTheCLibraryOfThisMachine) {
  const char* path = "/lib/x86_64-linux-gnu/libc.so.6";
  if (!fs::exists(path)) GTEST_SKIP() << "no " << path;
  const auto elf = ParseElf(test::MustRead(path));
  ASSERT_TRUE(elf) << elf.error().ToString();
  EXPECT_EQ(elf->soname, "libc.so.6");
  EXPECT_EQ(elf->interpreter, "/lib64/ld-linux-x86-64.so.2");
  EXPECT_EQ(elf->needed, std::vector<std::string>{"ld-linux-x86-64.so.2"});
}

TEST(Elf, RejectsWhatIsNoElfFile) {
  EXPECT_EQ(
      ElfError(kEverything, {1, 'X'}),
      "elf header: EI_MAG at 0x0: found '\\x7fXLF', expected an ELF file");
  EXPECT_EQ(ElfError(kEverything, {4, 3}),
            "elf header: EI_CLASS at 0x4: found 3, expected 1 (32 bit) or 2 "
            "(64 bit)");
  EXPECT_EQ(ElfError(kEverything, {5, 2}),
            "elf header: EI_DATA at 0x5: found 2, expected 1 (little endian)");
  EXPECT_EQ(ParseElf(ToBytes(AsBytes("\x7f"
                                     "ELF\x02\x01")))
                .error()
                .ToString(),
            "elf header: EI_VERSION to EI_PAD at 0x6: needs 10 bytes, 0 left");
}

TEST(Elf, RejectsPartsOutsideTheFile) {
  const size_t file_size = MakeElf(kEverything).size();
  const std::string has = " bytes, the file has " + std::to_string(file_size);
  EXPECT_EQ(ElfError(kEverything, {54, 32}),
            "elf: found 4 program headers of 32 bytes, expected fewer than "
            "65535 of 56");
  EXPECT_EQ(ElfError(kEverything, {56, 200}),
            "elf: program headers at 0x40 needs 11200" + has);
  const size_t interpreter = 64 + 56;
  EXPECT_EQ(ElfError(kEverything, {interpreter + 15, 1}),
            "elf: interpreter at 0x100000000000120 needs 13" + has);
  EXPECT_EQ(ElfError(kEverything, {interpreter + 32, 12}),
            "elf: interpreter at 0x120: found '/lib64/ld.so', expected a path "
            "that ends in NUL");
  const size_t dynamic = 64 + 3 * 56;
  EXPECT_EQ(ElfError(kEverything, {dynamic + 32, 16}),
            "elf: dynamic segment at 0x150 has no DT_NULL");
  EXPECT_EQ(ElfError(kEverything, {interpreter, 2}),
            "elf: two dynamic segments");
}

TEST(Elf, RejectsStringsOutsideTheirTable) {
  const size_t entries = 0x150;
  EXPECT_EQ(ElfError(kEverything, {entries + 8, 0xff}),
            "elf: dynamic strings: found offset 0xff, expected a string that "
            "ends in 47 bytes");
  EXPECT_EQ(ElfError(kEverything, {entries + 5 * 16, 99}),
            "elf: dynamic segment has no DT_STRTAB or DT_STRSZ");
  EXPECT_EQ(ElfError(kEverything, {entries + 5 * 16 + 15, 1}),
            "elf: DT_STRTAB is 0x1000000000001d0, no segment has it");
  EXPECT_EQ(ElfError(kEverything, {entries + 6 * 16 + 9, 1}),
            "elf: dynamic strings at 0x1d0 needs 303 bytes, the file has 511");
}

TEST(Elf, RejectsMoreNamesThanAnybodyNeeds) {
  const std::string name(1 << 20, 'a');
  const auto elf =
      ParseElf(test::MakeElf({.needed = std::vector<std::string>(17, name)}));
  ASSERT_FALSE(elf);
  EXPECT_EQ(elf.error().ToString(),
            "elf: dynamic names have more than 16777216 bytes");
}

const std::string kModinfo("name=a\0", 7);

TEST(ModuleSymbols, RejectsMoreNamesThanAnybodyNeeds) {
  const std::string name(1 << 20, 'a');
  const auto symbols = ParseModuleSymbols(test::MakeLinkedModule(
      kModinfo, {.needed = std::vector<std::string>(17, name)}));
  ASSERT_FALSE(symbols);
  EXPECT_EQ(symbols.error().ToString(),
            "module: .strtab: names have more than 16777216 bytes");
}

TEST(ModuleSymbols, ReadsWhatDepmodReads) {
  const auto symbols = ParseModuleSymbols(test::MakeLinkedModule(
      kModinfo, {.exported = {"one", "two"},
                 .needed = {"printk", "three"},
                 .versions = {"module_layout", "three"}}));
  ASSERT_TRUE(symbols) << symbols.error().ToString();
  EXPECT_EQ(*symbols,
            (ModuleSymbols{.exported = {"one", "two"},
                           .needed = {"printk", "three", "module_layout"}}));
}

TEST(ModuleSymbols, ReadsAModuleWithoutSymbols) {
  const auto symbols = ParseModuleSymbols(test::MakeModule(kModinfo));
  ASSERT_TRUE(symbols) << symbols.error().ToString();
  EXPECT_EQ(*symbols, ModuleSymbols());
}

TEST(ModuleSymbols, RejectsDamage) {
  const auto error = [](size_t at, uint8_t value) {
    Bytes module = test::MakeLinkedModule(kModinfo, {.needed = {"x"}});
    module.at(at) = value;
    const auto symbols = ParseModuleSymbols(module);
    return symbols ? "" : symbols.error().ToString();
  };
  EXPECT_EQ(error(16, 3),
            "module: found e_type 3, e_shentsize 64 and e_shstrndx 2 of 6, "
            "expected a 64 bit relocatable file");
  EXPECT_EQ(error(46, 1),
            "module: section headers at 0x10000000000b0 needs 384 bytes, the "
            "file has 560");
  const size_t sections = 0xb0;
  EXPECT_EQ(error(sections + 64, 99),
            "module: section names: found offset 0x63, expected a string that "
            "ends in 47 bytes");
  EXPECT_EQ(error(sections + 3 * 64 + 32, 47),
            "module: .symtab has 47 bytes, expected a multiple of 24");
  EXPECT_EQ(error(0x78 + 24, 99),
            "module: .strtab: found offset 0x63, expected a string that ends "
            "in 3 bytes");
}

}  // namespace
}  // namespace tally
