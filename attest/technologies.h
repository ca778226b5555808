// Technologies: one table from a kind of evidence to who understands it.
#pragma once

#include <vector>

#include "attest/evidence.h"

namespace tally {

// RecognizeEvidence says what kind of evidence the bytes are, by their form
// alone. InputError if they look like none.
Result<EvidenceKind> RecognizeEvidence(ByteSpan evidence);

// Authenticate checks the vendor's signatures. InputError: the bytes are not
// well-formed evidence of this kind. What is well-formed and not authentic is a
// value, with the checks that failed.
Result<Evidence> Authenticate(EvidenceKind kind, ByteSpan evidence,
                              const AuthenticationInputs& inputs);

// Describe returns every field, without any verdict.
Result<std::vector<EvidenceField>> Describe(EvidenceKind kind,
                                            ByteSpan evidence);

}  // namespace tally
