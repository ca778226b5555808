// How current a platform is, by Intel's documents. See docs/evidence/dcap.md.
//
// Follows Intel's SGX-TDX-DCAP-QuoteVerificationLibrary, commit 7e5b2a13:
// Checks/TcbLevelCheck.cpp, TdxModuleCheck.cpp, TDRelaunchCheck.cpp and
// EnclaveReportVerifier.cpp. The functions judge what the documents say;
// whether these are genuine and current is for the caller.
#pragma once

#include <string>
#include <vector>

#include "common/result.h"
#include "formats/dcap_quote.h"
#include "formats/pck_extension.h"
#include "formats/pcs_documents.h"

namespace tally {

struct TcbVerdict {
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;  // each once

  bool operator==(const TcbVerdict&) const = default;
};

// MatchQeIdentity is a MismatchError unless the report is of the enclave that
// the document describes and of a level that it has.
Result<TcbVerdict> MatchQeIdentity(const QeIdentity& identity,
                                   const SgxReport& qe_report);

// MatchTdxModule is a MismatchError unless the TDX module is signed as the
// document says. Without a document, only Intel's own modules pass.
Status MatchTdxModule(const TcbInfo* info, const TdReport& td);

// MatchTcbLevel finds the platform's level, of the TDX module as well if there
// is a `td`, and converges it with that of the quoting enclave. MismatchError
// if no level is low enough.
Result<TcbVerdict> MatchTcbLevel(const TcbInfo& info, const PckExtension& pck,
                                 const TdReport* td, const TcbVerdict& qe);

}  // namespace tally
