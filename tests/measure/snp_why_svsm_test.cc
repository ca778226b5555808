#include <gtest/gtest.h>

#include "measure/snp_why.h"
#include "measure/vcpu_types.h"
#include "tests/support/make_ovmf.h"
#include "tests/support/make_svsm.h"

namespace tally {
namespace {

class SvsmSearch : public testing::Test {
 protected:
  SnpLaunch Launch(uint64_t vars_size_bytes) const {
    return {.firmware = firmware_,
            .vcpu_signature = FindVcpuType("EPYC-v4").value().signature(),
            .svsm = SnpSvsmImage{.image = svsm_,
                                 .vars_size_bytes = vars_size_bytes}};
  }

  // Explain searches for the digest of `actual` with `num_vcpus`, where one
  // vCPU and a variable store of 0x84000 bytes were given.
  LaunchDifferences Explain(const SnpLaunch& actual, uint32_t num_vcpus) const {
    const uint32_t count[] = {num_vcpus};
    const auto measured = MeasureSnp(actual, count);
    EXPECT_TRUE(measured) << measured.error().ToString();
    SnpSearch search{.expected = measured->cells[0].launch_digest,
                     .launch = Launch(0x84000),
                     .num_vcpus = 1,
                     .layout = ParseOvmf(firmware_).value(),
                     .max_vcpus = 4};
    AppendNormalPages(firmware_, search.layout.gpa(), "firmware",
                      &search.firmware_pages);
    search.after_firmware = FoldSnp({}, search.firmware_pages);
    const SnpSearchPlan plan = PlanSnpSearch(search);
    std::optional<LaunchFound> best;
    for (size_t i = 0; i < plan.states.size(); ++i) {
      KeepBetter(TrySnpStates(search, plan, i), &best);
    }
    EXPECT_TRUE(best);
    return best ? best->differences
                : LaunchDifferences{{"nothing found", "", ""}};
  }

  Bytes firmware_ = test::MakeOvmf();
  Bytes svsm_ = test::MakeSvsm();
};

TEST_F(SvsmSearch, FindsNothingToChangeInTheLaunchItself) {
  EXPECT_EQ(Explain(Launch(0x84000), 1), LaunchDifferences());
}

TEST_F(SvsmSearch, FindsTheSizeOfTheVariableStore) {
  EXPECT_EQ(Explain(Launch(0x31000), 1),
            (LaunchDifferences{{"vars_size", "0x84000", "0x31000"}}));
  EXPECT_EQ(Explain(Launch(0x20000), 3),
            (LaunchDifferences{{"vars_size", "0x84000", "0x20000"},
                               {"vcpus", "1", "3"}}));
}

TEST_F(SvsmSearch, FindsOneChangedInput) {
  SnpLaunch actual = Launch(0x84000);
  actual.guest_features = 0x9;
  EXPECT_EQ(Explain(actual, 1),
            (LaunchDifferences{{"guest_features", "0x1 (snp-active)",
                                "0x9 (snp-active,restricted-injection)"}}));
  actual = Launch(0x84000);
  actual.era = SnpVmsaEra::kFpuNotSynced;
  EXPECT_EQ(
      Explain(actual, 1),
      (LaunchDifferences{{"vmsa_era", "linux-6.10", "before-linux-6.10"}}));
  actual = Launch(0x84000);
  actual.vcpu_signature = FindVcpuType("EPYC-Milan").value().signature();
  EXPECT_EQ(Explain(actual, 1),
            (LaunchDifferences{
                {"vcpu_type", "0x800f12 (EPYC)", "0xa00f11 (EPYC-Milan)"}}));
}

TEST_F(SvsmSearch, FindsALaunchWithoutIt) {
  SnpLaunch actual = Launch(0);
  actual.svsm.reset();
  EXPECT_EQ(Explain(actual, 1),
            (LaunchDifferences{{"svsm", "as given", "none"}}));
}

}  // namespace
}  // namespace tally
