#include "attest/match.h"

#include <algorithm>
#include <utility>

namespace tally {
namespace {

const AttestedRegister* Find(std::span<const AttestedRegister> registers,
                             const std::string& name,
                             const std::string& algorithm) {
  const auto found =
      std::ranges::find_if(registers, [&](const AttestedRegister& attested) {
        return attested.name == name && attested.algorithm == algorithm;
      });
  return found == registers.end() ? nullptr : &*found;
}

const RegisterRule* RuleFor(const MatchPolicy& policy,
                            const std::string& name) {
  const auto found = policy.registers.find(name);
  return found == policy.registers.end() ? nullptr : &found->second;
}

RegisterOutcome OutcomeOfValue(const PublishedRegister& published,
                               const AttestedRegister* attested) {
  if (published.status == PublishedStatus::kNotPredictable) {
    return RegisterOutcome::kUnpredicted;
  }
  if (attested == nullptr) return RegisterOutcome::kMissing;
  return attested->value == published.value ? RegisterOutcome::kMatched
                                            : RegisterOutcome::kDiffers;
}

RegisterOutcome OutcomeOfReplay(const AttestedRegister* attested) {
  if (attested == nullptr) return RegisterOutcome::kMissing;
  return attested->origin == RegisterOrigin::kReplayed
             ? RegisterOutcome::kReplayed
             : RegisterOutcome::kUnpredicted;
}

RegisterVerdict JudgePublished(const PublishedRegister& published,
                               const AttestedRegister* attested,
                               const RegisterRule* rule) {
  RegisterVerdict verdict = {.name = published.name,
                             .algorithm = published.algorithm,
                             .expected = published.value};
  if (attested != nullptr) verdict.attested = attested->value;
  if (rule == nullptr || rule->use == RegisterUse::kMatch) {
    verdict.outcome = OutcomeOfValue(published, attested);
    return verdict;
  }
  verdict.reason = rule->reason;
  verdict.outcome = rule->use == RegisterUse::kIgnored
                        ? RegisterOutcome::kIgnored
                        : OutcomeOfReplay(attested);
  return verdict;
}

// A register of which the release says nothing refuses only if the policy wants
// it to match or to be replayed.
RegisterVerdict JudgeUnpublished(const AttestedRegister& attested,
                                 const RegisterRule* rule) {
  RegisterVerdict verdict = {.name = attested.name,
                             .algorithm = attested.algorithm,
                             .outcome = RegisterOutcome::kNotPublished,
                             .attested = attested.value};
  if (rule == nullptr) return verdict;
  verdict.reason = rule->reason;
  switch (rule->use) {
    case RegisterUse::kMatch:
      verdict.outcome = RegisterOutcome::kUnpredicted;
      break;
    case RegisterUse::kReplayed:
      verdict.outcome = OutcomeOfReplay(&attested);
      break;
    case RegisterUse::kIgnored:
      verdict.outcome = RegisterOutcome::kIgnored;
      break;
  }
  return verdict;
}

// A register that the policy names, the evidence lacks and nobody published.
void AddMissing(const MatchPolicy& policy, TargetVerdict* verdict) {
  for (const auto& [name, rule] : policy.registers) {
    if (rule.use == RegisterUse::kIgnored) continue;
    if (std::ranges::find(verdict->registers, name, &RegisterVerdict::name) !=
        verdict->registers.end()) {
      continue;
    }
    verdict->registers.push_back(
        {.name = name, .outcome = RegisterOutcome::kMissing});
  }
}

}  // namespace

std::string_view RegisterOutcomeName(RegisterOutcome outcome) {
  switch (outcome) {
    case RegisterOutcome::kMatched:
      return "matched";
    case RegisterOutcome::kReplayed:
      return "replayed";
    case RegisterOutcome::kIgnored:
      return "ignored";
    case RegisterOutcome::kNotPublished:
      return "not published";
    case RegisterOutcome::kDiffers:
      return "differs";
    case RegisterOutcome::kMissing:
      return "missing";
    case RegisterOutcome::kUnpredicted:
      return "not predicted";
  }
  return "differs";
}

bool Refuses(RegisterOutcome outcome) {
  return outcome == RegisterOutcome::kDiffers ||
         outcome == RegisterOutcome::kMissing ||
         outcome == RegisterOutcome::kUnpredicted;
}

TargetVerdict CompareWithTarget(std::span<const AttestedRegister> registers,
                                const PublishedTarget& target,
                                const MatchPolicy& policy) {
  TargetVerdict verdict = {.target = target};
  for (const PublishedRegister& published : target.registers) {
    verdict.registers.push_back(JudgePublished(
        published, Find(registers, published.name, published.algorithm),
        RuleFor(policy, published.name)));
  }
  for (const AttestedRegister& attested : registers) {
    const bool is_published = std::ranges::any_of(
        target.registers, [&](const PublishedRegister& published) {
          return published.name == attested.name &&
                 published.algorithm == attested.algorithm;
        });
    if (is_published) continue;
    verdict.registers.push_back(
        JudgeUnpublished(attested, RuleFor(policy, attested.name)));
  }
  AddMissing(policy, &verdict);
  verdict.num_matched = static_cast<size_t>(std::ranges::count(
      verdict.registers, RegisterOutcome::kMatched, &RegisterVerdict::outcome));
  verdict.matches = verdict.num_matched > 0 &&
                    std::ranges::none_of(verdict.registers, Refuses,
                                         &RegisterVerdict::outcome);
  return verdict;
}

Verdict MatchEvidence(const Evidence& evidence, const MatchQuestion& question) {
  Verdict verdict = {.authentic = evidence.authentic(),
                     .policy_checks = CheckPolicy(evidence, question.policy,
                                                  question.freshness)};
  verdict.allowed = std::ranges::none_of(
      verdict.policy_checks, [](const EvidenceCheck& check) {
        return check.state == CheckState::kFailed;
      });
  for (const PublishedTarget& target : question.published) {
    if (target.platform != PlatformOf(evidence.kind)) continue;
    TargetVerdict candidate =
        CompareWithTarget(evidence.registers, target, question.policy);
    const bool is_better =
        !verdict.target ||
        std::pair(candidate.matches, candidate.num_matched) >
            std::pair(verdict.target->matches, verdict.target->num_matched);
    if (is_better) verdict.target = std::move(candidate);
  }
  return verdict;
}

}  // namespace tally
