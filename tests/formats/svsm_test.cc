#include "formats/svsm.h"

#include <gtest/gtest.h>

#include "tests/support/make_svsm.h"

namespace tally {
namespace {

constexpr uint64_t kEndGpa = 0xff000000;

std::string SvsmRefusal(const Bytes& image, uint64_t end_gpa = kEndGpa) {
  const Result<Svsm> svsm = ParseSvsm(image, end_gpa);
  EXPECT_FALSE(svsm);
  return svsm ? "" : svsm.error().message();
}

TEST(Svsm, ReadsEveryField) {
  const auto svsm = ParseSvsm(test::MakeSvsm(), kEndGpa);
  ASSERT_TRUE(svsm) << svsm.error().ToString();
  EXPECT_EQ(svsm->size_bytes, 0x2000u);
  EXPECT_EQ(svsm->entry_offset, test::kSvsmEntryOffset);
  EXPECT_EQ(svsm->sections,
            (std::vector<OvmfSection>{
                {0x2000, 0x2000, OvmfSectionKind::kSecMem, 0x110},
                {0x4000, 0x1000, OvmfSectionKind::kSecrets, 0x11c},
                {0x5000, 0x1000, OvmfSectionKind::kCpuid, 0x128}}));
}

TEST(Svsm, RejectsAnImageWithoutInfo) {
  EXPECT_EQ(SvsmRefusal(test::MakeSvsm({.has_info = false})),
            "svsm: the image has no SVSM_INFO entry "
            "(a789a612-0597-4c4b-a49f-cbb1fe9d1ddd)");
}

TEST(Svsm, RejectsAnEntryOutsideTheImage) {
  EXPECT_EQ(SvsmRefusal(test::MakeSvsm({.entry_offset = 0x2000})),
            "svsm info entry: entry offset at 0x1fa2: found 0x2000, expected "
            "less than 0x2000");
}

TEST(Svsm, RejectsAPlaceThatDoesNotFit) {
  EXPECT_EQ(SvsmRefusal(test::MakeSvsm(), 0x1000),
            "svsm: size is 0x2000, expected at most 0x1000, where the image "
            "ends in guest memory");
  // Its sections end at 0x6000.
  EXPECT_EQ(
      SvsmRefusal(test::MakeSvsm(), 0x7000),
      "svsm sev metadata: section SNP_CPUID at 0x128, gpa 0x5000: ends at "
      "0x6000, expected at most 0x5000 where the image begins");
}

TEST(Svsm, RejectsEveryTruncation) {
  const Bytes whole = test::MakeSvsm();
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseSvsm(ByteSpan(whole).first(size), kEndGpa)) << size;
  }
}

}  // namespace
}  // namespace tally
