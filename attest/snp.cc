#include "attest/snp.h"

#include <algorithm>
#include <array>
#include <utility>

#include "attest/snp_certificates.h"
#include "common/text.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

// AMD 56860, "Guest Policy".
constexpr uint64_t kPolicyMigrateMa = uint64_t{1} << 18;
constexpr uint64_t kPolicyDebug = uint64_t{1} << 19;

SnpSigningKey KindOf(const SnpReport& report) {
  return report.signing_key == static_cast<uint8_t>(SnpSigningKey::kVlek)
             ? SnpSigningKey::kVlek
             : SnpSigningKey::kVcek;
}

// ProductFor returns the product by which the TCB is read. A report of version
// 2 does not say it, so its certificate does; without one, a chip id with 8
// bytes is of Turin.
SnpProduct ProductFor(const SnpReport& report, const Certificate* key) {
  if (const auto product = report.product()) return *product;
  if (key != nullptr) {
    if (const auto product = SnpProductOfKey(*key, KindOf(report))) {
      return *product;
    }
  }
  const bool is_turin_like =
      !IsZero(report.chip_id) && IsZero(ByteSpan(report.chip_id).subspan(8));
  return report.cpuid.family > 0x19 || is_turin_like ? SnpProduct::kTurin
                                                     : SnpProduct::kMilan;
}

EvidenceCheck CheckSigningKey(const SnpReport& report) {
  const std::string name = "signing key";
  if (report.mask_chip_key) {
    return Failed(name,
                  "MASK_CHIP_KEY is set: the host lets the firmware sign "
                  "nothing");
  }
  switch (report.signing_key) {
    case static_cast<uint8_t>(SnpSigningKey::kVcek):
      return Passed(name, "VCEK, the key of the chip");
    case static_cast<uint8_t>(SnpSigningKey::kVlek):
      return Passed(name, "VLEK, the key of the cloud provider");
    case static_cast<uint8_t>(SnpSigningKey::kNone):
      return Failed(name, "none: the report is not signed");
    default:
      return Failed(name, "found " + std::to_string(report.signing_key) +
                              ", expected 0 (VCEK) or 1 (VLEK)");
  }
}

EvidenceCheck CheckAuthorKey(const SnpReport& report) {
  const std::string name = "author key";
  const bool is_zero = IsZero(report.author_key_digest);
  if (report.author_key_en && is_zero) {
    return Failed(name, "AUTHOR_KEY_EN is set, but AUTHOR_KEY_DIGEST is zero");
  }
  if (!report.author_key_en && !is_zero) {
    return Failed(name,
                  "AUTHOR_KEY_EN is not set, but AUTHOR_KEY_DIGEST is not "
                  "zero");
  }
  return Passed(name, report.author_key_en ? "vouches for the ID key" : "none");
}

EvidenceCheck CheckProduct(const SnpReport& report,
                           std::optional<SnpProduct> certified) {
  const std::string name = "product";
  const std::string cpuid = "CPUID family " + HexNumber(report.cpuid.family) +
                            " model " + HexNumber(report.cpuid.model);
  const std::optional<SnpProduct> product = report.product();
  if (report.version >= 3 && !product) {
    return Failed(name, cpuid + " is not Milan, Genoa or Turin");
  }
  if (product && certified && *product != *certified) {
    return Failed(name, "the certificate is of " +
                            std::string(SnpProductName(*certified)) + ", " +
                            cpuid + " is " +
                            std::string(SnpProductName(*product)));
  }
  if (product) {
    return Passed(name, std::string(SnpProductName(*product)) + ", " + cpuid);
  }
  if (certified) {
    return Passed(name, std::string(SnpProductName(*certified)) +
                            ", by the certificate; version 2 has no CPUID");
  }
  return Failed(name, "version 2 has no CPUID, and no certificate says it");
}

EvidenceCheck MissingKey(const SnpReport& report) {
  const SnpProduct product = ProductFor(report, nullptr);
  const std::string tcb = "TCB " + SnpTcbText(report.reported_tcb, product);
  if (KindOf(report) == SnpSigningKey::kVlek) {
    return Failed("VLEK certificate",
                  "missing, needed for " + tcb +
                      "; the cloud provider hands it to its guests");
  }
  const std::string name = "VCEK certificate";
  if (IsZero(report.chip_id)) {
    return Failed(name, "missing, needed for " + tcb +
                            " and a chip whose id the host masks; the host has "
                            "it");
  }
  std::string text = "missing, needed for chip " + Hex(report.chip_id) + ", " +
                     tcb + "; AMD has it at " +
                     SnpVcekLocation(report, product);
  if (report.version < 3) text += ", or in the place of Genoa";
  return Failed(name, text);
}

EvidenceCheck CheckKeyCertificate(const Certificate& key, SnpSigningKey kind,
                                  std::optional<SnpProduct> product) {
  const std::string name = std::string(SnpKeyName(kind)) + " certificate";
  if (key.key() != CertificateKey::kEcP384) {
    return Failed(name, "its key is not on P-384");
  }
  if (!product) {
    return Failed(name, "its issuer is " + Quote(key.issuer()) +
                            ", expected an ASK of AMD, such as " +
                            Quote(SnpIssuerName(kind, SnpProduct::kMilan)));
  }
  return Passed(name, "of " + Quote(key.issuer()) + ", good from " +
                          FormatUtcTime(key.not_before()) + " to " +
                          FormatUtcTime(key.not_after()));
}

EvidenceCheck CheckChip(const Certificate& key, const SnpReport& report) {
  const std::string name = "chip of the certificate";
  const std::optional<Bytes> id = SnpHardwareId(key);
  if (!id) return Failed(name, "the certificate does not say its chip");
  if (IsZero(report.chip_id)) {
    return Unknown(
        name,
        "CHIP_ID is masked by the host; the certificate is of " + Hex(*id));
  }
  Bytes padded = *id;
  if (padded.size() < report.chip_id.size()) {
    padded.resize(report.chip_id.size());
  }
  if (!std::ranges::equal(padded, report.chip_id)) {
    return Failed(name, "the certificate is of chip " + Hex(*id) +
                            ", the report of " + Hex(report.chip_id));
  }
  return Passed(name, Hex(*id));
}

EvidenceCheck CheckProvider(const Certificate& key) {
  const std::string name = "provider of the certificate";
  if (SnpHardwareId(key)) {
    return Failed(name, "the VLEK certificate is of a chip, expected none");
  }
  const std::optional<std::string> provider = SnpProvider(key);
  if (!provider) {
    return Failed(name, "the VLEK certificate does not say whose it is");
  }
  return Passed(name, Quote(*provider));
}

// ChainChecks are the chain itself and then revocation, each by itself, so that
// a list that is out of date does not hide a chain that holds.
std::vector<EvidenceCheck> ChainChecks(const Certificate& key,
                                       SnpSigningKey kind, SnpProduct product,
                                       const SnpCertificates& certificates,
                                       std::span<const SnpRoot> roots,
                                       int64_t at) {
  std::vector<Sha256Digest> digests;
  for (const SnpRoot& root : roots) {
    if (root.product == product) digests.push_back(root.sha256);
  }
  const std::string name = "certificate chain";
  const auto chain =
      VerifyChain(key, certificates.issuers, {.roots = digests, .at = at});
  if (!chain) {
    return {Failed(name, chain.error().message() + "; AMD has ASK and ARK at " +
                             SnpChainLocation(kind, product))};
  }
  std::vector<std::string> names;
  for (const Certificate& certificate : chain->certificates) {
    names.push_back(certificate.subject());
  }
  std::vector<EvidenceCheck> checks = {
      Passed(name, Join(names, ", ") + ", at " + FormatUtcTime(at))};

  const auto revocable = VerifyChain(
      key, certificates.issuers,
      {.roots = digests, .at = at, .revocations = certificates.revocations});
  const std::string& ark = names.back();
  if (!revocable) {
    checks.push_back(Failed("revocation", revocable.error().message()));
  } else if (std::ranges::find(revocable->without_revocations, ark) !=
             revocable->without_revocations.end()) {
    checks.push_back(
        Unknown("revocation", "no list of " + Quote(ark) + " was given"));
  } else {
    checks.push_back(Passed("revocation", "the current list of " + Quote(ark) +
                                              " does not name the ASK"));
  }
  return checks;
}

// Signer is a certificate, and whether its key signed the report.
struct Signer {
  const Certificate* certificate = nullptr;
  Status signature = Ok();
};

std::vector<EvidenceCheck> KeyChecks(const SnpReport& report,
                                     const Signer& signer,
                                     const SnpCertificates& certificates,
                                     std::span<const SnpRoot> roots,
                                     int64_t at) {
  const Certificate& key = *signer.certificate;
  const SnpSigningKey kind = KindOf(report);
  const std::optional<SnpProduct> certified = SnpProductOfKey(key, kind);
  const SnpProduct product = ProductFor(report, &key);
  std::vector<EvidenceCheck> checks = {
      CheckKeyCertificate(key, kind, certified)};
  std::ranges::move(ChainChecks(key, kind, certified.value_or(product),
                                certificates, roots, at),
                    std::back_inserter(checks));
  checks.push_back(CheckProduct(report, certified));
  checks.push_back(CheckOf("TCB of the certificate",
                           CheckSnpTcb(key, report.reported_tcb, product),
                           SnpTcbText(report.reported_tcb, product)));
  checks.push_back(kind == SnpSigningKey::kVcek ? CheckChip(key, report)
                                                : CheckProvider(key));
  checks.push_back(CheckOf(
      "report signature", signer.signature,
      "ECDSA P-384 with SHA-384, by the " + std::string(SnpKeyName(kind))));
  return checks;
}

// FindSigner returns the certificate whose key signed the report, or else the
// first of the right kind, so that the checks can say what is wrong with it.
Signer FindSigner(const SnpReport& report, ByteSpan report_bytes,
                  const SnpCertificates& certificates) {
  const std::string_view subject = SnpKeySubject(KindOf(report));
  Signer first;
  for (const Certificate& key : certificates.keys) {
    if (key.subject() != subject) continue;
    Signer signer = {&key, VerifySnpSignature(report_bytes, key)};
    if (signer.signature) return signer;
    if (first.certificate == nullptr) first = std::move(signer);
  }
  return first;
}

EvidenceClaims ClaimsOf(const SnpReport& report, SnpProduct product) {
  EvidenceClaims claims;
  claims.debug = (report.policy & kPolicyDebug) != 0;
  claims.migration = (report.policy & kPolicyMigrateMa) != 0;
  claims.vmpl = report.vmpl;
  claims.nonce = ToBytes(report.report_data);
  claims.report_data = ToBytes(report.report_data);
  const auto add = [&](const char* name, ByteSpan value) {
    claims.identities[name] = ToBytes(value);
  };
  add("host_data", report.host_data);
  add("family_id", report.family_id);
  add("image_id", report.image_id);
  add("id_key_digest", report.id_key_digest);
  if (report.author_key_en) add("author_key_digest", report.author_key_digest);
  if (!IsZero(report.chip_id)) add("chip_id", report.chip_id);
  add("report_id", report.report_id);
  add("report_id_ma", report.report_id_ma);
  const auto& layout = SnpTcbLayout(product);
  for (size_t i = 0; i < layout.size(); ++i) {
    if (layout[i].is_reserved) continue;
    claims.tcb.push_back({std::string(layout[i].name), report.reported_tcb[i]});
  }
  return claims;
}

std::string Summary(const Evidence& evidence, const SnpReport& report,
                    SnpProduct product) {
  const std::string line(SnpProductName(product));
  const std::string key(SnpKeyName(KindOf(report)));
  return "AMD " + line + ", " +
         (evidence.authentic() ? key + " chain to ARK-" + line
                               : "not by a proven " + key) +
         ", TCB " + SnpTcbText(report.reported_tcb, product);
}

}  // namespace

Result<Evidence> AuthenticateSnp(ByteSpan evidence,
                                 const AuthenticationInputs& inputs) {
  return AuthenticateSnp(evidence, inputs, AmdRoots());
}

Result<Evidence> AuthenticateSnp(ByteSpan evidence,
                                 const AuthenticationInputs& inputs,
                                 std::span<const SnpRoot> roots) {
  TALLY_ASSIGN(const SnpEvidence parsed, ParseSnpEvidence(evidence));
  const SnpReport& report = parsed.report;
  const ByteSpan report_bytes = evidence.first(kSnpReportBytes);
  const SnpCertificates certificates = CollectSnpCertificates(parsed, inputs);
  const Signer signer = FindSigner(report, report_bytes, certificates);

  Evidence result{.kind = EvidenceKind::kSnpReport};
  for (const std::string& ignored : certificates.ignored) {
    result.checks.push_back(Unknown("collateral", "ignored " + ignored));
  }
  result.checks.push_back(CheckSigningKey(report));
  result.checks.push_back(CheckOf("guest policy", CheckSnpPolicy(report.policy),
                                  HexNumber(report.policy)));
  result.checks.push_back(CheckAuthorKey(report));
  if (signer.certificate == nullptr) {
    result.checks.push_back(MissingKey(report));
  } else {
    std::ranges::move(KeyChecks(report, signer, certificates, roots, inputs.at),
                      std::back_inserter(result.checks));
  }

  const SnpProduct product = ProductFor(report, signer.certificate);
  result.registers = {{.name = "launch_digest",
                       .algorithm = "sha384",
                       .value = ToBytes(report.measurement)}};
  result.claims = ClaimsOf(report, product);
  result.summary = Summary(result, report, product);
  return result;
}

}  // namespace tally
