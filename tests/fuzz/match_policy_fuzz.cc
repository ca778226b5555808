// A policy that is accepted has a reason for each register that need not match;
// one that is not says where.
#include "common/check.h"
#include "policy/match_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto policy =
      tally::ParseMatchPolicy(tally::AsText({data, size}), "p.yaml");
  if (!policy) {
    TALLY_CHECK(policy.error().code() == tally::ErrorCode::kInput);
    TALLY_CHECK(policy.error().message().starts_with("p.yaml"));
    return 0;
  }
  TALLY_CHECK(!policy->vmpl.empty());
  for (const auto& [name, rule] : policy->registers) {
    TALLY_CHECK(rule.use == tally::RegisterUse::kMatch || !rule.reason.empty());
  }
  return 0;
}
