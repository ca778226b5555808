// Whose paravisor it is. Anybody can start a guest on genuine hardware that
// claims to be a paravisor and keeps a TPM with any values in it.
#pragma once

#include "attest/evidence.h"
#include "formats/hcl_report.h"

namespace tally {

// CheckParavisor is the check "paravisor". For SNP the report must carry the
// digest of an ID key of Microsoft: the processor starts a guest with it only
// if that key signed the launch digest. For TDX nothing of the kind exists, and
// the check is unknown: a policy or a release must name "paravisor_mrtd".
EvidenceCheck CheckParavisor(HclReportType type, const Evidence& hardware);

}  // namespace tally
