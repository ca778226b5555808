#include "attest/nitro.h"

#include <algorithm>
#include <array>

#include "attest/cbor_description.h"
#include "attest/certificate.h"
#include "common/any_hash.h"
#include "common/text.h"

namespace tally {
namespace {

// SHA-256 of the DER of aws.nitro-enclaves, valid 2019-10-28 to 2049-10-28:
// AWS user guide, "Verifying the root of trust", AWS_NitroEnclaves_Root-G1.
constexpr std::string_view kRoot =
    "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b";

constexpr size_t kHalfSignature = 48;  // r or s on P-384

int64_t TimeOf(const NitroDocument& document) {
  return static_cast<int64_t>(document.timestamp_ms / 1000);
}

EvidenceCheck CheckTime(const NitroDocument& document, int64_t at) {
  const std::string text = "of " + FormatUtcTime(TimeOf(document));
  if (TimeOf(document) <= at + kNitroClockToleranceSeconds) {
    return Passed("document time", text);
  }
  return Failed("document time",
                text + ", which is later than " + FormatUtcTime(at));
}

// Certificates are the leaf and the bundle, as far as they can be parsed.
struct Certificates {
  std::vector<Certificate> leaf;  // one, or none
  std::vector<Certificate> bundle;
  std::optional<EvidenceCheck> failure;
};

Certificates ParseCertificates(const NitroDocument& document) {
  Certificates certificates;
  const auto parse = [&certificates](ByteSpan der, const std::string& name,
                                     std::vector<Certificate>& out) {
    auto parsed = Certificate::FromDer(der);
    if (parsed) {
      out.push_back(std::move(parsed).value());
    } else if (!certificates.failure) {
      certificates.failure =
          Failed("certificates", name + ": " + parsed.error().message());
    }
  };
  parse(document.certificate, "certificate", certificates.leaf);
  for (size_t i = 0; i < document.cabundle.size(); ++i) {
    parse(document.cabundle[i], "cabundle[" + std::to_string(i) + "]",
          certificates.bundle);
  }
  return certificates;
}

EvidenceCheck CheckChain(const Certificates& certificates, int64_t time) {
  const std::string name = "certificate chain";
  const std::array<Sha256Digest, 1> roots = {
      Sha256Digest::FromHex(kRoot).value()};
  const auto chain = VerifyChain(certificates.leaf[0], certificates.bundle,
                                 {.roots = roots, .at = time});
  if (!chain) return Failed(name, chain.error().message());
  return Passed(name, std::to_string(chain->certificates.size()) +
                          " certificates to " +
                          Quote(chain->certificates.back().subject()) +
                          ", valid at the document's time");
}

EvidenceCheck CheckKey(const Certificate& leaf) {
  if (leaf.key() == CertificateKey::kEcP384) {
    return Passed("certificate key", "P-384");
  }
  return Failed("certificate key", "found another kind of key, expected P-384");
}

EvidenceCheck CheckSignature(const NitroDocument& document,
                             const Certificate& leaf) {
  const ByteSpan signature = document.sign1.signature();
  return CheckOf("document signature",
                 leaf.VerifyEcdsa(CoseToBeSigned(document.sign1),
                                  signature.first(kHalfSignature),
                                  signature.subspan(kHalfSignature)),
                 "ES384, by " + Quote(leaf.subject()));
}

std::vector<EvidenceCheck> CheckDocument(const NitroDocument& document,
                                         int64_t at) {
  std::vector<EvidenceCheck> checks = {CheckTime(document, at)};
  const Certificates certificates = ParseCertificates(document);
  if (certificates.failure) {
    checks.push_back(*certificates.failure);
  } else {
    checks.push_back(CheckChain(certificates, TimeOf(document)));
    checks.push_back(CheckKey(certificates.leaf[0]));
    checks.push_back(CheckSignature(document, certificates.leaf[0]));
  }
  checks.push_back(document.pcrs.contains(0)
                       ? Passed("PCR0", "present")
                       : Failed("PCR0", "found none, expected one"));
  return checks;
}

// IsDebug: AWS user guide, "Cryptographic attestation": an enclave in debug
// mode has zeros in PCR0, PCR1 and PCR2. No hash is zero, so one is enough.
bool IsDebug(const NitroDocument& document) {
  return std::ranges::any_of(document.pcrs, [](const auto& pcr) {
    return pcr.first <= 2 && IsZero(pcr.second);
  });
}

std::string_view PcrHashName(ByteSpan pcr) {
  for (const HashAlgorithm algorithm : kHashAlgorithms) {
    if (HashSizeBytes(algorithm) == pcr.size()) return HashName(algorithm);
  }
  return "sha384";
}

std::optional<Bytes> Copy(const std::optional<ByteSpan>& bytes) {
  if (!bytes) return std::nullopt;
  return ToBytes(*bytes);
}

// By number, for keys of the document that are text the number is not used.
constexpr std::array<CborMeaning, 9> kNitroMeanings = {{
    {-1, "module_id", "the instance and the enclave"},
    {-1, "digest", "the hash of the PCRs"},
    {-1, "timestamp", ""},
    {-1, "pcrs", ""},
    {-1, "certificate", ""},
    {-1, "cabundle", ""},
    {-1, "public_key", "for answers that only the enclave can read"},
    {-1, "user_data", "what the enclave put in"},
    {-1, "nonce", "what the enclave was asked with"},
}};

struct PcrMeaning {
  std::string_view field;
  std::string_view note;
};
// AWS user guide, "Cryptographic attestation".
constexpr std::array<PcrMeaning, 6> kPcrs = {{
    {"pcrs / 0", "PCR0: the whole image"},
    {"pcrs / 1", "PCR1: kernel and boot ramdisk"},
    {"pcrs / 2", "PCR2: application"},
    {"pcrs / 3", "PCR3: IAM role of the parent instance"},
    {"pcrs / 4", "PCR4: the parent instance"},
    {"pcrs / 8", "PCR8: the certificate that signed the image"},
}};

std::string NoteOfCertificate(ByteSpan der) {
  const auto certificate = Certificate::FromDer(der);
  if (!certificate) return certificate.error().message();
  return Quote(certificate->subject()) + ", issued by " +
         Quote(certificate->issuer()) + ", valid from " +
         FormatUtcTime(certificate->not_before()) + " to " +
         FormatUtcTime(certificate->not_after());
}

std::string NoteOf(const EvidenceField& field, const NitroDocument& document) {
  const auto* pcr = std::ranges::find(kPcrs, field.name, &PcrMeaning::field);
  if (pcr != kPcrs.end()) return std::string(pcr->note);
  if (field.name == "timestamp") return FormatUtcTime(TimeOf(document));
  if (field.name == "certificate") {
    return "signs the document: " + NoteOfCertificate(document.certificate);
  }
  for (size_t i = 0; i < document.cabundle.size(); ++i) {
    if (field.name == "cabundle[" + std::to_string(i) + "]") {
      return NoteOfCertificate(document.cabundle[i]);
    }
  }
  return field.note;
}

void DescribeWrapper(const NitroDocument& document, ByteSpan evidence,
                     bool is_end, std::vector<EvidenceField>& fields) {
  if (!document.wrapper) return;
  const NitroWrapper& wrapper = *document.wrapper;
  const ByteSpan part = is_end ? evidence.last(wrapper.suffix_bytes)
                               : evidence.first(wrapper.prefix_bytes);
  fields.push_back({.offset = is_end ? evidence.size() - part.size() : 0,
                    .size_bytes = part.size(),
                    .name = is_end ? "wrapper end" : "wrapper",
                    .value = Hex(part),
                    .note = "dstack's attestation, signed by nobody"});
}

}  // namespace

Result<Evidence> AuthenticateNitro(ByteSpan evidence,
                                   const AuthenticationInputs& inputs) {
  TALLY_ASSIGN(const NitroDocument document, ParseNitroDocument(evidence));
  Evidence result{.kind = EvidenceKind::kNitroDocument};
  result.checks = CheckDocument(document, inputs.at);
  for (const auto& [index, value] : document.pcrs) {
    result.registers.push_back({.name = "PCR" + std::to_string(index),
                                .algorithm = std::string(PcrHashName(value)),
                                .value = ToBytes(value)});
  }
  EvidenceClaims& claims = result.claims;
  claims.debug = IsDebug(document);
  claims.nonce = Copy(document.nonce);
  claims.report_data = Copy(document.user_data);
  claims.identities["module_id"] = ToBytes(AsBytes(document.module_id));
  if (document.public_key) {
    claims.identities["public_key"] = ToBytes(*document.public_key);
  }
  result.summary = "AWS Nitro Enclave " + Quote(document.module_id) + ", " +
                   FormatUtcTime(TimeOf(document)) +
                   (*claims.debug ? ", in debug mode" : "");
  return result;
}

Result<std::vector<EvidenceField>> DescribeNitro(ByteSpan evidence) {
  TALLY_ASSIGN(const NitroDocument document, ParseNitroDocument(evidence));
  std::vector<EvidenceField> fields;
  DescribeWrapper(document, evidence, false, fields);
  DescribeCoseStart(document.sign1, "", fields);
  const size_t begin = fields.size();
  DescribeCbor(document.payload, "", kNitroMeanings, fields);
  for (size_t i = begin; i < fields.size(); ++i) {
    fields[i].note = NoteOf(fields[i], document);
  }
  DescribeCoseEnd(document.sign1, "", "r and s, by the certificate's key",
                  fields);
  DescribeWrapper(document, evidence, true, fields);
  return fields;
}

}  // namespace tally
