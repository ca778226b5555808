#include "measure/igvm_tdx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/hash.h"
#include "tests/measure/gunzip.h"
#include "tests/measure/igvm_pages.h"
#include "tests/support/kept_events.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Gunzip;
using test::kIgvmMask;
using test::MeasuredPage;
using test::UnmeasuredPage;

Igvm Tdx(std::vector<IgvmDirective> directives) {
  return test::IgvmOf(IgvmPlatformType::kTdx, std::move(directives));
}

std::string MrtdHex(const Igvm& igvm) {
  const auto measured = MeasureIgvmTdx(igvm);
  return measured ? measured->mrtd.hex() : measured.error().ToString();
}

// A file that says what the image's TDX metadata says; the expected value is
// that of the authors of the image.
TEST(IgvmTdx, OfTheCleanExampleMatchesItsAuthors) {
  TALLY_NEED_VECTOR(
      path, "snp/gce-tcb-verifier-cleanexample/cleanexample_2mib.fd.gz");
  TALLY_NEED_PROGRAM(gzip, "gzip");
  const auto firmware = Gunzip(path);
  ASSERT_TRUE(firmware) << firmware.error().ToString();
  const ByteSpan code = AsBytes(*firmware).subspan(0x20000);
  std::vector<IgvmDirective> directives;
  for (uint64_t at = 0; at < code.size(); at += kTdxPageBytes) {
    const ByteSpan page = code.subspan(at, kTdxPageBytes);
    const bool is_zero =
        std::ranges::all_of(page, [](uint8_t byte) { return byte == 0; });
    directives.push_back(
        MeasuredPage(0xffe20000 + at, is_zero ? ByteSpan() : page));
  }
  const auto add = [&directives](uint64_t gpa, uint64_t size_bytes) {
    for (uint64_t at = 0; at < size_bytes; at += kTdxPageBytes) {
      directives.push_back(UnmeasuredPage(gpa + at));
    }
  };
  add(0xffe00000, 0x20000);
  add(0x810000, 0x10000);
  add(0x80b000, 0x2000);
  directives.push_back(IgvmParameterArea{.size_bytes = 0x2000, .index = 1});
  directives.push_back(IgvmParameterInsert{
      .gpa = 0x809000, .compatibility_mask = kIgvmMask, .area_index = 1});
  add(0x800000, 0x6000);
  const Bytes file = WriteIgvm(Tdx(std::move(directives))).value();
  EXPECT_EQ(MrtdHex(ParseIgvm(file).value()),
            "6e540be4917f24f74cc3292b59803d06dc7c38eb4a3c1fd6be9c735ba74bb7a23e"
            "25f98da94779d17508b243e4fb582b");
}

TEST(IgvmTdx, ALargePageIs512Pages) {
  const Bytes large(kIgvm2MbPageBytes, 9);
  IgvmPageData page = MeasuredPage(0x200000, large);
  page.is_2mb_page = true;
  MrtdHasher guest;
  for (uint64_t gpa = 0x200000; gpa < 0x400000; gpa += kTdxPageBytes) {
    guest.AddPage(gpa);
    guest.Extend(gpa, Bytes(kTdxPageBytes, 9));
  }
  EXPECT_EQ(MrtdHex(Tdx({page})), guest.value().hex());
}

TEST(IgvmTdx, SharedPagesAndErrorRangesDoNotCount) {
  const Bytes contents(4096, 5);
  IgvmPageData shared = MeasuredPage(0x2000, contents);
  shared.shared = true;
  const IgvmErrorRange range{
      .gpa = 0x3000, .compatibility_mask = kIgvmMask, .size_bytes = 0x1000};
  EXPECT_EQ(MrtdHex(Tdx({MeasuredPage(0x1000, contents), shared, range})),
            MrtdHex(Tdx({MeasuredPage(0x1000, contents)})));
}

TEST(IgvmTdx, SaysWhatWasAddedAndWhatWasExtended) {
  const Bytes contents(4096, 5);
  test::KeptEvents kept;
  const auto measured = MeasureIgvmTdx(
      Tdx({MeasuredPage(0x1000, contents), UnmeasuredPage(0x2000)}),
      kept.Folding());
  ASSERT_TRUE(measured) << measured.error().ToString();
  ASSERT_EQ(kept.events.size(), 2u);
  MrtdHasher guest;
  guest.AddPage(0x1000);
  guest.Extend(0x1000, contents);
  EXPECT_EQ(kept.events[0], (Event{.what = "page data",
                                   .type = "extended",
                                   .gpa = 0x1000,
                                   .size_bytes = 4096,
                                   .digest = Sha384(contents),
                                   .value_after = guest.value()}));
  guest.AddPage(0x2000);
  EXPECT_EQ(kept.events[1], (Event{.what = "page data, unmeasured",
                                   .type = "added",
                                   .gpa = 0x2000,
                                   .size_bytes = 4096,
                                   .value_after = guest.value()}));
}

TEST(IgvmTdx, RejectsPagesOfSnp) {
  EXPECT_EQ(MrtdHex(Tdx({IgvmPageData{.gpa = 0x1000,
                                      .compatibility_mask = kIgvmMask,
                                      .type = IgvmPageType::kCpuidXf}})),
            "igvm: directive 0: a CPUID XF page, which tdx does not have");
}

}  // namespace
}  // namespace tally
