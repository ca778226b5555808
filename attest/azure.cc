#include "attest/azure.h"

#include <algorithm>
#include <string>
#include <utility>

#include "attest/azure_paravisor.h"
#include "attest/dcap.h"
#include "attest/tpm_key.h"
#include "attest/tpm_quote.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/azure_evidence.h"
#include "formats/hcl_report.h"
#include "formats/tpm_attest.h"

namespace tally {
namespace {

// ParsedAzure is the evidence with the structures in it. The report views the
// container, which does not move.
struct ParsedAzure {
  AzureEvidence container;
  HclReport report;
  HclRuntimeData runtime;
  TpmQuote quote;
  TpmSignature signature;
};

Status ParseAzure(ByteSpan evidence, ParsedAzure* parsed) {
  TALLY_ASSIGN(parsed->container, ParseAzureEvidence(evidence));
  TALLY_ASSIGN(parsed->report, ParseHclReport(parsed->container.hcl_report));
  if (parsed->report.type != parsed->container.type) {
    return InputError("azure evidence: the hcl report is of " +
                      std::string(HclReportTypeName(parsed->report.type)) +
                      ", the other fields are of " +
                      std::string(HclReportTypeName(parsed->container.type)));
  }
  TALLY_ASSIGN(parsed->runtime,
               ParseHclRuntimeData(parsed->report.runtime_data));
  TALLY_ASSIGN(parsed->quote, ParseTpmQuote(parsed->container.message));
  // The TPM's key has this scheme: az-cvm-vtpm, src/vtpm/mod.rs.
  parsed->signature = {
      .scheme = TpmSignatureScheme::kRsaSsa,
      .hash = HashAlgorithm::kSha256,
      .value = TpmRsaSignature{.sig = parsed->container.signature}};
  return Ok();
}

// AuthenticateHardware gives the VCEK of the evidence to the hardware's check,
// which does not trust it for being there.
Result<Evidence> AuthenticateHardware(const ParsedAzure& parsed,
                                      const AuthenticationInputs& inputs,
                                      std::span<const SnpRoot> roots) {
  if (parsed.container.type == HclReportType::kTdx) {
    return AuthenticateTdx(parsed.container.td_quote, inputs);
  }
  std::vector<CollateralFile> collateral(inputs.collateral.begin(),
                                         inputs.collateral.end());
  collateral.push_back({"vcek of the evidence", parsed.container.vcek});
  return AuthenticateSnp(parsed.report.hardware_report,
                         {.at = inputs.at, .collateral = collateral}, roots);
}

// CheckLevel refuses SNP reports that another level than the paravisor asked
// for: the guest's own system can have those, with report data of its choice.
EvidenceCheck CheckLevel(const Evidence& hardware) {
  const std::optional<uint32_t> vmpl = hardware.claims.vmpl;
  if (vmpl == 0u) return Passed("report level", "VMPL 0, the paravisor's");
  return Failed("report level", "found VMPL " +
                                    (vmpl ? std::to_string(*vmpl) : "none") +
                                    ", expected 0, the paravisor's");
}

EvidenceCheck CheckRuntimeData(const ParsedAzure& parsed,
                               const Evidence& hardware) {
  const Sha256Digest digest = Sha256(parsed.report.runtime_data);
  const Bytes report_data = hardware.claims.report_data.value_or(Bytes());
  if (report_data.size() >= Sha256Digest::kSizeBytes &&
      std::ranges::equal(ByteSpan(report_data).first(Sha256Digest::kSizeBytes),
                         digest.span())) {
    return Passed("runtime data", "its SHA-256 is in the hardware report");
  }
  return Failed("runtime data", "its SHA-256 is " + digest.hex() +
                                    ", the report data " + Hex(report_data));
}

// CheckUserData is what agents of version 2 promise: the nonce is in the
// hardware report as well.
EvidenceCheck CheckUserData(const ParsedAzure& parsed) {
  const Bytes& user_data = parsed.runtime.user_data;
  const Bytes& nonce = parsed.quote.extra_data;
  if (user_data.size() >= nonce.size() &&
      std::equal(nonce.begin(), nonce.end(), user_data.begin())) {
    return Passed("user data", "begins with the quote's nonce");
  }
  return Failed("user data", "found " + Hex(user_data) +
                                 ", expected the quote's nonce " + Hex(nonce) +
                                 " in front");
}

void CheckQuote(const ParsedAzure& parsed, const TpmKey& ak,
                std::vector<EvidenceCheck>& checks) {
  checks.push_back(
      CheckQuoteSignature(ak, parsed.container.message, parsed.signature));
  checks.push_back(CheckPcrDigest(parsed.quote, parsed.signature.hash,
                                  parsed.container.pcrs));
  if (parsed.container.version >= 2) checks.push_back(CheckUserData(parsed));
}

}  // namespace

bool LooksLikeAzure(ByteSpan evidence) {
  return LooksLikeAzureEvidence(evidence);
}

Result<Evidence> AuthenticateAzure(ByteSpan evidence,
                                   const AuthenticationInputs& inputs) {
  return AuthenticateAzure(evidence, inputs, AmdRoots());
}

Result<Evidence> AuthenticateAzure(ByteSpan evidence,
                                   const AuthenticationInputs& inputs,
                                   std::span<const SnpRoot> roots) {
  ParsedAzure parsed;
  TALLY_TRY(ParseAzure(evidence, &parsed));
  TALLY_ASSIGN(const TpmKey ak, TpmKey::FromRsa(parsed.runtime.ak.modulus,
                                                parsed.runtime.ak.exponent));
  TALLY_ASSIGN(const Evidence hardware,
               AuthenticateHardware(parsed, inputs, roots));

  Evidence result;
  const bool is_tdx = parsed.container.type == HclReportType::kTdx;
  result.kind = is_tdx ? EvidenceKind::kAzureTdx : EvidenceKind::kAzureSnp;
  result.summary = "Azure vTPM quote of " +
                   DescribePcrSelection(parsed.quote.pcr_select) + "; " +
                   hardware.summary;
  result.checks = hardware.checks;
  if (!is_tdx) result.checks.push_back(CheckLevel(hardware));
  result.checks.push_back(CheckParavisor(parsed.container.type, hardware));
  result.checks.push_back(CheckRuntimeData(parsed, hardware));
  CheckQuote(parsed, ak, result.checks);

  result.registers = PcrRegisters(parsed.quote, parsed.container.pcrs);
  result.claims = hardware.claims;
  for (AttestedRegister measured : hardware.registers) {
    measured.name = "paravisor_" + measured.name;
    // No release publishes these: a policy names the paravisors it accepts.
    result.claims.identities[measured.name] = measured.value;
    result.registers.push_back(std::move(measured));
  }
  result.claims.nonce = parsed.quote.extra_data;
  result.claims.report_data = parsed.quote.extra_data;
  return result;
}

Result<std::vector<EvidenceField>> DescribeAzure(ByteSpan evidence) {
  ParsedAzure parsed;
  TALLY_TRY(ParseAzure(evidence, &parsed));
  const bool is_tdx = parsed.container.type == HclReportType::kTdx;
  TALLY_ASSIGN(const std::vector<EvidenceField> hardware,
               is_tdx ? DescribeTdx(parsed.container.td_quote)
                      : DescribeSnp(parsed.report.hardware_report));
  std::vector<EvidenceField> fields;
  fields.push_back({.name = "version",
                    .value = std::to_string(parsed.container.version),
                    .note = "of the agent's JSON"});
  for (EvidenceField field : hardware) {
    field.name = (is_tdx ? "td_quote / " : "hcl_report / ") + field.name;
    if (!is_tdx) field.offset += kHclHeaderBytes;
    fields.push_back(std::move(field));
  }
  fields.push_back(
      {.offset = parsed.report.runtime_data_offset,
       .size_bytes = parsed.report.runtime_data.size(),
       .name = "hcl_report / runtime data",
       .value = Quote(AsText(parsed.report.runtime_data)),
       .note = "sha256 " + Sha256(parsed.report.runtime_data).hex()});
  DescribeQuote("tpm_quote / ", parsed.quote, fields);
  fields.push_back({.size_bytes = parsed.container.signature.size(),
                    .name = "tpm_quote / signature",
                    .value = Hex(parsed.container.signature),
                    .note = "RSASSA with sha256, by HCLAkPub"});
  DescribePcrs("tpm_quote / ", parsed.quote, parsed.container.pcrs, fields);
  return fields;
}

}  // namespace tally
