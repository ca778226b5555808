#include "measure/snp_why.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/hash.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

// A firmware that is given by the digest of its pages, with all kinds of
// section, in an order that is not that of their addresses.
SnpSearch SampleSearch() {
  SnpSearch search{.num_vcpus = 2, .cmdline = "console=ttyS0", .max_vcpus = 8};
  search.layout.size_bytes = 0x1000;
  search.layout.sections = {{0x800000, 0x2000, OvmfSectionKind::kSecMem},
                            {0x80d000, 0x1000, OvmfSectionKind::kSecrets},
                            {0x80e000, 0x1000, OvmfSectionKind::kCpuid},
                            {0x80c000, 0x1000, OvmfSectionKind::kSvsmCaa},
                            {0x810000, 0x1000, OvmfSectionKind::kKernelHashes}};
  search.layout.kernel_hashes = {0x810c00, 0x400};
  search.layout.sev_es_reset_eip = 0x80b004;
  search.launch = {
      .vcpu_signature = FindVcpuType("EPYC-v4").value().signature(),
      .kernel_hashes = HashKernelInputs(AsBytes("kernel"), AsBytes("initrd"),
                                        search.cmdline)};
  return search;
}

// PlanOfSearch is that of SampleSearch(), made once: it is long.
const SnpSearchPlan& PlanOfSearch() {
  static const SnpSearchPlan plan = PlanSnpSearch(SampleSearch());
  return plan;
}

// ExplainSnp searches for the digest of `actual` with `num_vcpus`.
std::optional<LaunchFound> ExplainSnp(SnpSearch search,
                                      const SnpSearchPlan& plan,
                                      const SnpLaunch& actual,
                                      uint32_t num_vcpus) {
  const uint32_t count[] = {num_vcpus};
  const auto measured =
      MeasureSnpFromSeed({search.after_firmware, search.layout}, actual, count);
  EXPECT_TRUE(measured) << measured.error().ToString();
  search.expected = measured->cells[0].launch_digest;
  std::optional<LaunchFound> best;
  for (size_t i = 0; i < plan.states.size(); ++i) {
    KeepBetter(TrySnpStates(search, plan, i), &best);
  }
  return best;
}

std::optional<LaunchFound> ExplainSnp(const SnpSearch& search,
                                      const SnpLaunch& actual,
                                      uint32_t num_vcpus) {
  return ExplainSnp(search, PlanOfSearch(), actual, num_vcpus);
}

using Differences = std::vector<LaunchDifference>;

TEST(SnpSearch, FindsNothingToChangeInTheLaunchItself) {
  const SnpSearch search = SampleSearch();
  const auto found = ExplainSnp(search, search.launch, 2);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->num_vcpus, 2u);
  EXPECT_EQ(found->differences, Differences());
}

TEST(SnpSearch, FindsTheNumberOfProcessors) {
  const SnpSearch search = SampleSearch();
  EXPECT_EQ(ExplainSnp(search, search.launch, 8)->differences,
            (Differences{{"vcpus", "2", "8"}}));
}

TEST(SnpSearch, FindsOneChangedInput) {
  const SnpSearch search = SampleSearch();
  SnpLaunch actual = search.launch;
  actual.guest_features = 0x21;
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences,
            (Differences{{"guest_features", "0x1 (snp-active)",
                          "0x21 (snp-active,debug-swap)"}}));
  actual = search.launch;
  actual.guest_features = 0xd7ff;  // every named bit
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences.size(), 1u);
  actual = search.launch;
  actual.vcpu_signature = FindVcpuType("EPYC-Genoa").value().signature();
  EXPECT_EQ(
      ExplainSnp(search, actual, 2)->differences,
      (Differences{{"vcpu_type", "0x800f12 (EPYC)", "0xa10f10 (EPYC-Genoa)"}}));
  actual = search.launch;
  actual.era = SnpVmsaEra::kFpuNotSynced;
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences,
            (Differences{{"vmsa_era", "linux-6.10", "before-linux-6.10"}}));
  actual = search.launch;
  actual.kernel_hashes.reset();
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences,
            (Differences{{"kernel_hashes", "on", "off (no kernel measured)"}}));
  actual = search.launch;
  actual.kernel_hashes->cmdline = HashCmdline("console=ttyS0\n");
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences,
            (Differences{{"cmdline", "as given", "with a final new line"}}));
  actual = search.launch;
  actual.vmsa_gpa = 0xffffffffff000;
  EXPECT_EQ(ExplainSnp(search, actual, 2)->differences,
            (Differences{{"vmsa_gpa", "0xfffffffff000", "0xffffffffff000"}}));
}

TEST(SnpSearch, FindsAnotherMonitorAsOneDifference) {
  SnpSearch search = SampleSearch();
  search.launch.kernel_hashes.reset();
  const SnpSearchPlan plan = PlanSnpSearch(search);
  for (const SnpVmm vmm : {SnpVmm::kEc2, SnpVmm::kGce, SnpVmm::kKrun}) {
    SnpLaunch actual = search.launch;
    actual.vmm = vmm;
    const auto found = ExplainSnp(search, plan, actual, 2);
    ASSERT_TRUE(found) << SnpVmmName(vmm);
    ASSERT_EQ(found->differences.size(), 1u) << SnpVmmName(vmm);
    EXPECT_EQ(found->differences[0].found, SnpVmmName(vmm));
  }
}

TEST(SnpSearch, FindsSeveralChangedInputs) {
  const SnpSearch search = SampleSearch();
  SnpLaunch actual = search.launch;
  actual.vcpu_signature = FindVcpuType("EPYC-Turin").value().signature();
  actual.guest_features = 0x221;
  actual.era = SnpVmsaEra::kFpuNotSynced;
  actual.kernel_hashes->initrd = Sha256({});
  const auto found = ExplainSnp(search, actual, 5);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->num_vcpus, 5u);
  EXPECT_EQ(found->differences.size(), 5u);
}

TEST(SnpSearch, FindsAPageOrder) {
  SnpSearch search = SampleSearch();
  SnpSearch sorted = search;
  std::ranges::sort(sorted.layout.sections, {}, &OvmfSection::gpa);
  const uint32_t count[] = {2};
  const auto measured = MeasureSnpFromSeed(
      {search.after_firmware, sorted.layout}, search.launch, count);
  search.expected = measured->cells[0].launch_digest;
  const auto found = TrySnpStates(search, PlanOfSearch(), 0);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->differences,
            (Differences{{"page_order", "firmware, then sections in order",
                          "sections by address"}}));
}

TEST(SnpSearch, FindsNothingForAnotherKernel) {
  const SnpSearch search = SampleSearch();
  SnpLaunch actual = search.launch;
  actual.kernel_hashes->kernel = Sha256Digest();
  EXPECT_FALSE(ExplainSnp(search, actual, 2));
}

TEST(SnpSearch, TriesTheLaunchItselfFirstAndNothingTwice) {
  const SnpSearchPlan& plan = PlanOfSearch();
  EXPECT_TRUE(plan.prefixes.front().differences.empty());
  EXPECT_TRUE(plan.states.front().differences.empty());
  for (size_t i = 1; i < plan.states.size(); ++i) {
    EXPECT_FALSE(plan.states[i].differences.empty()) << i;
  }
  EXPECT_GT(plan.NumCandidates(512), 1000000u);
}

}  // namespace
}  // namespace tally
