#include "attest/tpm.h"

#include <string>
#include <utility>

#include "attest/guest_event_log.h"
#include "attest/tpm_attestation_key.h"
#include "attest/tpm_quote.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// ParsedTpm is the container with the structures in it.
struct ParsedTpm {
  TpmEvidence container;
  TpmQuote quote;
  TpmSignature signature;
  AttestationKey ak;
};

Result<ParsedTpm> ParseTpm(ByteSpan evidence) {
  TALLY_ASSIGN(TpmEvidence container, ParseTpmEvidence(evidence));
  TALLY_ASSIGN(TpmQuote quote, ParseTpmQuote(container.message));
  TALLY_ASSIGN(TpmSignature signature, ParseTpmSignature(container.signature));
  TALLY_ASSIGN(AttestationKey ak, ReadAttestationKey(container));
  return ParsedTpm{.container = std::move(container),
                   .quote = std::move(quote),
                   .signature = std::move(signature),
                   .ak = std::move(ak)};
}

// CheckScheme holds the signature against the key's own scheme.
EvidenceCheck CheckSignature(const ParsedTpm& parsed) {
  const TpmSignature& signature = parsed.signature;
  if (const auto& area = parsed.ak.public_area; area && area->scheme) {
    const TpmKeyScheme& scheme = *area->scheme;
    if (scheme.scheme != signature.scheme || scheme.hash != signature.hash) {
      return Failed("quote signature",
                    "found " +
                        std::string(TpmSignatureSchemeName(signature.scheme)) +
                        " with " + std::string(HashName(signature.hash)) +
                        ", the key signs only " +
                        std::string(TpmSignatureSchemeName(scheme.scheme)) +
                        " with " + std::string(HashName(scheme.hash)));
    }
  }
  return CheckQuoteSignature(parsed.ak.key, parsed.container.message,
                             signature);
}

EvidenceClaims MakeClaims(const ParsedTpm& parsed) {
  EvidenceClaims claims;
  claims.nonce = parsed.quote.extra_data;
  claims.report_data = parsed.quote.extra_data;
  if (parsed.ak.public_area) {
    claims.identities["ak_name"] = TpmName(*parsed.ak.public_area);
  }
  claims.identities["ak_spki_sha256"] =
      ToBytes(Sha256(parsed.ak.key.spki()).span());
  ByteWriter firmware_version;
  firmware_version.U64Be(parsed.quote.firmware_version);
  claims.identities["firmware_version"] = firmware_version.bytes();
  return claims;
}

void DescribeKey(const AttestationKey& ak, std::vector<EvidenceField>& fields) {
  const auto add = [&fields](std::string name, std::string value) {
    fields.push_back({.name = "attestation key / " + std::move(name),
                      .value = std::move(value)});
  };
  add("key", ak.key.name());
  add("SubjectPublicKeyInfo", Hex(ak.key.spki()));
  if (!ak.public_area) return;
  add("name", Hex(TpmName(*ak.public_area)));
  add("objectAttributes", TpmObjectAttributeNames(ak.public_area->attributes));
  add("authPolicy", Hex(ak.public_area->auth_policy));
}

}  // namespace

bool LooksLikeTpmQuote(ByteSpan evidence) {
  return LooksLikeTpmEvidence(evidence);
}

Result<Evidence> AuthenticateTpm(ByteSpan evidence,
                                 const AuthenticationInputs& inputs) {
  TALLY_ASSIGN(const ParsedTpm parsed, ParseTpm(evidence));
  Evidence result;
  result.kind = EvidenceKind::kTpmQuote;
  result.summary = "TPM quote of " +
                   DescribePcrSelection(parsed.quote.pcr_select) + ", by the " +
                   parsed.ak.key.name() + " attestation key";
  CheckAttestationKey(parsed.ak, parsed.container, inputs, result.checks);
  result.checks.push_back(CheckSignature(parsed));
  result.checks.push_back(CheckPcrDigest(parsed.quote, parsed.signature.hash,
                                         parsed.container.pcrs));
  result.registers = PcrRegisters(parsed.quote, parsed.container.pcrs);
  result.event_log = parsed.container.event_log;
  if (result.event_log) {
    result.checks.push_back(CheckEventLog(*result.event_log, &result));
  }
  result.claims = MakeClaims(parsed);
  return result;
}

Result<std::vector<EvidenceField>> DescribeTpm(ByteSpan evidence) {
  TALLY_ASSIGN(const ParsedTpm parsed, ParseTpm(evidence));
  std::vector<EvidenceField> fields;
  DescribeQuote("message / ", parsed.quote, fields);
  DescribeQuoteSignature("signature / ", parsed.signature, fields);
  DescribeKey(parsed.ak, fields);
  DescribePcrs("pcrs / ", parsed.quote, parsed.container.pcrs, fields);
  if (parsed.container.event_log) {
    fields.push_back(
        {.size_bytes = parsed.container.event_log->size(),
         .name = "event_log",
         .value = "sha256 " + Sha256(*parsed.container.event_log).hex()});
  }
  return fields;
}

}  // namespace tally
