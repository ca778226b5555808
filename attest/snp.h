// Attestation reports of AMD SEV-SNP: is this report by the firmware of a
// genuine AMD processor, and of what guest?
//
// Follows AMD 56860 (SEV-SNP Firmware ABI), "ATTESTATION_REPORT Structure", and
// AMD 57230 (VCEK Certificate and KDS Interface). See docs/evidence/snp.md.
#pragma once

#include <span>
#include <vector>

#include "attest/certificate.h"
#include "attest/evidence.h"
#include "common/bytes.h"
#include "formats/snp_certificate_table.h"
#include "formats/snp_report.h"

namespace tally {

// SnpEvidence is a report and what may stand behind it in the same file: the
// certificate table of an extended request.
struct SnpEvidence {
  SnpReport report;
  std::vector<SnpCertificateEntry> certificates;  // of the evidence's bytes
};

// ParseSnpEvidence is an InputError if the report or the table behind it is
// malformed, or something else is behind it. The bytes must outlive the result.
Result<SnpEvidence> ParseSnpEvidence(ByteSpan evidence);

// LooksLikeSnpReport says whether the bytes begin like a report of a known
// version.
bool LooksLikeSnpReport(ByteSpan evidence);

// AuthenticateSnp is an InputError only if the evidence is malformed; what does
// not hold is a failed check. Certificates are looked for in the evidence and
// in the collateral: DER, PEM, several in a file, certificate tables (what
// Linux calls auxblob). Collateral of others is ignored.
Result<Evidence> AuthenticateSnp(ByteSpan evidence,
                                 const AuthenticationInputs& inputs);

// SnpRoot is an AMD root key (ARK) that is trusted for one line of processors.
struct SnpRoot {
  SnpProduct product = SnpProduct::kMilan;
  Sha256Digest sha256;  // of the certificate's DER
};
std::span<const SnpRoot> AmdRoots();

// The same with other roots than AMD's, for tests.
Result<Evidence> AuthenticateSnp(ByteSpan evidence,
                                 const AuthenticationInputs& inputs,
                                 std::span<const SnpRoot> roots);

// VerifySnpSignature is an InputError if the report is malformed, and a
// MismatchError unless it is signed by the key of the certificate.
Status VerifySnpSignature(ByteSpan report, const Certificate& certificate);

// DescribeSnp returns every field of the report, and the entries of a
// certificate table.
Result<std::vector<EvidenceField>> DescribeSnp(ByteSpan evidence);

}  // namespace tally
