#include "measure/igvm_kvm.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/measure/igvm_pages.h"

namespace tally {
namespace {

using test::Context;
using test::kIgvmMask;
using test::kVmsaAddress;
using test::MeasuredPage;
using test::Snp;
using test::UnmeasuredPage;
using Rules = std::vector<IgvmKvmRule>;

Bytes VmsaWith(uint8_t cr0, uint8_t features) {
  Bytes page(4096, 0);
  page[0x158] = cr0;
  page[0x3b0] = features;
  return page;
}

Rules BrokenRules(const Igvm& igvm) {
  Rules rules;
  const auto findings = CheckIgvmForKvm(igvm, IgvmPlatformType::kSevSnp);
  for (const IgvmKvmFinding& finding : findings.value()) {
    rules.push_back(finding.rule);
  }
  return rules;
}

// BrokenWithVmsa adds the VMSA that a file has to have.
Rules BrokenWithVmsa(std::vector<IgvmDirective> directives) {
  const Bytes vmsa = VmsaWith(0x30, 1);
  directives.push_back(Context(kVmsaAddress, vmsa));
  return BrokenRules(Snp(std::move(directives)));
}

TEST(IgvmKvm, AcceptsOneVmsaAtTheEnd) {
  const Bytes protected_mode = VmsaWith(0x31, 1);
  const Bytes real_mode = VmsaWith(0x30, 0x21);
  EXPECT_TRUE(BrokenRules(Snp({UnmeasuredPage(0x1000),
                               Context(kVmsaAddress, protected_mode)}))
                  .empty());
  EXPECT_TRUE(BrokenRules(Snp({Context(kVmsaAddress, real_mode)})).empty());
}

TEST(IgvmKvm, FindsEachBrokenRule) {
  const Bytes good = VmsaWith(0x31, 1);
  const Bytes bad = VmsaWith(0x10, 1);
  const Bytes no_snp = VmsaWith(0x31, 0x20);
  using enum IgvmKvmRule;
  EXPECT_EQ(BrokenRules(Snp(
                {Context(kVmsaAddress, good), Context(kVmsaAddress, good, 1)})),
            Rules{kOneVmsa});
  EXPECT_EQ(BrokenRules(Snp({Context(0x1000, good)})), Rules{kVmsaGpa});
  EXPECT_EQ(BrokenRules(Snp({Context(kVmsaAddress, bad)})), Rules{kVmsaCr0});
  EXPECT_EQ(BrokenRules(Snp({Context(kVmsaAddress, no_snp)})),
            Rules{kVmsaFeatures});
  EXPECT_EQ(
      BrokenRules(Snp({Context(kVmsaAddress, good), UnmeasuredPage(0x1000)})),
      Rules{kVmsaIsLast});
}

// KVM measures a VMSA of each processor, and QEMU sets those that the file has.
TEST(IgvmKvm, FindsThatTheFirstProcessorHasNoVmsa) {
  const Bytes good = VmsaWith(0x31, 1);
  EXPECT_EQ(BrokenRules(Snp({UnmeasuredPage(0x1000)})),
            Rules{IgvmKvmRule::kFirstVmsa});
  EXPECT_EQ(BrokenRules(Snp({Context(kVmsaAddress, good, 1)})),
            Rules{IgvmKvmRule::kFirstVmsa});
}

TEST(IgvmKvm, FindsWhatQemuLoadsInAnotherWay) {
  using enum IgvmKvmRule;
  const Bytes page(4096, 5);
  const IgvmParameterArea area{.size_bytes = 0x1000, .index = 3};
  const IgvmParameterInsert insert{
      .gpa = 0x8000, .compatibility_mask = kIgvmMask, .area_index = 3};
  EXPECT_EQ(BrokenWithVmsa({area, insert, MeasuredPage(0x1000, page)}),
            Rules{});
  EXPECT_EQ(BrokenWithVmsa({MeasuredPage(0x1000, page), area, insert}),
            Rules{kParametersFirst});
  IgvmPageData shared = MeasuredPage(0x1000, page);
  shared.shared = true;
  EXPECT_EQ(BrokenWithVmsa({shared, UnmeasuredPage(0x2000)}),
            Rules{kNoSharedPage});
  const Bytes contents(kIgvm2MbPageBytes, 9);
  IgvmPageData large = MeasuredPage(0x200000, contents);
  large.is_2mb_page = true;
  EXPECT_EQ(BrokenWithVmsa({large}), Rules{kNoLargePage});
  large.contents = {};
  EXPECT_EQ(BrokenWithVmsa({large}), Rules{});
  const IgvmSnpIdBlock block{.compatibility_mask = kIgvmMask};
  EXPECT_EQ(BrokenWithVmsa({UnmeasuredPage(0x1000), block}), Rules{});
  EXPECT_EQ(BrokenWithVmsa({UnmeasuredPage(0x1000), block, block}),
            Rules{kOneIdBlock});
}

TEST(IgvmKvm, FindsHeadersThatQemuDoesNotKnow) {
  const Bytes content(8, 1);
  const std::vector<IgvmDirective> known = {
      UnmeasuredPage(0x1000),
      IgvmRequiredMemory{.gpa = 0x2000, .compatibility_mask = kIgvmMask},
      IgvmParameterArea{.size_bytes = 0x1000, .index = 3},
      IgvmParameter{.kind = IgvmParameterKind::kMadt, .area_index = 3},
      IgvmParameter{.kind = IgvmParameterKind::kMemoryMap, .area_index = 3}};
  EXPECT_TRUE(BrokenWithVmsa(known).empty());
  const std::vector<IgvmDirective> unknown = {
      IgvmParameter{.kind = IgvmParameterKind::kSrat, .area_index = 3},
      IgvmErrorRange{.gpa = 0x3000, .compatibility_mask = kIgvmMask},
      IgvmVbsMeasurement{.compatibility_mask = kIgvmMask},
      IgvmUnknown{.type = 0x80000400, .content = {content}}};
  for (const IgvmDirective& directive : unknown) {
    std::vector<IgvmDirective> all = known;
    all.push_back(directive);
    EXPECT_EQ(BrokenWithVmsa(all), Rules{IgvmKvmRule::kKnownHeader});
  }
  const Bytes vmsa = VmsaWith(0x30, 1);
  Igvm igvm = Snp({Context(kVmsaAddress, vmsa)});
  igvm.initializations = {IgvmGuestPolicy{.compatibility_mask = kIgvmMask},
                          IgvmCcaPolicy{.compatibility_mask = kIgvmMask}};
  const std::vector<IgvmKvmFinding> expected = {
      {IgvmKvmRule::kKnownHeader, std::nullopt, "CCA policy, expected none",
       "QEMU refuses a file with a header that it does not know"}};
  const auto findings =
      CheckIgvmForKvm(igvm, IgvmPlatformType::kSevSnp).value();
  EXPECT_EQ(findings, expected);
  EXPECT_EQ(WhereOf(findings[0]), "headers");
  EXPECT_EQ(IgvmKvmRuleName(findings[0].rule), "known-header");
}

TEST(IgvmKvm, SaysWhatWhereAndWhy) {
  const Bytes good = VmsaWith(0x31, 1);
  const auto findings =
      CheckIgvmForKvm(Snp({Context(0x7000, good), UnmeasuredPage(0x1000)}),
                      IgvmPlatformType::kSevSnp)
          .value();
  const std::vector<IgvmKvmFinding> expected = {
      {IgvmKvmRule::kVmsaGpa, 0, "VMSA at gpa 0x7000, expected 0xfffffffff000",
       "KVM measures every VMSA at that address, whatever the file says"},
      {IgvmKvmRule::kVmsaIsLast, 1,
       "page data, unmeasured at gpa 0x1000 after the VMSA of directive 0, "
       "expected before it",
       "KVM measures the VMSA last, when the launch is finished"}};
  EXPECT_EQ(findings, expected);
}

}  // namespace
}  // namespace tally
