// Match: whether evidence attests one of the published values.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence.h"
#include "attest/policy.h"
#include "attest/published.h"

namespace tally {

// What became of one register.
enum class RegisterOutcome {
  kMatched,       // equal to the published value
  kReplayed,      // follows from the guest's own log; the policy accepts that
  kIgnored,       // the policy says so
  kNotPublished,  // the release says nothing of it; refuses nothing
  kDiffers,
  kMissing,      // published, and the evidence does not have it
  kUnpredicted,  // the release knows no value, and the policy does not ignore
                 // it
};

std::string_view RegisterOutcomeName(RegisterOutcome outcome);  // "matched" …

// Refuses says whether evidence with such a register does not match.
bool Refuses(RegisterOutcome outcome);

struct RegisterVerdict {
  std::string name;
  std::string algorithm;
  RegisterOutcome outcome = RegisterOutcome::kDiffers;
  Bytes expected;      // empty if there is none
  Bytes attested;      // likewise
  std::string reason;  // of the policy, for what is ignored; may be empty

  bool operator==(const RegisterVerdict&) const = default;
};

// TargetVerdict is the comparison with one published target.
struct TargetVerdict {
  PublishedTarget target;
  // Published ones first, in the release's order, then the others.
  std::vector<RegisterVerdict> registers;
  size_t num_matched = 0;
  // No register refuses, and at least one matched.
  bool matches = false;
};

TargetVerdict CompareWithTarget(std::span<const AttestedRegister> registers,
                                const PublishedTarget& target,
                                const MatchPolicy& policy);

// Verdict is the answer. Only what is authentic, allowed and equal is a yes.
struct Verdict {
  bool authentic = false;
  std::vector<EvidenceCheck> policy_checks;
  bool allowed = false;  // no check of the policy failed
  // The target that matches, else the one with the most equal registers, else
  // nothing: no target is of this platform.
  std::optional<TargetVerdict> target;

  bool yes() const {
    return authentic && allowed && target.has_value() && target->matches;
  }
};

struct MatchQuestion {
  std::span<const PublishedTarget> published;
  const MatchPolicy& policy;
  const Freshness& freshness;
};

Verdict MatchEvidence(const Evidence& evidence, const MatchQuestion& question);

}  // namespace tally
