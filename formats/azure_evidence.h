// Evidence of Azure's confidential VMs as Confidential Containers' agents send
// it: the paravisor's report, a quote of its TPM, and what vouches for the
// hardware report.
//
// Follows trustee, commit 78962cd416dcc8a32f9377e0066a28fe21420f69,
// deps/verifier/src/az_snp_vtpm/compat.rs and az_tdx_vtpm/compat.rs, versions 0
// to 2. See docs/evidence/azure.md.
#pragma once

#include <cstdint>
#include <vector>

#include "common/bytes.h"
#include "formats/hcl_report.h"

namespace tally {

inline constexpr size_t kMaxAzureEvidenceBytes = size_t{1} << 20;

struct AzureEvidence {
  int64_t version = 0;
  HclReportType type = HclReportType::kSnp;
  Bytes hcl_report;
  // For TDX the TD's quote; for SNP the VCEK certificate, DER or (version 0)
  // PEM.
  Bytes td_quote;
  Bytes vcek;
  // The quote: TPMS_ATTEST, an RSASSA signature without a structure around it,
  // and the values of the PCRs that the message selects.
  Bytes message;
  Bytes signature;
  std::vector<Bytes> pcrs;

  bool operator==(const AzureEvidence&) const = default;
};

// LooksLikeAzureEvidence says whether the bytes are a JSON object with the
// fields of a version. It does not say that they are well formed.
bool LooksLikeAzureEvidence(ByteSpan file);

// ParseAzureEvidence reads the object, not what the fields hold. Unknown fields
// are refused.
Result<AzureEvidence> ParseAzureEvidence(ByteSpan file);

}  // namespace tally
