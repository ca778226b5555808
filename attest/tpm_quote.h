// What is true of every TPM's quote, whoever vouches for the key: the
// signature, and the PCR values that the signed digest is of.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attest/evidence.h"
#include "attest/tpm_key.h"
#include "formats/tpm_attest.h"

namespace tally {

// CheckQuoteSignature is the check "quote signature".
EvidenceCheck CheckQuoteSignature(const TpmKey& key, ByteSpan message,
                                  const TpmSignature& signature);

// CheckPcrDigest is the check "PCR digest": whether the quote's pcrDigest is
// the hash (that of the signature: Part 3, section 18.4) of `pcrs`, the values
// of SelectedPcrs(quote.pcr_select).
EvidenceCheck CheckPcrDigest(const TpmQuote& quote, HashAlgorithm hash,
                             std::span<const Bytes> pcrs);

// PcrRegisters returns "pcr0" and so on for the banks of SHA-256 and more; a
// value of a SHA-1 bank identifies nothing. Empty unless there is one value of
// the right size for each selected PCR.
std::vector<AttestedRegister> PcrRegisters(const TpmQuote& quote,
                                           std::span<const Bytes> pcrs);

// DescribePcrSelection returns "sha256: 0-7, 11; sha384: 0".
std::string DescribePcrSelection(std::span<const TpmPcrBank> banks);

// DescribeQuote appends the fields of a TPMS_ATTEST, their names after
// `prefix`. Offsets are into the structure.
void DescribeQuote(const std::string& prefix, const TpmQuote& quote,
                   std::vector<EvidenceField>& fields);
void DescribeQuoteSignature(const std::string& prefix,
                            const TpmSignature& signature,
                            std::vector<EvidenceField>& fields);
void DescribePcrs(const std::string& prefix, const TpmQuote& quote,
                  std::span<const Bytes> pcrs,
                  std::vector<EvidenceField>& fields);

}  // namespace tally
