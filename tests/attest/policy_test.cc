#include "attest/policy.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tally {
namespace {

EvidenceCheck Checked(const Evidence& evidence, const std::string& name,
                      const MatchPolicy& policy = {},
                      const Freshness& freshness = {}) {
  const std::vector<EvidenceCheck> checks =
      CheckPolicy(evidence, policy, freshness);
  const auto found = std::ranges::find(checks, name, &EvidenceCheck::name);
  return found == checks.end() ? Unknown(name, "no such check") : *found;
}

TEST(CheckPolicy, RefusesDebugAndMigrationUnlessAllowed) {
  Evidence evidence;
  evidence.claims.debug = true;
  evidence.claims.migration = true;
  EXPECT_EQ(Checked(evidence, "debug"),
            Failed("debug", "found debug on, expected it off"));
  EXPECT_EQ(Checked(evidence, "migration"),
            Failed("migration", "found migration on, expected it off"));
  EXPECT_EQ(Checked(evidence, "debug", {.allow_debug = true}),
            Passed("debug", "debug on, which the policy allows"));
  evidence.claims.debug = false;
  EXPECT_EQ(Checked(evidence, "debug"), Passed("debug", "debug off"));
}

TEST(CheckPolicy, TakesVmpl0OnlyUnlessOthersAreListed) {
  Evidence evidence;
  evidence.claims.vmpl = 1;
  EXPECT_EQ(Checked(evidence, "vmpl"),
            Failed("vmpl", "found VMPL 1, expected 0"));
  MatchPolicy policy;
  policy.vmpl = {1, 2};
  EXPECT_EQ(Checked(evidence, "vmpl", policy), Passed("vmpl", "VMPL 1"));
}

TEST(CheckPolicy, WantsEachListedIdentity) {
  MatchPolicy policy;
  policy.identities["host_data"] = {{1, 2}, {3, 4}};
  Evidence evidence;
  EXPECT_EQ(Checked(evidence, "host_data", policy),
            Failed("host_data", "the evidence has no 'host_data'"));
  evidence.claims.identities["host_data"] = {3, 5};
  EXPECT_EQ(
      Checked(evidence, "host_data", policy),
      Failed("host_data", "found 0305, expected one that the policy lists"));
  evidence.claims.identities["host_data"] = {3, 4};
  EXPECT_EQ(Checked(evidence, "host_data", policy),
            Passed("host_data", "0304"));
}

TEST(CheckPolicy, WantsToKnowTheParavisorOfATdxGuestOnAzure) {
  Evidence evidence = {.kind = EvidenceKind::kAzureTdx};
  evidence.claims.identities["paravisor_mrtd"] = {1};
  EXPECT_EQ(Checked(evidence, "paravisor"),
            Failed("paravisor",
                   "nothing says whose paravisor it is, expected "
                   "'paravisor_mrtd' in the policy's identities"));
  MatchPolicy policy;
  policy.identities["paravisor_mrtd"] = {{1}};
  EXPECT_EQ(Checked(evidence, "paravisor_mrtd", policy),
            Passed("paravisor_mrtd", "01"));
  EXPECT_EQ(Checked(evidence, "paravisor", policy).text, "no such check");
}

TEST(CheckPolicy, ComparesTheTcbComponentByComponent) {
  MatchPolicy policy;
  policy.minimum_tcb = {{"snp", 8}, {"microcode", 100}};
  Evidence evidence;
  evidence.claims.tcb = {{"snp", 255}, {"microcode", 99}};
  EXPECT_EQ(Checked(evidence, "tcb snp", policy), Passed("tcb snp", "255"));
  EXPECT_EQ(Checked(evidence, "tcb microcode", policy),
            Failed("tcb microcode", "found 99, expected 100 or more"));
  policy.minimum_tcb = {{"fmc", 1}};
  EXPECT_EQ(Checked(evidence, "tcb fmc", policy),
            Failed("tcb fmc", "the evidence has no such component"));
}

TEST(CheckPolicy, HoldsTheTcbStatusAgainstTheList) {
  Evidence evidence;
  evidence.claims.tcb_status = "OutOfDate";
  evidence.claims.advisories = {"INTEL-SA-00289"};
  EXPECT_EQ(Checked(evidence, "tcb status"),
            Failed("tcb status",
                   "found 'OutOfDate', expected one of UpToDate, unknown"));
  MatchPolicy policy;
  policy.tcb_statuses = {"OutOfDate"};
  EXPECT_EQ(Checked(evidence, "tcb status", policy),
            Passed("tcb status", "OutOfDate"));
  policy.advisories.emplace();
  EXPECT_EQ(Checked(evidence, "advisories", policy),
            Failed("advisories",
                   "found INTEL-SA-00289, which the policy does not list"));
  policy.advisories->insert("INTEL-SA-00289");
  EXPECT_EQ(Checked(evidence, "advisories", policy).state, CheckState::kPassed);
  evidence.claims.tcb_status = "unknown";
  EXPECT_EQ(Checked(evidence, "tcb status").state, CheckState::kUnknown);
}

TEST(CheckPolicy, ComparesTheNonceAndFillsItUpWithZeros) {
  Evidence evidence;
  evidence.claims.nonce = Bytes{1, 2, 0, 0};
  EXPECT_EQ(Checked(evidence, "nonce", {}, {.nonce = Bytes{1, 2}}),
            Passed("nonce", "equals what was expected"));
  EXPECT_EQ(Checked(evidence, "nonce", {}, {.nonce = Bytes{1}}),
            Failed("nonce", "found 01020000, expected 01"));
  EXPECT_EQ(Checked(evidence, "nonce", {}, {.nonce = Bytes{1, 2, 0, 0, 0}}),
            Failed("nonce", "found 01020000, expected 0102000000"));
  EXPECT_EQ(Checked(evidence, "report data", {}, {.report_data = Bytes{1}}),
            Failed("report data", "the evidence has none, expected 01"));
}

TEST(CheckPolicy, SaysThatFreshnessWasNotLookedAt) {
  EXPECT_EQ(Checked({}, "nonce").state, CheckState::kUnknown);
  EXPECT_EQ(Checked({}, "nonce", {.require_nonce = true}).state,
            CheckState::kFailed);
}

}  // namespace
}  // namespace tally
