// Who vouches for the key of a TPM's quote.
#pragma once

#include <optional>

#include "attest/evidence.h"
#include "attest/tpm_key.h"
#include "formats/tpm_evidence.h"
#include "formats/tpm_public.h"

namespace tally {

// AttestationKey is the key that evidence names.
struct AttestationKey {
  TpmKey key;
  // With TPM2B_PUBLIC alone: its attributes say what else it may sign.
  std::optional<TpmPublic> public_area;
};

// ReadAttestationKey is an InputError for a key of another kind.
Result<AttestationKey> ReadAttestationKey(const TpmEvidence& evidence);

// CheckAttestationKey appends "attestation key" (does the collateral vouch for
// it), for a certificate "revocation", and where a public area is known
// "attestation key attributes": whether the TPM signs with it nothing that did
// not come from itself. That is unknown if only the evidence says so.
void CheckAttestationKey(const AttestationKey& ak, const TpmEvidence& evidence,
                         const AuthenticationInputs& inputs,
                         std::vector<EvidenceCheck>& checks);

}  // namespace tally
