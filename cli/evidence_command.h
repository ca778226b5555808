// tally evidence: what a piece of evidence says, and whether it is authentic.
#pragma once

#include "cli/console.h"
#include "cli/evidence_inputs.h"

namespace tally {

// RunEvidenceInspect prints every field, without a verdict.
Status RunEvidenceInspect(const EvidenceFlags& flags, Console& console);

struct EvidenceVerifyFlags {
  EvidenceFlags evidence;
  FreshnessFlags freshness;
};
// RunEvidenceVerify checks signatures and, if it was told what to expect,
// freshness: no values, no policy. MismatchError if it is not authentic.
Status RunEvidenceVerify(const EvidenceVerifyFlags& flags, Console& console);

}  // namespace tally
