#include "attest/policy.h"

#include <algorithm>
#include <utility>

#include "common/text.h"

namespace tally {
namespace {

std::string Words(const std::set<std::string>& words) {
  return Join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

EvidenceCheck OffUnlessAllowed(const std::string& name, bool is_on,
                               bool is_allowed) {
  if (!is_on) return Passed(name, name + " off");
  if (is_allowed) return Passed(name, name + " on, which the policy allows");
  return Failed(name, "found " + name + " on, expected it off");
}

void CheckDebugAndMigration(const EvidenceClaims& claims,
                            const MatchPolicy& policy,
                            std::vector<EvidenceCheck>* checks) {
  if (claims.debug) {
    checks->push_back(
        OffUnlessAllowed("debug", *claims.debug, policy.allow_debug));
  }
  if (claims.migration) {
    checks->push_back(OffUnlessAllowed("migration", *claims.migration,
                                       policy.allow_migration));
  }
}

void CheckVmpl(const EvidenceClaims& claims, const MatchPolicy& policy,
               std::vector<EvidenceCheck>* checks) {
  if (!claims.vmpl) return;
  const std::string found = std::to_string(*claims.vmpl);
  if (policy.vmpl.contains(*claims.vmpl)) {
    checks->push_back(Passed("vmpl", "VMPL " + found));
    return;
  }
  std::vector<std::string> expected;
  for (const uint32_t level : policy.vmpl) {
    expected.push_back(std::to_string(level));
  }
  checks->push_back(Failed(
      "vmpl", "found VMPL " + found + ", expected " + Join(expected, " or ")));
}

// On Azure with TDX nothing signed says whose paravisor keeps the TPM: whoever
// has a TDX machine could start one that quotes what he likes.
void CheckParavisor(const Evidence& evidence, const MatchPolicy& policy,
                    std::vector<EvidenceCheck>* checks) {
  if (evidence.kind != EvidenceKind::kAzureTdx) return;
  if (policy.identities.contains("paravisor_mrtd")) return;
  checks->push_back(Failed("paravisor",
                           "nothing says whose paravisor it is, expected "
                           "'paravisor_mrtd' in the policy's identities"));
}

void CheckIdentities(const EvidenceClaims& claims, const MatchPolicy& policy,
                     std::vector<EvidenceCheck>* checks) {
  for (const auto& [name, allowed] : policy.identities) {
    const auto found = claims.identities.find(name);
    if (found == claims.identities.end()) {
      checks->push_back(Failed(name, "the evidence has no '" + name + "'"));
    } else if (std::ranges::find(allowed, found->second) == allowed.end()) {
      checks->push_back(Failed(name, "found " + Hex(found->second) +
                                         ", expected one that the policy "
                                         "lists"));
    } else {
      checks->push_back(Passed(name, Hex(found->second)));
    }
  }
}

// Component by component: numbers packed into one do not compare.
void CheckMinimumTcb(const EvidenceClaims& claims, const MatchPolicy& policy,
                     std::vector<EvidenceCheck>* checks) {
  for (const TcbComponent& minimum : policy.minimum_tcb) {
    const std::string name = "tcb " + minimum.name;
    const auto found =
        std::ranges::find(claims.tcb, minimum.name, &TcbComponent::name);
    if (found == claims.tcb.end()) {
      checks->push_back(Failed(name, "the evidence has no such component"));
      continue;
    }
    const std::string text = std::to_string(found->svn);
    checks->push_back(found->svn >= minimum.svn
                          ? Passed(name, text)
                          : Failed(name, "found " + text + ", expected " +
                                             std::to_string(minimum.svn) +
                                             " or more"));
  }
}

void CheckTcbStatus(const EvidenceClaims& claims, const MatchPolicy& policy,
                    std::vector<EvidenceCheck>* checks) {
  if (!claims.tcb_status) return;
  const std::string& status = *claims.tcb_status;
  if (!policy.tcb_statuses.contains(status)) {
    checks->push_back(Failed("tcb status", "found '" + status +
                                               "', expected one of " +
                                               Words(policy.tcb_statuses)));
  } else if (status == "unknown") {
    checks->push_back(Unknown(
        "tcb status", "unknown: no collateral says whether it is up to date"));
  } else {
    checks->push_back(Passed("tcb status", status));
  }
  if (!policy.advisories) return;
  for (const std::string& advisory : claims.advisories) {
    if (policy.advisories->contains(advisory)) continue;
    checks->push_back(Failed("advisories", "found " + advisory +
                                               ", which the policy does not "
                                               "list"));
    return;
  }
  checks->push_back(Passed("advisories", "none that the policy does not list"));
}

// A claim shorter than its field is filled up with zeros by its makers.
bool EqualsPadded(const Bytes& claim, const Bytes& expected) {
  if (claim.size() < expected.size()) return false;
  const auto tail = claim.begin() + static_cast<ptrdiff_t>(expected.size());
  return std::equal(expected.begin(), expected.end(), claim.begin()) &&
         std::all_of(tail, claim.end(), [](uint8_t byte) { return byte == 0; });
}

EvidenceCheck CheckFresh(const std::string& name, const Bytes& expected,
                         const std::optional<Bytes>& claim) {
  if (!claim) {
    return Failed(name, "the evidence has none, expected " + Hex(expected));
  }
  if (!EqualsPadded(*claim, expected)) {
    return Failed(name, "found " + Hex(*claim) + ", expected " + Hex(expected));
  }
  return Passed(name, "equals what was expected");
}

}  // namespace

std::vector<EvidenceCheck> CheckFreshness(const EvidenceClaims& claims,
                                          const Freshness& freshness) {
  std::vector<EvidenceCheck> checks;
  if (freshness.nonce) {
    checks.push_back(CheckFresh("nonce", *freshness.nonce, claims.nonce));
  }
  if (freshness.report_data) {
    checks.push_back(
        CheckFresh("report data", *freshness.report_data, claims.report_data));
  }
  if (checks.empty()) {
    checks.push_back(
        Unknown("nonce", "not looked at: no nonce or report data was given"));
  }
  return checks;
}

std::vector<EvidenceCheck> CheckPolicy(const Evidence& evidence,
                                       const MatchPolicy& policy,
                                       const Freshness& freshness) {
  std::vector<EvidenceCheck> checks;
  CheckDebugAndMigration(evidence.claims, policy, &checks);
  CheckVmpl(evidence.claims, policy, &checks);
  CheckParavisor(evidence, policy, &checks);
  CheckIdentities(evidence.claims, policy, &checks);
  CheckMinimumTcb(evidence.claims, policy, &checks);
  CheckTcbStatus(evidence.claims, policy, &checks);
  for (EvidenceCheck& check : CheckFreshness(evidence.claims, freshness)) {
    if (policy.require_nonce && check.state == CheckState::kUnknown) {
      check.state = CheckState::kFailed;
    }
    checks.push_back(std::move(check));
  }
  return checks;
}

}  // namespace tally
