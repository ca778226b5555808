#include "formats/igvm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/text.h"
#include "tests/formats/igvm_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::EveryIgvmHeader;
using test::IgvmPage;
using test::PatchIgvm;
using test::SmallIgvm;
using test::WriteIgvmRefusal;

std::string ParseIgvmRefusal(ByteSpan file) {
  const auto igvm = ParseIgvm(file);
  return igvm ? "accepted" : igvm.error().ToString();
}

// DirectivesRefusal writes the small model with one more directive.
std::string DirectivesRefusal(const std::vector<IgvmDirective>& more) {
  Igvm igvm = SmallIgvm();
  igvm.directives.insert(igvm.directives.end(), more.begin(), more.end());
  return WriteIgvmRefusal(igvm);
}

TEST(Igvm, EveryHeaderComesBackAsItWasWritten) {
  const Igvm igvm = EveryIgvmHeader();
  const auto file = WriteIgvm(igvm);
  ASSERT_TRUE(file) << file.error().ToString();
  const auto parsed = ParseIgvm(*file);
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_TRUE(*parsed == igvm);
  EXPECT_EQ(WriteIgvm(*parsed).value(), *file);
}

TEST(Igvm, VersionTwoHasArchitectureAndPageSize) {
  Igvm igvm = SmallIgvm();
  igvm.version = 2;
  const Bytes page(16384, 7);
  igvm.page_size = 16384;
  igvm.architecture = IgvmArchitecture::kAArch64;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 4, .type = IgvmPlatformType::kCca}};
  igvm.directives = {
      IgvmPageData{.gpa = 0x4000, .compatibility_mask = 4, .contents = {page}}};
  const Bytes file = WriteIgvm(igvm).value();
  EXPECT_EQ(file.size(), 2 * 16384u);
  const auto parsed = ParseIgvm(file);
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_TRUE(*parsed == igvm);
}

TEST(Igvm, EqualContentsAreStoredOnceInOrderOfFirstUse) {
  const Bytes a(4096, 'a');
  const Bytes b(4096, 'b');
  const Bytes also_a(4096, 'a');
  Igvm igvm = SmallIgvm();
  igvm.directives = {IgvmPage(0x3000, b), IgvmPage(0x1000, a),
                     IgvmPage(0x2000, also_a), IgvmPage(0x4000, {})};
  const Bytes file = WriteIgvm(igvm).value();
  ASSERT_EQ(file.size(), 3 * 4096u);
  EXPECT_EQ(file[0x1000], 'b');
  EXPECT_EQ(file[0x2000], 'a');
}

// A file that another program made, with its data where ours would be.
TEST(Igvm, OfTheVectorIsReadAndWrittenAsTheSameBytes) {
  TALLY_NEED_VECTOR(path, "igvm/constructed/cleanexample_gce.igvm");
  const Bytes file = test::MustRead(path);
  const auto igvm = ParseIgvm(file);
  ASSERT_TRUE(igvm) << igvm.error().ToString();
  EXPECT_EQ(igvm->platforms.size(), 1u);
  EXPECT_TRUE(WriteIgvm(*igvm).value() == file);
}

TEST(Igvm, UnknownOptionalHeadersAreKept) {
  const Bytes content = {1, 2, 3};
  Igvm igvm = SmallIgvm();
  igvm.platforms.push_back(
      IgvmUnknown{.type = 0x80000050, .content = {content}});
  igvm.initializations.push_back(
      IgvmUnknown{.type = 0x80000150, .content = {content}});
  igvm.directives.push_back(IgvmUnknown{.type = 0x80000350});
  const Bytes file = WriteIgvm(igvm).value();
  const auto parsed = ParseIgvm(file);
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_TRUE(*parsed == igvm);
}

TEST(Igvm, RejectsEveryTruncation) {
  const Bytes file = WriteIgvm(EveryIgvmHeader()).value();
  for (size_t size = 0; size < file.size(); size += size < 5000 ? 1 : 509) {
    EXPECT_FALSE(ParseIgvm(ByteSpan(file).first(size))) << size;
  }
}

TEST(Igvm, RejectsABadFixedHeader) {
  const Bytes file = WriteIgvm(SmallIgvm()).value();
  EXPECT_EQ(ParseIgvmRefusal(ByteSpan(file).first(10)),
            "igvm: variable header offset at 0x8: needs 4 bytes, 2 left");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0, "J")),
            "igvm: magic at 0x0: expected 'IGVM'");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 4, "\3")),
            "igvm: format version at 0x4: found 3, expected 1 or 2");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 8, "\x17")),
            "igvm: variable header offset at 0x8: found 0x17, expected a "
            "multiple of 8 from 0x18 to 0x2000");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 12, "\xff\xff")),
            "igvm: variable header size at 0xc: found 0xffff, 0x1fe8 left");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 16, "\1")),
            "igvm: total file size at 0x10: found 8193, the file has 8192");
  Bytes bad_crc = file;
  bad_crc[20] ^= 1;
  ByteReader r("checksum", ByteSpan(file).subspan(20, 4));
  const uint32_t crc = r.U32Le("checksum");
  EXPECT_EQ(ParseIgvmRefusal(bad_crc), "igvm: checksum at 0x14: found " +
                                           HexNumber(crc ^ 1) + ", expected " +
                                           HexNumber(crc));
}

TEST(Igvm, RejectsABadHeader) {
  // The platform's header is at 0x18, the page's at 0x30.
  const Bytes file = WriteIgvm(SmallIgvm()).value();
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x18, "\5")),
            "igvm: header type at 0x18: found 0x5, which is unknown and not "
            "optional");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x31, "\5")),
            "igvm: header type at 0x30: found 0x502, which is in no section's "
            "range");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x33, "\x80")),
            "igvm: header type at 0x30: found 0x80000302, an optional page "
            "data, expected one without the optional bit");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x1c, "\x11")),
            "igvm: header padding at 0x31: found 0x3, expected zero");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x34, "\x17")),
            "igvm: header length at 0x34: found 23, a page data has 24");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x34, "\x20")),
            "igvm: header content at 0x38: needs 32 bytes, 24 left");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x25, "\7")),
            "igvm supported platform: platform type at 0x25: found 7, "
            "expected at most 6");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x4e, "\1")),
            "igvm page data: reserved at 0x4e: found 0x1, expected zero");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x48, "\x08")),
            "igvm page data: flags at 0x48: found 8, expected at most 7");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x4c, "\4")),
            "igvm page data: data type at 0x4c: found 4, expected at most 3");
}

TEST(Igvm, RejectsDataOutsideOfTheFileData) {
  const Bytes file = WriteIgvm(SmallIgvm()).value();
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x44, "\1")),
            "igvm: file offset at 0x44: found 0x1001 for 0x1000 bytes, the "
            "file data is from 0x50 to 0x2000");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x44, std::string("\x18\0", 2))),
            "igvm: file offset at 0x44: found 0x18 for 0x1000 bytes, the file "
            "data is from 0x50 to 0x2000");
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x44, "\xff\xff\xff\xff")),
            "igvm: file offset at 0x44: found 0xffffffff for 0x1000 bytes, "
            "the file data is from 0x50 to 0x2000");
}

TEST(Igvm, RejectsSectionsOutOfOrder) {
  Igvm igvm = SmallIgvm();
  igvm.directives = {};
  igvm.initializations = {IgvmGuestPolicy{.compatibility_mask = 1}};
  igvm.platforms.push_back(IgvmPlatform{.compatibility_mask = 2});
  // The second platform becomes a guest policy, before it comes a platform.
  Bytes file = WriteIgvm(igvm).value();
  std::swap_ranges(file.begin() + 0x30, file.begin() + 0x48,
                   file.begin() + 0x48);
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0, "I")),
            "igvm: header type at 0x48: found 0x1 after a header of a later "
            "section");
}

TEST(Igvm, RejectsBadPlatforms) {
  const auto refuse = [](std::vector<IgvmPlatformHeader> platforms) {
    Igvm igvm = SmallIgvm();
    igvm.platforms = std::move(platforms);
    return WriteIgvmRefusal(igvm);
  };
  const IgvmPlatform snp{.compatibility_mask = 1,
                         .type = IgvmPlatformType::kSevSnp};
  EXPECT_EQ(refuse({}), "igvm: no supported platform");
  EXPECT_EQ(refuse({IgvmPlatform{.compatibility_mask = 3}}),
            "igvm: platform 0: compatibility mask 0x3 has not exactly one bit");
  EXPECT_EQ(refuse({snp, snp}),
            "igvm: platform 1: compatibility mask 0x1 belongs to an earlier "
            "platform");
  EXPECT_EQ(refuse({snp, IgvmPlatform{.compatibility_mask = 2,
                                      .type = IgvmPlatformType::kSevSnp}}),
            "igvm: platform 1: sev-snp is there twice");
  EXPECT_EQ(refuse({IgvmPlatform{.compatibility_mask = 1, .version = 2}}),
            "igvm: platform 0: version 2, expected 1");
  EXPECT_EQ(refuse({IgvmPlatform{.compatibility_mask = 1, .highest_vtl = 1}}),
            "igvm: platform 0: highest VTL 1, expected 0 or 2");
  EXPECT_EQ(refuse({IgvmPlatform{.compatibility_mask = 1,
                                 .shared_gpa_boundary = 0x1000}}),
            "igvm: platform 0: shared GPA boundary 0x1000, expected 0");
  EXPECT_EQ(refuse({IgvmPlatform{.compatibility_mask = 1,
                                 .type = IgvmPlatformType::kCca}}),
            "igvm: platform 0: cca does not exist on x64");
}

TEST(Igvm, RejectsPagesThatLieBadly) {
  EXPECT_EQ(
      DirectivesRefusal({IgvmPageData{.gpa = 0x2001, .compatibility_mask = 1}}),
      "igvm: directive 1, page data: gpa 0x2001 is not a multiple of "
      "0x1000");
  EXPECT_EQ(DirectivesRefusal({IgvmPageData{
                .gpa = 0x1000, .compatibility_mask = 1, .is_2mb_page = true}}),
            "igvm: directive 1, page data: gpa 0x1000 is not a multiple of "
            "0x200000");
  EXPECT_EQ(
      DirectivesRefusal({IgvmPageData{.gpa = 0x2000, .compatibility_mask = 2}}),
      "igvm: directive 1, page data: compatibility mask 0x2 names no "
      "platform");
  EXPECT_EQ(DirectivesRefusal({IgvmPage(0x2000, {}), IgvmPage(0x1000, {})}),
            "igvm: directives 0 and 2 both fill gpa 0x1000 for compatibility "
            "mask 0x1");
  EXPECT_EQ(DirectivesRefusal({IgvmPageData{
                .gpa = 0, .compatibility_mask = 1, .is_2mb_page = true}}),
            "igvm: directives 0 and 1 both fill gpa 0x1000 for compatibility "
            "mask 0x1");
  const Bytes half(2048, 1);
  EXPECT_EQ(DirectivesRefusal({IgvmPage(0x2000, half)}),
            "igvm: directive 1, page data: found contents of 2048 bytes, "
            "expected 4096");
}

TEST(Igvm, PagesOfDifferentPlatformsMayCoincide) {
  Igvm igvm = SmallIgvm();
  igvm.platforms.push_back(IgvmPlatform{.compatibility_mask = 2});
  igvm.directives.push_back(
      IgvmPageData{.gpa = 0x1000, .compatibility_mask = 2});
  EXPECT_EQ(WriteIgvmRefusal(igvm), "accepted");
}

TEST(Igvm, RejectsBadParameterAreas) {
  const IgvmParameterArea area{.size_bytes = 0x2000, .index = 5};
  const auto insert = [](uint64_t gpa) {
    return IgvmParameterInsert{
        .gpa = gpa, .compatibility_mask = 1, .area_index = 5};
  };
  EXPECT_EQ(DirectivesRefusal({insert(0x8000)}),
            "igvm: directive 1, parameter insert: parameter area 5 is not "
            "declared before");
  EXPECT_EQ(DirectivesRefusal({IgvmParameter{.area_index = 5}}),
            "igvm: directive 1, VP count: parameter area 5 is not declared "
            "before");
  EXPECT_EQ(DirectivesRefusal({area, area}),
            "igvm: directive 2, parameter area: index 5 is there twice");
  EXPECT_EQ(DirectivesRefusal({area, insert(0x8000), insert(0xa000)}),
            "igvm: directive 3, parameter insert: parameter area 5 was "
            "inserted before");
  EXPECT_EQ(
      DirectivesRefusal({area, insert(0x8000), IgvmParameter{.area_index = 5}}),
      "igvm: directive 3, VP count: parameter area 5 was inserted "
      "before");
  EXPECT_EQ(DirectivesRefusal(
                {area, IgvmParameter{.area_index = 5, .byte_offset = 0x2000}}),
            "igvm: directive 2, VP count: byte offset 0x2000 is outside of an "
            "area of 0x2000 bytes");
  EXPECT_EQ(DirectivesRefusal({area, insert(0)}),
            "igvm: directives 0 and 2 both fill gpa 0x1000 for compatibility "
            "mask 0x1");
  EXPECT_EQ(DirectivesRefusal({area, insert(0xfffffffffffff000)}),
            "igvm: directive 2, parameter insert: gpa 0xfffffffffffff000 and "
            "size 0x2000 exceed 64 bits");
  EXPECT_EQ(DirectivesRefusal({IgvmParameterArea{.size_bytes = 0}}),
            "igvm: directive 1, parameter area: size 0");
  EXPECT_EQ(DirectivesRefusal({IgvmParameterArea{.size_bytes = 0x1001}}),
            "igvm: directive 1, parameter area: size 0x1001 is not a multiple "
            "of 0x1000");
  EXPECT_EQ(
      DirectivesRefusal({IgvmParameterArea{.size_bytes = uint64_t{16} << 40}}),
      "igvm: directive 1, parameter area: all areas together exceed "
      "268435456 bytes");
}

TEST(Igvm, RejectsAParameterAreaThatTwoPlatformsInsert) {
  Igvm igvm = SmallIgvm();
  igvm.platforms.push_back(IgvmPlatform{.compatibility_mask = 2});
  const auto insert = [](uint32_t mask) {
    return IgvmParameterInsert{
        .gpa = 0x8000, .compatibility_mask = mask, .area_index = 5};
  };
  igvm.directives = {IgvmParameterArea{.size_bytes = 0x1000, .index = 5},
                     insert(1), insert(2)};
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: directive 2, parameter insert: parameter area 5 was "
            "inserted before");
}

TEST(Igvm, RejectsParametersInPageTablesToRelocate) {
  Igvm igvm = SmallIgvm();
  igvm.initializations = {IgvmPageTableRelocation{
      .compatibility_mask = 1, .gpa = 0x9000, .size_bytes = 0x1000}};
  igvm.directives = {
      IgvmParameterArea{.size_bytes = 0x2000, .index = 5},
      IgvmParameterInsert{
          .gpa = 0x8000, .compatibility_mask = 1, .area_index = 5}};
  EXPECT_EQ(WriteIgvmRefusal(igvm),
            "igvm: directive 1, parameter insert: gpa 0x8000 lies in the page "
            "tables to relocate, which begin at 0x9000");
}

TEST(Igvm, RejectsAParameterAreaOfFourGibibytesOfPages) {
  Igvm igvm = SmallIgvm();
  igvm.directives.push_back(IgvmParameterArea{.size_bytes = 0x1000});
  const Bytes file = WriteIgvm(igvm).value();
  // Its content is at 0x58.
  EXPECT_EQ(ParseIgvmRefusal(PatchIgvm(file, 0x5c, "\1")),
            "igvm parameter area: size at 0x58: found 4294971392, expected at "
            "most 268435456");
}

TEST(Igvm, RejectsBadVpContexts) {
  const Bytes page(4096, 1);
  Igvm igvm = SmallIgvm();
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 1, .type = IgvmPlatformType::kSevSnp},
      IgvmPlatform{.compatibility_mask = 2, .type = IgvmPlatformType::kVsm},
      IgvmPlatform{.compatibility_mask = 4, .type = IgvmPlatformType::kTdx},
      IgvmPlatform{.compatibility_mask = 8, .type = IgvmPlatformType::kSev}};
  const auto refuse = [&](uint64_t gpa, uint32_t mask, const Bytes& contents) {
    igvm.directives = {IgvmVpContext{
        .gpa = gpa, .compatibility_mask = mask, .contents = {contents}}};
    return WriteIgvmRefusal(igvm);
  };
  EXPECT_EQ(refuse(0x1000, 1, page), "accepted");
  EXPECT_EQ(refuse(0x1000, 1, {}),
            "igvm: directive 0, VP context: found contents of 0 bytes, "
            "expected 4096");
  EXPECT_EQ(refuse(0x1000, 4, page),
            "igvm: directive 0, VP context: tdx starts at reset and takes "
            "none");
  EXPECT_EQ(refuse(0x1000, 8, page),
            "igvm: directive 0, VP context: gpa 0x1000, expected 0: the "
            "platform has no page for it");
  EXPECT_EQ(refuse(0x1000, 3, page),
            "igvm: directive 0, VP context: compatibility mask 0x3, expected "
            "that of one platform: each has its own form of it");
  EXPECT_EQ(refuse(0x1000, 0x11, page),
            "igvm: directive 0, VP context: compatibility mask 0x11, expected "
            "that of one platform: each has its own form of it");
  Bytes registers(4096, 0);
  std::fill_n(registers.begin(), 0xe8, uint8_t{1});
  EXPECT_EQ(refuse(0, 8, registers), "accepted");
  registers[0xe8] = 1;
  EXPECT_EQ(refuse(0, 8, registers),
            "igvm: directive 0, VP context: found bytes behind the registers "
            "of sev, expected zeros");
  EXPECT_EQ(refuse(0, 2, Bytes(4096, 0)),
            "igvm: directive 0, VP context: found contents of 4096 bytes, "
            "expected 4");
}

TEST(Igvm, RejectsBadInitializationHeaders) {
  const auto refuse = [](std::vector<IgvmInitialization> headers) {
    Igvm igvm = SmallIgvm();
    igvm.initializations = std::move(headers);
    return WriteIgvmRefusal(igvm);
  };
  EXPECT_EQ(refuse({IgvmGuestPolicy{.compatibility_mask = 0}}),
            "igvm: initialization 0, guest policy: compatibility mask 0x0 "
            "names no platform");
  EXPECT_EQ(refuse({IgvmCcaPolicy{.compatibility_mask = 1,
                                  .attributes_required_zeroes = 3,
                                  .attributes_required_ones = 1}}),
            "igvm: initialization 0, CCA policy: an attribute is required to "
            "be both zero and one");
  EXPECT_EQ(refuse({IgvmRelocatableRegion{.compatibility_mask = 1}}),
            "igvm: initialization 0, relocatable region: alignment 0");
  EXPECT_EQ(refuse({IgvmRelocatableRegion{
                .compatibility_mask = 1, .alignment = 0x2000, .gpa = 0x1000}}),
            "igvm: initialization 0, relocatable region: gpa 0x1000 is not a "
            "multiple of 0x2000");
  EXPECT_EQ(refuse({IgvmPageTableRelocation{.compatibility_mask = 1,
                                            .gpa = 0x1000,
                                            .size_bytes = 0x1000,
                                            .used_size_bytes = 0x2000}}),
            "igvm: initialization 0, page table relocation: used size 0x2000 "
            "exceeds size 0x1000");
  EXPECT_EQ(refuse({IgvmPageTableRelocation{
                .compatibility_mask = 1,
                .gpa = 0xfffffffffffff000,
                .size_bytes = 0x2000,
            }}),
            "igvm: initialization 0, page table relocation: gpa "
            "0xfffffffffffff000 and size 0x2000 exceed 64 bits");
  EXPECT_EQ(refuse({IgvmCorim{.kind = IgvmCorimKind::kSignature,
                              .compatibility_mask = 1}}),
            "igvm: initialization 0, CoRIM signature: no document comes "
            "before it");
}

TEST(Igvm, WithoutDataEndsInZerosBehindItsHeaders) {
  Igvm igvm;
  igvm.platforms = {
      IgvmPlatform{.compatibility_mask = 1, .type = IgvmPlatformType::kSevSnp}};
  igvm.directives = {IgvmPageData{.gpa = 0x1000, .compatibility_mask = 1}};
  const Bytes file = WriteIgvm(igvm).value();
  EXPECT_EQ(file.size(), 4096u);
  EXPECT_EQ(file.back(), 0);
  EXPECT_EQ(ParseIgvm(file).value(), igvm);
}

}  // namespace
}  // namespace tally
