// Quotes of a TPM: PCR values that an attestation key signed.
//
// Follows the TPM 2.0 Library Specification, revision 1.59, Part 1, section 17
// and Part 3, section 18.4 (TPM2_Quote). No maker's key is pinned: who vouches
// for the attestation key is told by the collateral. See docs/evidence/tpm.md.
#pragma once

#include <span>
#include <vector>

#include "attest/evidence.h"
#include "common/bytes.h"
#include "formats/tpm_evidence.h"

namespace tally {

// LooksLikeTpmQuote says whether the bytes are the container of
// formats/tpm_evidence.h.
bool LooksLikeTpmQuote(ByteSpan evidence);

// AuthenticateTpm checks the container. InputError only if it, or a structure
// in it, cannot be parsed; everything else is a failed check. The attestation
// key is trusted if the collateral has it (PEM, TPM2B_PUBLIC or TPMT_PUBLIC),
// or if a certificate of it chains to a self-signed one of the collateral.
Result<Evidence> AuthenticateTpm(ByteSpan evidence,
                                 const AuthenticationInputs& inputs);

// DescribeTpm lists what the container holds, without any check. Offsets are
// into each structure.
Result<std::vector<EvidenceField>> DescribeTpm(ByteSpan evidence);

// MakeTpmEvidence puts the files of tpm2-tools together, whatever their names:
// tpm2_quote's message, signature (in the format "tss") and PCRs, the key as
// tpm2_createak or tpm2_readpublic wrote it or in PEM, certificates of the key,
// an event log. InputError for a file that is none of these or there twice, and
// for a missing one.
Result<TpmEvidence> MakeTpmEvidence(std::span<const CollateralFile> files);

}  // namespace tally
