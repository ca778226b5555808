// The records of evidence and of verdicts: what `tally match --json` prints and
// the C interface returns (docs/schemas/output-match.schema.json).
#pragma once

#include <span>

#include "attest/match.h"
#include "common/json.h"

namespace tally {

Json CheckRecords(std::span<const EvidenceCheck> checks);

// EvidenceRecord has kind, summary, checks, claims and registers.
Json EvidenceRecord(const Evidence& evidence);

// VerdictRecord is the whole answer.
Json VerdictRecord(const Evidence& evidence, const Verdict& verdict);

}  // namespace tally
