#include "measure/guest_features.h"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace tally {
namespace {

TEST(GuestFeatures, AreNumbersOrNames) {
  EXPECT_EQ(ParseGuestFeatures("0x21").value(), 0x21u);
  EXPECT_EQ(ParseGuestFeatures("33").value(), 33u);
  EXPECT_EQ(ParseGuestFeatures("0x0").value(), 0u);
  EXPECT_EQ(ParseGuestFeatures("debug-swap").value(), 0x21u);
  EXPECT_EQ(ParseGuestFeatures("snp-active,secure-tsc").value(), 0x201u);
  EXPECT_EQ(ParseGuestFeatures("secure-avic,ibpb-on-entry").value(), 0x210001u);
}

TEST(GuestFeatures, HaveUniqueNamesAndASource) {
  std::set<std::string_view> names;
  std::set<unsigned> bits;
  for (const GuestFeature& feature : GuestFeatures()) {
    EXPECT_TRUE(names.insert(feature.name).second) << feature.name;
    EXPECT_TRUE(bits.insert(feature.bit).second) << feature.bit;
    EXPECT_FALSE(feature.source.empty()) << feature.name;
  }
}

TEST(GuestFeatures, ParseWhatTheyPrint) {
  uint64_t all = 0;
  for (const GuestFeature& feature : GuestFeatures()) {
    all |= uint64_t{1} << feature.bit;
  }
  EXPECT_EQ(all, 0x21d7ffu);
  EXPECT_EQ(ParseGuestFeatures(FormatGuestFeatures(all)).value(), all);
  EXPECT_EQ(FormatGuestFeatures(0x801), "snp-active,bit-11");
  EXPECT_EQ(FormatGuestFeatures(0), "none");
}

TEST(GuestFeatures, RejectsAnUnknownNameAndNamesTheNearest) {
  const auto features = ParseGuestFeatures("debug-swp");
  ASSERT_FALSE(features);
  EXPECT_EQ(features.error().message(),
            "unknown guest feature 'debug-swp', expected a number or names of "
            "snp-active, vtom, reflect-vc, restricted-injection, "
            "alternate-injection, debug-swap, prevent-host-ibs, "
            "btb-isolation, vmpl-sss, secure-tsc, vmgexit-parameter, "
            "ibs-virtualization, vmsa-reg-prot, smt-protection, secure-avic, "
            "ibpb-on-entry");
  EXPECT_EQ(features.error().hints(),
            std::vector<std::string>{"did you mean 'debug-swap'?"});
  EXPECT_FALSE(ParseGuestFeatures(""));
  EXPECT_FALSE(ParseGuestFeatures("0x1ffffffffffffffff"));
}

}  // namespace
}  // namespace tally
