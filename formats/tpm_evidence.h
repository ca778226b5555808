// One file for a TPM's quote and what belongs to it: message, signature, key,
// PCR values, and perhaps certificates and an event log.
//
// The format is this project's own: strict JSON, described in
// docs/formats/tpm-quote.md with a recipe that makes it from tpm2-tools' files.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/tpm_attest.h"

namespace tally {

// More than the largest event log that a firmware hands over, in base64.
inline constexpr size_t kMaxTpmEvidenceBytes = size_t{16} << 20;
inline constexpr size_t kMaxTpmAkCertificates = 8;

struct TpmEvidence {
  Bytes message;    // TPMS_ATTEST
  Bytes signature;  // TPMT_SIGNATURE
  // The attestation key: one of the two.
  std::optional<Bytes> ak_public;  // TPM2B_PUBLIC
  std::optional<std::string> ak_pem;
  // DER: one with the attestation key, and those between it and a root.
  std::vector<Bytes> ak_certificates;
  // One for each PCR that the message selects, in the message's order.
  std::vector<Bytes> pcrs;
  std::optional<Bytes> event_log;

  bool operator==(const TpmEvidence&) const = default;
};

// LooksLikeTpmEvidence says whether the bytes are a JSON object that calls
// itself a TPM quote. It does not say that the object is well formed.
bool LooksLikeTpmEvidence(ByteSpan file);

// ParseTpmEvidence reads the container, not what it contains.
Result<TpmEvidence> ParseTpmEvidence(ByteSpan file);

// FormatTpmEvidence writes what ParseTpmEvidence reads, with every field.
std::string FormatTpmEvidence(const TpmEvidence& evidence);

}  // namespace tally
