#include "measure/tdx_mrtd.h"

#include <gtest/gtest.h>

#include "tests/support/make_tdvf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// The expected values were computed by an independent program (Python's
// hashlib) that knows the records of MRTD and the two orders.
TEST(TdxMrtd, OfDebiansFirmwareInBothOrders) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes image = test::MustRead(path);
  const Tdvf tdvf = ParseTdvf(image).value();
  EXPECT_EQ(MeasureTdvf(image, tdvf, TdxPageOrder::kSinglePass).mrtd.hex(),
            "4c7206f0f483c524f12c366c711e9049030a8d47c471ee5aa9c4999a08de4057"
            "fb887fed0744d5631a212967fb231c47");
  EXPECT_EQ(MeasureTdvf(image, tdvf, TdxPageOrder::kTwoPass).mrtd.hex(),
            "acccbcc870a381adab0d3919d90a7f268ac3b0364771f202ed4bb4e892d045b3"
            "3db3b32e6924cba830a724eed443f7e1");
}

TEST(TdxMrtd, EventsEndInTheRegister) {
  const Bytes image = test::MakeTdvf(test::TdvfSections());
  const Tdvf tdvf = ParseTdvf(image).value();
  const TdxMrtd one = MeasureTdvf(image, tdvf, TdxPageOrder::kSinglePass);
  EXPECT_EQ(one.events.size(), 6u);
  EXPECT_EQ(one.events[0].type, "add+extend");
  EXPECT_EQ(one.events[1].what, "section CFV");
  EXPECT_EQ(one.events.back().value_after, AnyDigest(one.mrtd));
  const TdxMrtd two = MeasureTdvf(image, tdvf, TdxPageOrder::kTwoPass);
  EXPECT_EQ(two.events.size(), 7u);
  EXPECT_NE(two.mrtd, one.mrtd);
}

TEST(TdxMrtd, ShortDataIsFollowedByZeros) {
  std::vector<TdvfSection> sections = test::TdvfSections();
  const Bytes image = test::MakeTdvf(sections);
  const Tdvf tdvf = ParseTdvf(image).value();
  sections[0].raw_bytes = 0x2001;
  const Bytes other = test::MakeTdvf(sections);
  EXPECT_NE(MeasureTdvf(image, tdvf, TdxPageOrder::kTwoPass).mrtd,
            MeasureTdvf(other, ParseTdvf(other).value(), TdxPageOrder::kTwoPass)
                .mrtd);
}

TEST(TdxMrtd, PagesAddedLaterDoNotCount) {
  std::vector<TdvfSection> sections = test::TdvfSections();
  const Bytes without = test::MakeTdvf(sections);
  sections.push_back(
      {0, 0, 0x1000000, 0x40000000, TdvfSectionKind::kPermMem, kTdvfPageAug});
  Tdvf tdvf = ParseTdvf(without).value();
  const Mrtd before =
      MeasureTdvf(without, tdvf, TdxPageOrder::kSinglePass).mrtd;
  tdvf.sections = sections;
  EXPECT_EQ(MeasureTdvf(without, tdvf, TdxPageOrder::kSinglePass).mrtd, before);
}

TEST(TdxMrtd, OrdersHaveNames) {
  EXPECT_EQ(FindTdxPageOrder("two-pass"), TdxPageOrder::kTwoPass);
  EXPECT_EQ(FindTdxPageOrder("three-pass"), std::nullopt);
}

}  // namespace
}  // namespace tally
