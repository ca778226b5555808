// Every field of an SNP report, for people.
#include <string>
#include <utility>

#include "attest/snp.h"
#include "common/text.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

// AMD 56860, "PLATFORM_INFO"; virtee/sev 9cf2adb, PlatformInfo.
struct PlatformBit {
  unsigned bit;
  std::string_view name;
};
constexpr std::array<PlatformBit, 7> kPlatformBits = {
    {{0, "SMT enabled"},
     {1, "TSME enabled"},
     {2, "ECC memory"},
     {3, "RAPL disabled"},
     {4, "ciphertext hiding"},
     {5, "no aliased addresses"},
     {7, "SEV-TIO enabled"}}};

std::string PlatformText(uint64_t platform_info) {
  std::vector<std::string> names;
  for (const PlatformBit& row : kPlatformBits) {
    if ((platform_info >> row.bit & 1) != 0) names.emplace_back(row.name);
    platform_info &= ~(uint64_t{1} << row.bit);
  }
  if (platform_info != 0) {
    names.push_back("unknown bits " + HexNumber(platform_info));
  }
  return Join(names, ", ");
}

std::string PolicyText(uint64_t policy) {
  const Status good = CheckSnpPolicy(policy);
  return good ? SnpPolicyNames(policy) : good.error().message();
}

std::string KeyInfoText(const SnpReport& report) {
  std::string text = "reserved signing key";
  if (report.signing_key == 0) text = "signed by the VCEK";
  if (report.signing_key == 1) text = "signed by the VLEK";
  if (report.signing_key == 7) text = "not signed";
  if (report.author_key_en) text += ", author key";
  if (report.mask_chip_key) text += ", chip key masked";
  return text;
}

std::string TcbText(const SnpReport& report, const SnpTcb& tcb) {
  const std::optional<SnpProduct> product = report.product();
  if (product) return SnpTcbText(tcb, *product);
  return SnpTcbText(tcb, SnpProduct::kMilan) + ", if not Turin";
}

std::string VersionText(const SnpFirmwareVersion& version) {
  return std::to_string(version.major) + "." + std::to_string(version.minor) +
         "." + std::to_string(version.build);
}

std::string CpuidText(const SnpReport& report) {
  const std::optional<SnpProduct> product = report.product();
  return product ? std::string(SnpProductName(*product))
                 : "not a known product";
}

// FieldList keeps the offset, so that a field's size is said once.
class FieldList {
 public:
  void Add(uint64_t size_bytes, std::string name, std::string value,
           std::string note = "") {
    fields_.push_back({offset_, size_bytes, std::move(name), std::move(value),
                       std::move(note)});
    offset_ += size_bytes;
  }
  void Add(std::string name, ByteSpan bytes, std::string note = "") {
    Add(bytes.size(), std::move(name), Hex(bytes), std::move(note));
  }
  void Skip(uint64_t size_bytes) { offset_ += size_bytes; }
  std::vector<EvidenceField> Take() && { return std::move(fields_); }

 private:
  std::vector<EvidenceField> fields_;
  uint64_t offset_ = 0;
};

void AddGuest(FieldList& list, const SnpReport& report) {
  list.Add(4, "VERSION", std::to_string(report.version));
  list.Add(4, "GUEST_SVN", std::to_string(report.guest_svn));
  list.Add(8, "POLICY", HexNumber(report.policy), PolicyText(report.policy));
  list.Add("FAMILY_ID", report.family_id);
  list.Add("IMAGE_ID", report.image_id);
  list.Add(4, "VMPL", std::to_string(report.vmpl),
           report.vmpl == 0xffffffff ? "the host asked for the report" : "");
  list.Add(4, "SIGNATURE_ALGO", "1", "ECDSA P-384 with SHA-384");
  list.Add("CURRENT_TCB", report.current_tcb,
           TcbText(report, report.current_tcb));
  list.Add(8, "PLATFORM_INFO", HexNumber(report.platform_info),
           PlatformText(report.platform_info));
  const uint32_t key_info = (report.author_key_en ? 1u : 0u) |
                            (report.mask_chip_key ? 2u : 0u) |
                            uint32_t{report.signing_key} << 2;
  list.Add(4, "KEY_INFO", HexNumber(key_info), KeyInfoText(report));
  list.Skip(4);
  list.Add("REPORT_DATA", report.report_data, "what the guest asked to sign");
  list.Add("MEASUREMENT", report.measurement, "launch digest");
  list.Add("HOST_DATA", report.host_data, "what the host said at launch");
  list.Add("ID_KEY_DIGEST", report.id_key_digest);
  list.Add("AUTHOR_KEY_DIGEST", report.author_key_digest);
  list.Add("REPORT_ID", report.report_id, "of this guest");
  list.Add("REPORT_ID_MA", report.report_id_ma, "of its migration agent");
}

void AddMachine(FieldList& list, const SnpReport& report) {
  list.Add("REPORTED_TCB", report.reported_tcb,
           TcbText(report, report.reported_tcb));
  if (report.version >= 3) {
    list.Add(1, "CPUID_FAM_ID", HexNumber(report.cpuid.family),
             CpuidText(report));
    list.Add(1, "CPUID_MOD_ID", HexNumber(report.cpuid.model));
    list.Add(1, "CPUID_STEP", HexNumber(report.cpuid.stepping));
    list.Skip(21);
  } else {
    list.Skip(24);
  }
  list.Add("CHIP_ID", report.chip_id);
  list.Add("COMMITTED_TCB", report.committed_tcb,
           TcbText(report, report.committed_tcb));
  list.Add(3, "CURRENT_VERSION", VersionText(report.current_version),
           "major.minor.build of the firmware");
  list.Skip(1);
  list.Add(3, "COMMITTED_VERSION", VersionText(report.committed_version));
  list.Skip(1);
  list.Add("LAUNCH_TCB", report.launch_tcb, TcbText(report, report.launch_tcb));
  if (report.version >= 4) {
    list.Add(8, "LAUNCH_MIT_VECTOR", HexNumber(report.launch_mit_vector));
    list.Add(8, "CURRENT_MIT_VECTOR", HexNumber(report.current_mit_vector));
    list.Skip(152);
  } else {
    list.Skip(168);
  }
}

std::string SubjectOf(const SnpCertificateEntry& entry) {
  if (entry.kind == SnpCertificateKind::kCrl) {
    const auto crl = RevocationList::FromFile(entry.contents);
    return crl ? "list of " + Quote(crl->issuer()) : crl.error().message();
  }
  const auto certificates = Certificate::FromFile(entry.contents);
  if (!certificates) return certificates.error().message();
  std::vector<std::string> names;
  for (const Certificate& certificate : *certificates) {
    names.push_back(Quote(certificate.subject()) + " of " +
                    Quote(certificate.issuer()));
  }
  return Join(names, ", ");
}

}  // namespace

Result<std::vector<EvidenceField>> DescribeSnp(ByteSpan evidence) {
  TALLY_ASSIGN(const SnpEvidence parsed, ParseSnpEvidence(evidence));
  const SnpReport& report = parsed.report;
  FieldList list;
  AddGuest(list, report);
  AddMachine(list, report);
  // Numbers are little-endian in the report and big-endian here.
  list.Add(72, "SIGNATURE R", Hex(report.signature.r));
  list.Add(72, "SIGNATURE S", Hex(report.signature.s));
  std::vector<EvidenceField> fields = std::move(list).Take();
  for (const SnpCertificateEntry& entry : parsed.certificates) {
    const std::string name(SnpCertificateKindName(entry.kind));
    fields.push_back({.offset = kSnpReportBytes + entry.offset,
                      .size_bytes = entry.contents.size(),
                      .name = "certificate table / " + name,
                      .value = entry.guid,
                      .note = entry.kind == SnpCertificateKind::kOther
                                  ? ""
                                  : SubjectOf(entry)});
  }
  return fields;
}

}  // namespace tally
