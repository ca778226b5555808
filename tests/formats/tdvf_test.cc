#include "formats/tdvf.h"

#include <gtest/gtest.h>

#include "tests/support/make_tdvf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MakeTdvf;
using test::TdvfSections;
using enum TdvfSectionKind;

std::string TdvfError(ByteSpan image) {
  const Result<Tdvf> tdvf = ParseTdvf(image);
  return tdvf ? "" : tdvf.error().ToString();
}

// TdvfErrorWith returns the error for sections of which one was changed.
template <typename Change>
std::string TdvfErrorWith(size_t index, Change change) {
  std::vector<TdvfSection> sections = TdvfSections();
  change(&sections.at(index));
  return TdvfError(MakeTdvf(sections));
}

std::string PatchedTdvf(uint64_t offset, uint8_t value) {
  Bytes image = MakeTdvf(TdvfSections());
  image.at(test::kTdvfMetadataOffset + offset) = value;
  return TdvfError(image);
}

TEST(Tdvf, ReadsSectionsInFileOrder) {
  const auto tdvf = ParseTdvf(MakeTdvf(TdvfSections()));
  ASSERT_TRUE(tdvf) << tdvf.error().ToString();
  EXPECT_EQ(tdvf->sections, TdvfSections());
  EXPECT_EQ(tdvf->size_bytes, test::kTdvfBytes);
}

TEST(Tdvf, ReadsDebiansFirmware) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const auto tdvf = ParseTdvf(test::MustRead(path));
  ASSERT_TRUE(tdvf) << tdvf.error().ToString();
  EXPECT_EQ(tdvf->Find(kTdHob)->gpa, 0x809000u);
}

TEST(Tdvf, RejectsBadDescriptors) {
  EXPECT_EQ(PatchedTdvf(0, 'X'),
            "tdvf metadata: signature at 0x3100: expected 'TDVF'");
  EXPECT_EQ(PatchedTdvf(4, 1),
            "tdvf metadata: length at 0x3104: found 1, expected 208 for 6 "
            "sections");
  EXPECT_EQ(PatchedTdvf(8, 2),
            "tdvf metadata: version at 0x3108: found 2, expected 1");
  EXPECT_EQ(PatchedTdvf(12, 65),
            "tdvf metadata: section count at 0x310c: found 65, expected at "
            "most 64");
  EXPECT_EQ(PatchedTdvf(16 + 24, 9),
            "tdvf metadata: section type at 0x3128: found 0x9, expected at "
            "most 0x4");
  EXPECT_EQ(PatchedTdvf(16 + 28, 4),
            "tdvf metadata: attributes at 0x312c: found 0x4, expected 0x0 to "
            "0x3");
}

TEST(Tdvf, RejectsImagesWithoutMetadata) {
  EXPECT_EQ(TdvfError(Bytes(5)),
            "tdvf: size is 0x5, expected a multiple of 0x1000, not zero, at "
            "most 0x2000000");
}

TEST(Tdvf, RejectsBadMemory) {
  EXPECT_EQ(TdvfErrorWith(2, [](TdvfSection* s) { s->gpa += 1; }),
            "tdvf metadata: section TEMP_MEM at 0x810001: address is not a "
            "multiple of 0x1000");
  EXPECT_EQ(TdvfErrorWith(2, [](TdvfSection* s) { s->size_bytes = 0; }),
            "tdvf metadata: section TEMP_MEM at 0x810000: size is zero");
  EXPECT_EQ(TdvfErrorWith(2, [](TdvfSection* s) { s->size_bytes = 0x10; }),
            "tdvf metadata: section TEMP_MEM at 0x810000: size 0x10 is not a "
            "multiple of 0x1000");
  EXPECT_EQ(TdvfErrorWith(2, [](TdvfSection* s) { s->size_bytes = 0x2001000; }),
            "tdvf metadata: section TEMP_MEM at 0x810000: size is 0x2001000, "
            "expected at most 0x2000000");
  EXPECT_EQ(
      TdvfErrorWith(2, [](TdvfSection* s) { s->gpa = 0xfffffffffffff000; }),
      "tdvf metadata: section TEMP_MEM at 0xfffffffffffff000: size "
      "0x10000 goes beyond 0x10000000000000");
  EXPECT_EQ(TdvfErrorWith(3, [](TdvfSection* s) { s->gpa = 0x80a000; }),
            "tdvf metadata: section TEMP_MEM at 0x80a000 overlaps section "
            "TD_HOB at 0x809000");
}

TEST(Tdvf, RejectsBadData) {
  EXPECT_EQ(TdvfErrorWith(0, [](TdvfSection* s) { s->raw_bytes = 0; }),
            "tdvf metadata: section BFV at 0xffffd000: raw data size is zero");
  EXPECT_EQ(TdvfErrorWith(0, [](TdvfSection* s) { s->raw_bytes = 0x3001; }),
            "tdvf metadata: section BFV at 0xffffd000: raw data size is "
            "0x3001, expected at most 0x3000");
  EXPECT_EQ(
      TdvfErrorWith(0, [](TdvfSection* s) { s->data_offset = 0xfffff000; }),
      "tdvf metadata: section BFV at 0xffffd000: data at 0xfffff000 "
      "needs 0x2c00 bytes of the image's 0x4000");
  EXPECT_EQ(TdvfErrorWith(4, [](TdvfSection* s) { s->raw_bytes = 1; }),
            "tdvf metadata: section TD_HOB at 0x809000: raw data size is 0x1, "
            "expected 0x0");
  EXPECT_EQ(TdvfErrorWith(2, [](TdvfSection* s) { s->attributes = 3; }),
            "tdvf metadata: section TEMP_MEM at 0x810000: pages added later "
            "have no measured contents");
}

TEST(Tdvf, RejectsTooManyOrTooFewHobs) {
  EXPECT_EQ(TdvfErrorWith(4, [](TdvfSection* s) { s->kind = kTempMem; }),
            "tdvf metadata: no section TD_HOB");
  EXPECT_EQ(TdvfErrorWith(5, [](TdvfSection* s) { s->kind = kTdHob; }),
            "tdvf metadata: section TD_HOB at 0x800000: second of its kind, "
            "the first is at 0x809000");
}

}  // namespace
}  // namespace tally
