// MatchPolicy: what authentic evidence must be, besides matching.
//
// People write it as YAML (policy/match_policy.h reads that); what is not said
// has the defaults here, which refuse.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attest/evidence.h"

namespace tally {

// What becomes of a register.
enum class RegisterUse {
  kMatch,     // must be the value that the release publishes
  kReplayed,  // must follow from the guest's own log, which hardware signed
  kIgnored,
};

struct RegisterRule {
  RegisterUse use = RegisterUse::kMatch;
  std::string reason;  // why it may be ignored
};

struct MatchPolicy {
  bool allow_debug = false;
  bool allow_migration = false;
  std::set<uint32_t> vmpl = {0};
  // Claims by name; each one listed must be there with one of the values.
  std::map<std::string, std::vector<Bytes>> identities;
  // Each component listed must be there and at least this.
  std::vector<TcbComponent> minimum_tcb;
  // "unknown" is what a quote has for which no collateral was given.
  std::set<std::string> tcb_statuses = {"UpToDate", "unknown"};
  // Advisories that may apply; empty optional: any that the status allows.
  std::optional<std::set<std::string>> advisories;
  // By register name; others must match if the release publishes them.
  std::map<std::string, RegisterRule> registers;
  // Whether evidence without a nonce that the caller chose is enough.
  bool require_nonce = false;
};

// Freshness is what the caller knows that the guest must have put in. Each is
// compared with the claim of its name.
struct Freshness {
  std::optional<Bytes> nonce;
  std::optional<Bytes> report_data;
};

// CheckFreshness compares what was given with the claims; a claim may be filled
// up with zeros behind it. If nothing was given, that is one Unknown check.
std::vector<EvidenceCheck> CheckFreshness(const EvidenceClaims& claims,
                                          const Freshness& freshness);

// CheckPolicy holds the claims of authentic evidence against the policy, and
// its freshness: a check for each rule that applies to this kind of evidence.
// Registers are not looked at. Unknown is only freshness that nobody asked for
// where the policy does not require it, and a TCB without collateral.
std::vector<EvidenceCheck> CheckPolicy(const Evidence& evidence,
                                       const MatchPolicy& policy,
                                       const Freshness& freshness);

}  // namespace tally
