// The certificates of AMD that go with a report. Only for this folder's .cc
// files.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/certificate.h"
#include "attest/evidence.h"
#include "attest/snp.h"

namespace tally {

// SnpCertificates is what was found, without doubles.
struct SnpCertificates {
  std::vector<Certificate> keys;     // VCEK and VLEK
  std::vector<Certificate> issuers;  // ASK and ARK
  std::vector<RevocationList> revocations;
  // "'vcek.der': certificate is not well-formed DER"
  std::vector<std::string> ignored;
};

// CollectSnpCertificates never fails: what cannot be read is listed. Revocation
// lists in the evidence itself count only if they are current, because a host
// may have an old one without meaning harm.
SnpCertificates CollectSnpCertificates(const SnpEvidence& evidence,
                                       const AuthenticationInputs& inputs);

// "SEV-VCEK" or "SEV-VLEK".
std::string_view SnpKeySubject(SnpSigningKey kind);
// "VCEK" or "VLEK".
std::string_view SnpKeyName(SnpSigningKey kind);
// SnpIssuerName is the common name of the ASK: "SEV-Milan", "SEV-VLEK-Milan".
std::string SnpIssuerName(SnpSigningKey kind, SnpProduct product);

// SnpProductOfKey returns the product whose ASK issued the certificate, by
// name; nothing if that is none of AMD's. A chain proves it.
std::optional<SnpProduct> SnpProductOfKey(const Certificate& key,
                                          SnpSigningKey kind);

// CheckSnpTcb is a MismatchError unless the certificate is for just this TCB
// version.
Status CheckSnpTcb(const Certificate& key, const SnpTcb& tcb,
                   SnpProduct product);

// SnpHardwareId returns the chip that a VCEK is of: 64 bytes, or 8 since Turin;
// nothing if there is none.
std::optional<Bytes> SnpHardwareId(const Certificate& key);
// SnpProvider returns the cloud provider that a VLEK is of.
std::optional<std::string> SnpProvider(const Certificate& key);

// SnpVcekLocation is where AMD serves the VCEK certificate of a report's chip
// and TCB version. A VLEK is given to the cloud provider only.
std::string SnpVcekLocation(const SnpReport& report, SnpProduct product);
// SnpChainLocation is where AMD serves ASK and ARK.
std::string SnpChainLocation(SnpSigningKey kind, SnpProduct product);

}  // namespace tally
