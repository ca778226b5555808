// Evidence of Azure's confidential VMs: hardware vouches for a paravisor, the
// paravisor's TPM for what booted.
//
// Follows openvmm (openhcl_attestation_protocol) and trustee (az_snp_vtpm,
// az_tdx_vtpm). See docs/evidence/azure.md.
#pragma once

#include <span>
#include <vector>

#include "attest/evidence.h"
#include "attest/snp.h"
#include "common/bytes.h"

namespace tally {

// LooksLikeAzure says whether the bytes are JSON evidence as agents of
// Confidential Containers send it.
bool LooksLikeAzure(ByteSpan evidence);

// AuthenticateAzure checks the chain: the hardware report is authentic (by
// AuthenticateSnp or AuthenticateTdx), it carries the hash of the runtime data,
// the key in there signed the quote, and the quote is of these PCR values.
// InputError only for what cannot be parsed. Registers are "pcr0" … of the TPM,
// and the hardware's own with "paravisor_" in front: they measure the
// paravisor.
Result<Evidence> AuthenticateAzure(ByteSpan evidence,
                                   const AuthenticationInputs& inputs);

// The same with other roots than AMD's, for tests.
Result<Evidence> AuthenticateAzure(ByteSpan evidence,
                                   const AuthenticationInputs& inputs,
                                   std::span<const SnpRoot> roots);

// DescribeAzure lists the fields of all parts, without any check. Offsets are
// into each part.
Result<std::vector<EvidenceField>> DescribeAzure(ByteSpan evidence);

}  // namespace tally
