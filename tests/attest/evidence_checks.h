// What the checks of evidence came to.
#pragma once

#include <string>
#include <vector>

#include "attest/evidence.h"

namespace tally::test {

// NotPassed returns the checks that did not pass, "name: text".
inline std::vector<std::string> NotPassed(const Evidence& evidence) {
  std::vector<std::string> failures;
  for (const EvidenceCheck& check : evidence.checks) {
    if (check.state == CheckState::kPassed) continue;
    failures.push_back(check.name + ": " + check.text);
  }
  return failures;
}

}  // namespace tally::test
