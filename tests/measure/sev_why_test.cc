#include "measure/sev_why.h"

#include <gtest/gtest.h>

#include "measure/vcpu_types.h"
#include "tests/support/make_ovmf.h"

namespace tally {
namespace {

constexpr std::string_view kCmdline = "console=ttyS0";

SevHashes Hashes(std::string_view cmdline) {
  return HashKernelInputs(AsBytes("kernel"), AsBytes("initrd"), cmdline);
}

SevLaunch Launch(ByteSpan firmware, SevMode mode) {
  return {.firmware = firmware,
          .mode = mode,
          .vcpu_signature = FindVcpuType("EPYC-v4").value().signature(),
          .kernel_hashes = Hashes(kCmdline)};
}

std::optional<LaunchFound> SearchSev(const SevLaunch& given,
                                     uint32_t given_vcpus,
                                     const SevLaunchDigest& expected) {
  const SevSearch search{.expected = expected,
                         .launch = given,
                         .num_vcpus = given_vcpus,
                         .cmdline = std::string(kCmdline),
                         .max_vcpus = 8};
  const SevSearchPlan plan = PlanSevSearch(search);
  std::optional<LaunchFound> best;
  for (size_t part = 0; part < plan.NumParts(); ++part) {
    KeepBetter(TrySevPart(search, plan, part), &best);
  }
  return best;
}

// ExplainSev searches for the digest of `actual` with `num_vcpus`, where
// `given` with two was thought to be launched.
LaunchDifferences ExplainSev(const SevLaunch& given, const SevLaunch& actual,
                             uint32_t num_vcpus) {
  const uint32_t count[] = {num_vcpus};
  const auto measured = MeasureSev(actual, count);
  EXPECT_TRUE(measured) << measured.error().ToString();
  const auto found = SearchSev(given, 2, measured->cells[0].launch_digest);
  EXPECT_TRUE(found);
  return found ? found->differences
               : LaunchDifferences{{"nothing found", "", ""}};
}

TEST(SevSearch, FindsNothingToChangeInTheLaunchItself) {
  const Bytes firmware = test::MakeOvmf();
  for (const SevMode mode : {SevMode::kSev, SevMode::kSevEs}) {
    const SevLaunch launch = Launch(firmware, mode);
    EXPECT_EQ(ExplainSev(launch, launch, 2), LaunchDifferences());
  }
}

TEST(SevSearch, FindsOneChangedInput) {
  const Bytes firmware = test::MakeOvmf();
  const SevLaunch launch = Launch(firmware, SevMode::kSevEs);
  EXPECT_EQ(ExplainSev(launch, launch, 8),
            (LaunchDifferences{{"vcpus", "2", "8"}}));
  SevLaunch actual = launch;
  actual.vcpu_signature = FindVcpuType("EPYC-Genoa").value().signature();
  EXPECT_EQ(ExplainSev(launch, actual, 2),
            (LaunchDifferences{
                {"vcpu_type", "0x800f12 (EPYC)", "0xa10f10 (EPYC-Genoa)"}}));
  actual = launch;
  actual.era = SnpVmsaEra::kFpuNotSynced;
  EXPECT_EQ(
      ExplainSev(launch, actual, 2),
      (LaunchDifferences{{"vmsa_era", "linux-6.10", "before-linux-6.10"}}));
  actual = launch;
  actual.kernel_hashes.reset();
  EXPECT_EQ(
      ExplainSev(launch, actual, 2),
      (LaunchDifferences{{"kernel_hashes", "on", "off (no kernel measured)"}}));
  actual = launch;
  actual.kernel_hashes = Hashes("console=ttyS0\n");
  EXPECT_EQ(
      ExplainSev(launch, actual, 2),
      (LaunchDifferences{{"cmdline", "as given", "with a final new line"}}));
}

TEST(SevSearch, FindsTheOtherMode) {
  const Bytes firmware = test::MakeOvmf();
  const SevLaunch sev = Launch(firmware, SevMode::kSev);
  const SevLaunch es = Launch(firmware, SevMode::kSevEs);
  EXPECT_EQ(ExplainSev(es, sev, 2),
            (LaunchDifferences{{"mode", "sev-es", "sev"}}));
  EXPECT_EQ(ExplainSev(sev, es, 2),
            (LaunchDifferences{{"mode", "sev", "sev-es"}}));
}

// Linux before 6.9 switches debug-swap on: MeasureSev has no such launch.
TEST(SevSearch, FindsDebugSwapOfAnSevEsGuest) {
  const Bytes firmware = test::MakeOvmf();
  SevLaunch launch = Launch(firmware, SevMode::kSevEs);
  launch.kernel_hashes.reset();
  const VmsaFacts facts{.vcpu_signature = launch.vcpu_signature,
                        .guest_features = 0x20};
  Sha256Hasher hasher;
  hasher.Update(firmware);
  hasher.Update(EncodeVmsa(InitialVmsa(facts, kBootEip)));
  const auto found =
      SearchSev(launch, 1, SevLaunchDigest(hasher.Finish().array()));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->differences,
            (LaunchDifferences{
                {"guest_features", "0x0 (none)", "0x20 (debug-swap)"}}));
}

TEST(SevSearch, FindsAnImageWithItsVariableStore) {
  const Bytes code = test::MakeOvmf();
  for (const size_t vars_bytes : {size_t{0x20000}, size_t{0x84000}}) {
    Bytes whole(vars_bytes, 0xff);
    whole.insert(whole.end(), code.begin(), code.end());
    const LaunchDifferences differences = ExplainSev(
        Launch(whole, SevMode::kSevEs), Launch(code, SevMode::kSevEs), 2);
    ASSERT_EQ(differences.size(), 1u) << vars_bytes;
    EXPECT_EQ(differences[0].input, "firmware");
  }
}

TEST(SevSearch, OfAnyFirmwareTriesSevOnly) {
  const Bytes firmware = {1, 2, 3};
  const SevSearchPlan plan =
      PlanSevSearch({.launch = {.firmware = firmware}, .max_vcpus = 8});
  EXPECT_EQ(plan.NumCandidates(8), 1u);
  EXPECT_EQ(plan.NumParts(), 1u);
}

TEST(SevSearch, FindsNothingForAnotherKernel) {
  const Bytes firmware = test::MakeOvmf();
  const SevLaunch launch = Launch(firmware, SevMode::kSevEs);
  SevLaunch actual = launch;
  actual.kernel_hashes->kernel = Sha256Digest();
  const uint32_t count[] = {2};
  EXPECT_FALSE(
      SearchSev(launch, 2, MeasureSev(actual, count)->cells[0].launch_digest));
}

TEST(SevSearch, TriesNothingTwice) {
  const Bytes firmware = test::MakeOvmf();
  const SevSearchPlan plan =
      PlanSevSearch({.launch = Launch(firmware, SevMode::kSevEs),
                     .num_vcpus = 1,
                     .cmdline = std::string(kCmdline)});
  EXPECT_TRUE(plan.prefixes.front().differences.empty());
  EXPECT_TRUE(plan.states.front().differences.empty());
  for (size_t i = 0; i < plan.states.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      EXPECT_FALSE(plan.states[i].first == plan.states[k].first &&
                   plan.states[i].other == plan.states[k].other)
          << k << " and " << i;
    }
  }
  EXPECT_GT(plan.NumCandidates(512), 20000u);
}

}  // namespace
}  // namespace tally
