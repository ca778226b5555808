// Why evidence does not match a release whose artifacts are at hand: the first
// event at which the boot parted from the prediction, and the inputs of the
// launch that would give the attested values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "attest/match.h"
#include "common/file.h"
#include "common/json.h"
#include "manifests/manifest.h"
#include "measure/launch_difference.h"

namespace tally {

// RegisterWhy is what the search says of one register that differs.
struct RegisterWhy {
  std::string name;
  // Nothing: no launch that was tried gives the attested value. Empty: the
  // release's own artifacts do, so that its measurements.json is wrong.
  std::optional<LaunchDifferences> differences;
  // If nothing: what is left that it can be.
  std::string left;
};

struct MatchWhy {
  // One line for people and its record; empty without a log, or if the log does
  // not tell.
  std::string first_difference;
  Json first_difference_record;
  std::vector<RegisterWhy> registers;
  // Why there is nothing of the above; may be empty.
  std::string why_not;
};

// ReleaseFiles is what is explained from.
struct ReleaseFiles {
  const Manifest& manifest;
  fs::path artifacts;
  fs::path sources;
};

// ExplainMismatch looks at the cell that the verdict is about. What it cannot
// look at, for want of artifacts, is no error but `why_not`.
MatchWhy ExplainMismatch(const ReleaseFiles& files, const Evidence& evidence,
                         const TargetVerdict& verdict);
// The same for a release directory.
MatchWhy ExplainMismatch(const fs::path& release, const Evidence& evidence,
                         const TargetVerdict& verdict);

// MatchWhyText has a line for each thing there is to say; empty for nothing.
std::string MatchWhyText(const MatchWhy& why);

// ExplanationRecords is a list with a record for each register of the search.
Json ExplanationRecords(const MatchWhy& why);

}  // namespace tally
