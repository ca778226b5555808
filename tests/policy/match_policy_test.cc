#include "policy/match_policy.h"

#include <gtest/gtest.h>

#include "formats/pcs_documents.h"

namespace tally {
namespace {

std::string Refusal(const std::string& text) {
  const auto policy = ParseMatchPolicy(text, "p.yaml");
  return policy ? "accepted" : policy.error().ToString();
}

TEST(ParseMatchPolicy, HasDefaultsThatRefuse) {
  const auto policy = ParseMatchPolicy("tally_policy: 1\n", "p.yaml");
  ASSERT_TRUE(policy) << policy.error().ToString();
  EXPECT_FALSE(policy->allow_debug);
  EXPECT_FALSE(policy->allow_migration);
  EXPECT_EQ(policy->vmpl, std::set<uint32_t>{0});
}

TEST(ParseMatchPolicy, ReadsEveryKey) {
  const auto policy = ParseMatchPolicy(R"(
tally_policy: 1
allow_debug: true
allow_migration: true
vmpl: [0, 2]
require_nonce: true
identities:
  host_data: ["0102", ffee]
minimum_tcb:
  microcode: 115
tcb_statuses: [UpToDate, SWHardeningNeeded]
advisories: [INTEL-SA-00289]
registers:
  rtmr0: {use: ignored, reason: "ACPI tables of the host"}
  rtmr3: {use: replayed, reason: "application events"}
  mrtd: {use: match}
)",
                                       "p.yaml");
  ASSERT_TRUE(policy) << policy.error().ToString();
  EXPECT_TRUE(policy->allow_debug);
  EXPECT_TRUE(policy->allow_migration);
  EXPECT_TRUE(policy->require_nonce);
  EXPECT_EQ(policy->vmpl, (std::set<uint32_t>{0, 2}));
  EXPECT_EQ(policy->identities.at("host_data"),
            (std::vector<Bytes>{{1, 2}, {0xff, 0xee}}));
  EXPECT_EQ(policy->minimum_tcb,
            (std::vector<TcbComponent>{{"microcode", 115}}));
  EXPECT_EQ(policy->tcb_statuses,
            (std::set<std::string>{"UpToDate", "SWHardeningNeeded"}));
  EXPECT_EQ(policy->advisories, (std::set<std::string>{"INTEL-SA-00289"}));
  EXPECT_EQ(policy->registers.at("rtmr0").use, RegisterUse::kIgnored);
  EXPECT_EQ(policy->registers.at("rtmr0").reason, "ACPI tables of the host");
  EXPECT_EQ(policy->registers.at("rtmr3").use, RegisterUse::kReplayed);
  EXPECT_EQ(policy->registers.at("mrtd").use, RegisterUse::kMatch);
}

TEST(ParseMatchPolicy, RejectsWithThePlace) {
  EXPECT_EQ(Refusal("allow_debug: false\n"),
            "p.yaml:1:1: found no key 'tally_policy' in a policy, expected "
            "one");
  EXPECT_EQ(Refusal("tally_policy: 2\n"),
            "p.yaml:1:15: found '2', expected a number without quotes, "
            "1 to 1");
  EXPECT_EQ(Refusal("tally_policy: 1\nallow_debgu: true\n"),
            "p.yaml:2:1: found unknown key 'allow_debgu' in a policy, expected "
            "one of tally_policy, allow_debug, allow_migration, vmpl, "
            "require_nonce, identities, minimum_tcb, tcb_statuses, advisories, "
            "registers (did you mean 'allow_debug'?)");
  EXPECT_EQ(Refusal("tally_policy: 1\nvmpl: []\n"),
            "p.yaml:2:7: found no level, expected one or more");
  EXPECT_EQ(Refusal("tally_policy: 1\nvmpl: [0, 0]\n"),
            "p.yaml:2:11: found '0', expected each once");
  EXPECT_EQ(Refusal("tally_policy: 1\nidentities: {host_data: [XY]}\n"),
            "p.yaml:2:26: found 'XY', expected bytes in lower-case "
            "hexadecimal, two digits each");
  EXPECT_EQ(Refusal("tally_policy: 1\nidentities: {host_data: []}\n"),
            "p.yaml:2:14: found no value, expected one or more");
  EXPECT_EQ(Refusal("tally_policy: 1\nidentities: [a]\n"),
            "p.yaml:2:13: found a list, expected a map from claims to allowed "
            "values");
  EXPECT_EQ(Refusal("tally_policy: 1\nminimum_tcb: {\"a b\": 1}\n"),
            "p.yaml:2:15: found key 'a b', expected the name of a claim");
  EXPECT_EQ(
      Refusal("tally_policy: 1\nregisters: {rtmr0: {use: ignored}}\n"),
      "p.yaml:2:20: found no key 'reason' in a rule for a register, expected "
      "one");
  EXPECT_EQ(Refusal("tally_policy: 1\ntcb_statuses: [UptoDate]\n"),
            "p.yaml:2:16: found 'UptoDate', expected one of UpToDate, "
            "SWHardeningNeeded, ConfigurationNeeded, "
            "ConfigurationAndSWHardeningNeeded, OutOfDate, "
            "OutOfDateConfigurationNeeded, TDRelaunchAdvised, "
            "TDRelaunchAdvisedConfigurationNeeded, unknown (did you mean "
            "'UpToDate'?)");
}

TEST(ParseMatchPolicy, KnowsEveryStatusThatAQuoteCanHave) {
  for (const TcbStatus status :
       {TcbStatus::kUpToDate, TcbStatus::kSwHardeningNeeded,
        TcbStatus::kConfigurationNeeded,
        TcbStatus::kConfigurationAndSwHardeningNeeded, TcbStatus::kOutOfDate,
        TcbStatus::kOutOfDateConfigurationNeeded, TcbStatus::kTdRelaunchAdvised,
        TcbStatus::kTdRelaunchAdvisedConfigurationNeeded}) {
    const std::string name(TcbStatusName(status));
    const auto policy = ParseMatchPolicy(
        "tally_policy: 1\ntcb_statuses: [" + name + "]\n", "p.yaml");
    ASSERT_TRUE(policy) << policy.error().ToString();
    EXPECT_EQ(policy->tcb_statuses, std::set<std::string>{name});
  }
  EXPECT_NE(Refusal("tally_policy: 1\ntcb_statuses: [Revoked]\n"), "accepted");
}

}  // namespace
}  // namespace tally
