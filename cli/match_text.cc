#include "cli/match_text.h"

#include <algorithm>
#include <vector>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kBetween = " · ";

std::string CheckLine(const EvidenceCheck& check) {
  std::string state(CheckStateName(check.state));
  state.resize(8, ' ');
  return "  " + state + " " + check.name +
         (check.text.empty() ? "" : ": " + check.text) + "\n";
}

std::string CheckLines(std::span<const EvidenceCheck> checks) {
  std::string text;
  for (const EvidenceCheck& check : checks) text += CheckLine(check);
  return text;
}

std::vector<EvidenceCheck> WithState(std::span<const EvidenceCheck> checks,
                                     CheckState state) {
  std::vector<EvidenceCheck> found;
  for (const EvidenceCheck& check : checks) {
    if (check.state == state) found.push_back(check);
  }
  return found;
}

std::string AuthenticText(const Evidence& evidence, Detail detail) {
  const bool authentic = evidence.authentic();
  std::string text =
      (authentic ? "authentic  " : "not authentic  ") + evidence.summary + "\n";
  if (detail == Detail::kFull) return text + CheckLines(evidence.checks);
  return text + CheckLines(WithState(evidence.checks, CheckState::kFailed));
}

std::string PolicyText(const Verdict& verdict, Detail detail) {
  const auto& checks = verdict.policy_checks;
  std::string text = verdict.allowed ? "policy  " : "policy refuses\n";
  if (verdict.allowed) {
    std::vector<std::string> passed;
    for (const EvidenceCheck& check : WithState(checks, CheckState::kPassed)) {
      const bool says_it_all =
          check.text.starts_with("VMPL") || check.text.starts_with(check.name);
      passed.push_back(says_it_all ? check.text
                                   : check.name + " " + check.text);
    }
    text += passed.empty() ? "nothing to check" : Join(passed, kBetween);
    text += "\n";
  }
  if (detail == Detail::kFull) return text + CheckLines(checks);
  return text + CheckLines(WithState(checks, CheckState::kFailed));
}

std::string OutcomeText(const RegisterVerdict& verdict) {
  if (verdict.outcome == RegisterOutcome::kMatched) {
    return verdict.name + " equal";
  }
  std::string text =
      verdict.name + " " + std::string(RegisterOutcomeName(verdict.outcome));
  if (!verdict.reason.empty()) text += " (" + verdict.reason + ")";
  return text;
}

std::string ValueLines(const RegisterVerdict& verdict) {
  const auto value = [](const Bytes& bytes) {
    return bytes.empty() ? std::string("nothing") : Hex(bytes);
  };
  return "  " + verdict.name + "\n    expected  " + value(verdict.expected) +
         "\n    attested  " + value(verdict.attested) + "\n";
}

// Registers of which the release says nothing are many on a TPM.
std::vector<std::string> Outcomes(const TargetVerdict& verdict) {
  std::vector<std::string> outcomes;
  for (const RegisterVerdict& one : verdict.registers) {
    if (one.outcome == RegisterOutcome::kNotPublished) continue;
    outcomes.push_back(OutcomeText(one));
  }
  return outcomes;
}

std::string RegisterText(const TargetVerdict& verdict, Detail detail) {
  std::string text = "registers  " + Join(Outcomes(verdict), ", ") + "\n";
  for (const RegisterVerdict& one : verdict.registers) {
    if (detail == Detail::kFull || Refuses(one.outcome)) {
      text += ValueLines(one);
    }
  }
  return text;
}

std::string MatchLine(const Verdict& verdict) {
  if (!verdict.target) {
    return "does not match  no target of this platform is published\n";
  }
  const std::string target = TargetLine(verdict.target->target) + "\n";
  if (verdict.target->matches) return "matches  " + target;
  return "does not match  nearest is " + target;
}

}  // namespace

std::string TargetLine(const PublishedTarget& target) {
  std::string text;
  if (!target.release_name.empty()) {
    text = target.release_name + " " + target.release_version +
           std::string(kBetween) + "target ";
  }
  return text + TargetText(target);
}

std::string EvidenceText(const Evidence& evidence) {
  return AuthenticText(evidence, Detail::kFull);
}

std::string VerdictText(const Evidence& evidence, const Verdict& verdict,
                        Detail detail, const std::string& why) {
  std::string text = MatchLine(verdict);
  if (verdict.target && (detail == Detail::kFull || !verdict.target->matches)) {
    text += RegisterText(*verdict.target, detail);
  }
  return text + why + AuthenticText(evidence, detail) +
         PolicyText(verdict, detail);
}

void WarnOfUnknown(std::span<const EvidenceCheck> checks, Console& console) {
  for (const EvidenceCheck& check : WithState(checks, CheckState::kUnknown)) {
    console.Warn(check.name + ": " + check.text);
  }
}

}  // namespace tally
