// Collateral for quotes of Intel's: what the Provisioning Certification Service
// publishes, in the forms in which tools keep it.
//
// Recognised by content:
//   {"tcbInfo": …, "signature": …}           TCB info, as the service sends it
//   {"enclaveIdentity": …, "signature": …}   identity of a quoting enclave
//   {"tcb_info": …, "tcb_info_signature": …} all in one, as dcap-qvl has it
//   certificates                             PEM, also percent-encoded, or DER
//   revocation lists                         PEM, DER or DER in hexadecimal
// Certificates may be in any file, in any order: the issuer chains of the
// documents are responses' headers, and no two tools store them alike.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "attest/certificate.h"
#include "attest/evidence.h"
#include "formats/pcs_documents.h"

namespace tally {

struct TcbInfoDocument {
  std::string file;
  SignedDocument document;
  TcbInfo info;
};

struct QeIdentityDocument {
  std::string file;
  SignedDocument document;
  QeIdentity identity;
};

struct DcapCollateral {
  std::vector<TcbInfoDocument> tcb_infos;
  std::vector<QeIdentityDocument> qe_identities;
  std::vector<Certificate> certificates;  // Intel's, each once
  std::vector<RevocationList> revocations;
  // A failed check for each file that is of one of the forms and broken, an
  // unknown one for each that is of none.
  std::vector<EvidenceCheck> checks;
};

DcapCollateral ReadDcapCollateral(std::span<const CollateralFile> files);

// VerifySignedDocument is a MismatchError unless one of `certificates` is
// Intel's for signing TCB info, in a chain that meets `rules`, and the
// document's signature is by it.
Status VerifySignedDocument(const SignedDocument& document,
                            std::span<const Certificate> certificates,
                            const ChainRules& rules);

}  // namespace tally
