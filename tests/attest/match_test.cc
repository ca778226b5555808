#include "attest/match.h"

#include <gtest/gtest.h>

#include "attest/match_record.h"
#include "common/text.h"

namespace tally {
namespace {

// A guest with two registers that hardware signed.
Evidence Guest() {
  Evidence evidence = {.kind = EvidenceKind::kTdxQuote};
  evidence.checks = {Passed("quote signature", "")};
  evidence.registers = {{"mrtd", "sha384", Bytes(48, 1)},
                        {"rtmr0", "sha384", Bytes(48, 2)}};
  evidence.claims.debug = false;
  evidence.claims.nonce = Bytes{7, 7, 0, 0};
  return evidence;
}

PublishedTarget Published() {
  return {.release_name = "gateway",
          .release_version = "1.4.0",
          .target = "tdx",
          .platform = "tdx",
          .registers = {{"mrtd", "sha384", Bytes(48, 1)},
                        {"rtmr0", "sha384", Bytes(48, 2)}}};
}

Verdict Match(const Evidence& evidence, const PublishedTarget& target,
              const MatchPolicy& policy = {}, const Freshness& fresh = {}) {
  const PublishedTarget targets[] = {target};
  return MatchEvidence(
      evidence, {.published = targets, .policy = policy, .freshness = fresh});
}

std::vector<RegisterOutcome> Outcomes(const Verdict& verdict) {
  std::vector<RegisterOutcome> outcomes;
  for (const RegisterVerdict& one : verdict.target->registers) {
    outcomes.push_back(one.outcome);
  }
  return outcomes;
}

using enum RegisterOutcome;

TEST(MatchEvidence, SaysYesIfAllRegistersAreEqual) {
  const Verdict verdict = Match(Guest(), Published());
  EXPECT_TRUE(verdict.yes());
  EXPECT_EQ(Outcomes(verdict), (std::vector{kMatched, kMatched}));
}

TEST(MatchEvidence, NeverSaysYesToWhatIsNotAuthentic) {
  Evidence evidence = Guest();
  evidence.checks.push_back(Failed("chain", "another root"));
  const Verdict verdict = Match(evidence, Published());
  EXPECT_TRUE(verdict.target->matches);
  EXPECT_FALSE(verdict.yes());
}

TEST(MatchEvidence, RefusesARegisterThatDiffersOrIsMissing) {
  PublishedTarget target = Published();
  target.registers[1].value = Bytes(48, 3);
  EXPECT_EQ(Outcomes(Match(Guest(), target)),
            (std::vector{kMatched, kDiffers}));
  target.registers[1].name = "rtmr1";
  const Verdict verdict = Match(Guest(), target);
  EXPECT_FALSE(verdict.yes());
  EXPECT_EQ(Outcomes(verdict),
            (std::vector{kMatched, kMissing, kNotPublished}));
}

TEST(MatchEvidence, ComparesRegistersOfOneAlgorithmOnly) {
  PublishedTarget target = Published();
  target.registers[1].algorithm = "sha256";
  EXPECT_FALSE(Match(Guest(), target).yes());
}

TEST(MatchEvidence, RefusesWhatTheReleaseCannotPredictUnlessItIsIgnored) {
  PublishedTarget target = Published();
  target.registers[1] = {.name = "rtmr0",
                         .algorithm = "sha384",
                         .status = PublishedStatus::kNotPredictable};
  EXPECT_EQ(Outcomes(Match(Guest(), target)),
            (std::vector{kMatched, kUnpredicted}));
  MatchPolicy policy;
  policy.registers["rtmr0"] = {.use = RegisterUse::kIgnored,
                               .reason = "ACPI tables differ"};
  const Verdict verdict = Match(Guest(), target, policy);
  EXPECT_TRUE(verdict.yes());
  EXPECT_EQ(verdict.target->registers[1].reason, "ACPI tables differ");
}

TEST(MatchEvidence, AcceptsAReplayedRegisterOnlyIfALogWasReplayed) {
  MatchPolicy policy;
  policy.registers["rtmr0"] = {.use = RegisterUse::kReplayed, .reason = "log"};
  Evidence evidence = Guest();
  EXPECT_FALSE(Match(evidence, Published(), policy).yes());
  evidence.registers[1].origin = RegisterOrigin::kReplayed;
  const Verdict verdict = Match(evidence, Published(), policy);
  EXPECT_TRUE(verdict.yes());
  EXPECT_EQ(Outcomes(verdict), (std::vector{kMatched, kReplayed}));
}

TEST(MatchEvidence, WantsARegisterThatThePolicyNamesThoughNobodyPublishedIt) {
  MatchPolicy policy;
  policy.registers["rtmr3"] = {.use = RegisterUse::kMatch};
  const Verdict verdict = Match(Guest(), Published(), policy);
  EXPECT_FALSE(verdict.yes());
  EXPECT_EQ(Outcomes(verdict), (std::vector{kMatched, kMatched, kMissing}));
}

TEST(MatchEvidence, DoesNotMatchIfNothingWasCompared) {
  PublishedTarget target = Published();
  target.registers.clear();
  EXPECT_FALSE(Match(Guest(), target).yes());
  MatchPolicy policy;
  for (const char* name : {"mrtd", "rtmr0"}) {
    policy.registers[name] = {.use = RegisterUse::kIgnored, .reason = "x"};
  }
  EXPECT_FALSE(Match(Guest(), Published(), policy).yes());
}

TEST(MatchEvidence, LooksAtTargetsOfThePlatformOnlyAndFindsTheNearest) {
  PublishedTarget far = Published();
  far.registers[0].value = Bytes(48, 9);
  far.registers[1].value = Bytes(48, 9);
  PublishedTarget near = Published();
  near.target = "near";
  near.registers[1].value = Bytes(48, 9);
  PublishedTarget other = Published();
  other.platform = "sev-snp";
  const PublishedTarget targets[] = {far, other, near};
  const Verdict verdict = MatchEvidence(
      Guest(), {.published = targets, .policy = {}, .freshness = {}});
  EXPECT_FALSE(verdict.yes());
  EXPECT_EQ(verdict.target->target.target, "near");
  const PublishedTarget only_other[] = {other};
  EXPECT_FALSE(
      MatchEvidence(Guest(),
                    {.published = only_other, .policy = {}, .freshness = {}})
          .target.has_value());
}

TEST(VerdictRecord, SaysWhatBecameOfEachRegister) {
  const Evidence evidence = Guest();
  const Json record = VerdictRecord(evidence, Match(evidence, Published()));
  EXPECT_EQ(record.Find("matches")->Canonical(), "true");
  const std::string ones = Hex(Bytes(48, 1));
  EXPECT_EQ(
      record.Find("target")->Find("registers")->array()->front().Canonical(),
      R"({"algorithm":"sha384","attested":")" + ones + R"(","expected":")" +
          ones + R"(","name":"mrtd","outcome":"matched","reason":null})");
}

}  // namespace
}  // namespace tally
