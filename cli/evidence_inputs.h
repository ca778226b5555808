// What the commands about evidence begin with: the evidence, what was given
// beside it, the time.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attest/certificate_cache.h"
#include "attest/policy.h"
#include "attest/technologies.h"
#include "common/file.h"

namespace tally {

struct FreshnessFlags {
  std::optional<std::string> nonce;        // hex
  std::optional<std::string> report_data;  // hex
  fs::path report_data_file;
};
Result<Freshness> ReadFreshness(const FreshnessFlags& flags);

struct EvidenceFlags {
  fs::path evidence;
  std::string kind;  // empty: by its form
  std::string at;    // empty: now
  std::vector<fs::path> collateral;
  fs::path event_log;  // empty: none but what is in the evidence
};

// EvidenceContext is the same for every piece of evidence of a run.
struct EvidenceContext {
  std::optional<EvidenceKind> kind;
  int64_t at = 0;
  std::vector<CollateralFile> collateral;
  std::shared_ptr<CertificateCache> certificates =
      std::make_shared<CertificateCache>();
  // The guest's, for the one piece of evidence that there is.
  std::optional<Bytes> event_log;

  AuthenticationInputs inputs() const {
    return {
        .at = at, .collateral = collateral, .certificates = certificates.get()};
  }
};

// OpenEvidenceContext reads the clock, unless `--at` says the time, and every
// file of the collateral (files, or directories of files).
Result<EvidenceContext> OpenEvidenceContext(const EvidenceFlags& flags);

// LoadedEvidence is one piece of evidence.
struct LoadedEvidence {
  EvidenceKind kind = EvidenceKind::kSnpReport;
  Bytes bytes;
};

// LoadEvidence reads a file; hexadecimal and base64 text is decoded. A
// directory has the files of a TPM's quote, as tpm2-tools wrote them.
Result<LoadedEvidence> LoadEvidence(const fs::path& path,
                                    const EvidenceContext& context);

// AuthenticateFile loads and authenticates one file or directory, and holds the
// event log that was given beside it against its registers.
Result<Evidence> AuthenticateFile(const fs::path& path,
                                  const EvidenceContext& context);

}  // namespace tally
