// tally match and tally index.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/evidence_inputs.h"

namespace tally {

struct MatchFlags {
  // EVIDENCE and RELEASE; with `batch` or other published values one is less.
  std::vector<fs::path> positional;
  EvidenceFlags evidence;   // its path is filled from `positional`
  std::string measurement;  // instead of a release
  fs::path index;           // likewise, or beside it for the nearest release
  fs::path policy;
  FreshnessFlags freshness;
  fs::path batch;            // directory of evidence
  unsigned num_threads = 0;  // of a batch; 0: one for each processor
  bool explain = false;
};
Status RunMatch(const MatchFlags& flags, Console& console);

struct IndexFlags {
  std::vector<fs::path> directories;
  fs::path output;
};
Status RunIndex(const IndexFlags& flags, Console& console);

}  // namespace tally
