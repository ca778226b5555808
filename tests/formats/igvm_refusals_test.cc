// Refusals of the rarer headers, by a model or by a patched file; the others
// are in igvm_test.cc.
#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "formats/igvm.h"
#include "tests/formats/igvm_samples.h"

namespace tally {
namespace {

using test::EveryIgvmHeader;
using test::PatchIgvm;
using test::SmallIgvm;
using test::WriteIgvmRefusal;

std::string RefusalOf(const IgvmDirective& directive) {
  Igvm igvm = SmallIgvm();
  igvm.directives = {directive};
  return WriteIgvmRefusal(igvm);
}

std::string InitializationRefusal(
    const std::vector<IgvmInitialization>& headers) {
  Igvm igvm = SmallIgvm();
  igvm.initializations = headers;
  return WriteIgvmRefusal(igvm);
}

// ContentOf returns where the content of the first header of that type is.
size_t ContentOf(ByteSpan file, uint32_t wanted) {
  ByteReader r("file", file.subspan(24), 24);
  for (;;) {
    const uint32_t type = r.U32Le("type");
    const uint32_t size = r.U32Le("length");
    if (type == wanted || !r.ok()) return r.offset();
    r.Skip("content", (size + 7) / 8 * 8);
  }
}

// PatchRefusal is how the file with every header is refused after one byte of
// the content of a header has changed, with $ for where that byte is.
std::string PatchRefusal(uint32_t type, size_t field, uint8_t value) {
  const Bytes file = WriteIgvm(EveryIgvmHeader()).value();
  const size_t at = ContentOf(file, type) + field;
  const std::string byte(1, static_cast<char>(value));
  const auto igvm = ParseIgvm(PatchIgvm(file, at, byte));
  if (igvm) return "accepted";
  std::string text = igvm.error().ToString();
  const std::string offset = HexNumber(at);
  const size_t found = text.find(offset);
  return found == std::string::npos ? text
                                    : text.replace(found, offset.size(), "$");
}

TEST(IgvmRefusals, FieldsThatHaveFewValues) {
  EXPECT_EQ(PatchRefusal(0x102, 7, 8),
            "igvm relocatable region: flags at $: found 8, expected at most 7");
  EXPECT_EQ(PatchRefusal(0x103, 7, 1),
            "igvm page table relocation: reserved at $: found 0x1, expected "
            "zero");
  EXPECT_EQ(PatchRefusal(0x106, 24, 3),
            "igvm CCA policy: hash algorithm at $: found 3, expected at most "
            "2");
  EXPECT_EQ(PatchRefusal(0x106, 25, 2),
            "igvm CCA policy: LFA policy at $: found 2, expected at most 1");
  EXPECT_EQ(PatchRefusal(0x305, 16, 2),
            "igvm required memory: flags at $: found 2, expected at most 1");
  EXPECT_EQ(PatchRefusal(0x30b, 4, 2),
            "igvm SNP ID block: author key enabled at $: found 2, expected at "
            "most 1");
  EXPECT_EQ(PatchRefusal(0x30b, 5, 9),
            "igvm SNP ID block: reserved at $: found 0x9, expected zero");
}

TEST(IgvmRefusals, DataThatDoesNotFitItsHeader) {
  EXPECT_EQ(PatchRefusal(0x104, 8, 0),
            "igvm CoRIM document: size at $: found 0 at file offset 0x1000");
  const Bytes file = WriteIgvm(EveryIgvmHeader()).value();
  const size_t at = ContentOf(file, 0x304) + 12;
  const auto igvm = ParseIgvm(PatchIgvm(file, at, std::string(4, '\0')));
  ASSERT_FALSE(igvm);
  EXPECT_EQ(igvm.error().ToString(), "igvm VP context: file offset at " +
                                         HexNumber(at) +
                                         ": found 0, expected contents");
}

TEST(IgvmRefusals, VersionsAndPageSizes) {
  Igvm igvm = SmallIgvm();
  igvm.version = 3;
  EXPECT_EQ(WriteIgvmRefusal(igvm), "igvm: version 3, expected 1 or 2");
  igvm.version = 1;
  igvm.page_size = 8192;
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: version 1 has no architecture or page size, only x64 and "
            "4096");
  igvm.version = 2;
  igvm.page_size = 12288;
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: page size 12288, expected a power of two from 4096 to "
            "65536");
  igvm.page_size = 4096;
  igvm.architecture = IgvmArchitecture::kAArch64;
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: platform 0: sev-snp does not exist on AArch64");
}

TEST(IgvmRefusals, RelocatableRegions) {
  const auto refuse = [](auto change) {
    IgvmRelocatableRegion region{.compatibility_mask = 1, .alignment = 0x2000};
    change(region);
    return InitializationRefusal({region});
  };
  using Region = IgvmRelocatableRegion&;
  const std::string where = "igvm: initialization 0, relocatable region: ";
  EXPECT_EQ(refuse([](Region) {}), "accepted");
  EXPECT_EQ(refuse([](Region r) { r.alignment = 0x1001; }),
            where + "alignment 0x1001 is not a multiple of 0x1000");
  EXPECT_EQ(refuse([](Region r) { r.size_bytes = 1; }),
            where + "size 0x1 is not a multiple of 0x1000");
  EXPECT_EQ(refuse([](Region r) { r.minimum_gpa = 0x1000; }),
            where + "minimum gpa 0x1000 is not a multiple of 0x2000");
  EXPECT_EQ(refuse([](Region r) { r.maximum_gpa = 0x1000; }),
            where + "maximum gpa 0x1000 is not a multiple of 0x2000");
  EXPECT_EQ(refuse([](Region r) {
              r.gpa = 0xffffffffffffe000;
              r.size_bytes = 0x3000;
            }),
            where + "gpa 0xffffffffffffe000 and size 0x3000 exceed 64 bits");
}

TEST(IgvmRefusals, PageTableRelocations) {
  const IgvmPageTableRelocation good{.compatibility_mask = 1};
  const auto refuse = [&good](auto change) {
    IgvmPageTableRelocation region = good;
    change(region);
    return InitializationRefusal({region});
  };
  using Region = IgvmPageTableRelocation&;
  const std::string where = "igvm: initialization 0, page table relocation: ";
  EXPECT_EQ(refuse([](Region r) { r.gpa = 5; }),
            where + "gpa 0x5 is not a multiple of 0x1000");
  EXPECT_EQ(refuse([](Region r) { r.size_bytes = 5; }),
            where + "size 0x5 is not a multiple of 0x1000");
  EXPECT_EQ(refuse([](Region r) { r.used_size_bytes = 5; }),
            where + "used size 0x5 is not a multiple of 0x1000");
  EXPECT_EQ(InitializationRefusal({good, good}),
            "igvm: initialization 1, page table relocation: the platform has "
            "one already");
}

TEST(IgvmRefusals, WhatThereMayBeOnlyOneOf) {
  const IgvmCorim document{.compatibility_mask = 1};
  EXPECT_EQ(InitializationRefusal({document, document}),
            "igvm: initialization 1, CoRIM document: the platform has one "
            "already");
}

TEST(IgvmRefusals, RangesThatLieBadly) {
  const auto memory = [](uint64_t gpa, uint32_t size_bytes) {
    return RefusalOf(IgvmRequiredMemory{
        .gpa = gpa, .compatibility_mask = 1, .size_bytes = size_bytes});
  };
  EXPECT_EQ(memory(1, 0x1000),
            "igvm: directive 0, required memory: gpa 0x1 is not a multiple of "
            "0x1000");
  EXPECT_EQ(memory(0x1000, 1),
            "igvm: directive 0, required memory: size 0x1 is not a multiple "
            "of 0x1000");
  EXPECT_EQ(memory(0xfffffffffffff000, 0x2000),
            "igvm: directive 0, required memory: gpa 0xfffffffffffff000 and "
            "size 0x2000 exceed 64 bits");
  EXPECT_EQ(RefusalOf(IgvmErrorRange{.gpa = 0xfffffffffffff000,
                                     .compatibility_mask = 1,
                                     .size_bytes = 0x2000}),
            "igvm: directive 0, error range: gpa 0xfffffffffffff000 and size "
            "0x2000 exceed 64 bits");
  EXPECT_EQ(RefusalOf(IgvmErrorRange{.compatibility_mask = 8}),
            "igvm: directive 0, error range: compatibility mask 0x8 names no "
            "platform");
}

TEST(IgvmRefusals, ModelsWithContentsOfAnotherSize) {
  const Bytes bytes(71, 1);
  EXPECT_EQ(RefusalOf(IgvmSnpIdBlock{.compatibility_mask = 1,
                                     .id_public_key = {.qy = {bytes}}}),
            "igvm: directive 0, SNP ID block: found contents of 71 bytes, "
            "expected 72");
  EXPECT_EQ(RefusalOf(IgvmSnpIdBlock{.compatibility_mask = 1,
                                     .author_key_signature = {.r = {bytes}}}),
            "igvm: directive 0, SNP ID block: found contents of 71 bytes, "
            "expected 72");
  EXPECT_EQ(RefusalOf(IgvmVbsMeasurement{.compatibility_mask = 1,
                                         .signature = {bytes}}),
            "igvm: directive 0, VBS measurement: found contents of 71 bytes, "
            "expected 256");
  EXPECT_EQ(RefusalOf(IgvmParameterArea{.size_bytes = 0x1000,
                                        .initial_contents = {bytes}}),
            "igvm: directive 0, parameter area: found contents of 71 bytes, "
            "expected 4096");
}

// A known type, one without the bit, and one of another section.
TEST(IgvmRefusals, ModelsWithUnknownHeadersThatAreNot) {
  for (const uint32_t type : {0x80000302u, 0x399u, 0x80000150u}) {
    EXPECT_EQ(RefusalOf(IgvmUnknown{.type = type}),
              "igvm: directive 0, unknown: type " + HexNumber(type) +
                  " is not an unknown optional one from 0x301 to 0x400");
  }
  EXPECT_EQ(InitializationRefusal({IgvmUnknown{.type = 0x80000350}}),
            "igvm: initialization 0, unknown: type 0x80000350 is not an "
            "unknown optional one from 0x101 to 0x200");
  Igvm igvm = SmallIgvm();
  igvm.platforms.push_back(IgvmUnknown{.type = 0x80000001});
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: platform 1: type 0x80000001 is not an unknown optional one "
            "from 0x1 to 0x100");
}

TEST(IgvmRefusals, ModelsThatAreTooLarge) {
  Igvm igvm = SmallIgvm();
  igvm.directives = {};
  for (uint64_t i = 0; i <= kMaxIgvmHeaderBytes / 32; ++i) {
    igvm.directives.push_back(
        IgvmPageData{.gpa = i * 0x1000, .compatibility_mask = 1});
  }
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: headers have 2097208 bytes, expected at most 2097152");
}

TEST(IgvmRefusals, FilesOfMoreThan256Mebibytes) {
  const auto igvm = ParseIgvm(Bytes(kMaxIgvmBytes + 1));
  ASSERT_FALSE(igvm);
  EXPECT_EQ(igvm.error().ToString(),
            "igvm: found 268435457 bytes, expected at most 268435456");
}

}  // namespace
}  // namespace tally
