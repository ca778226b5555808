// The fields of a quote for people: offsets from the layout tables below,
// values from the bytes. The tables follow sgx_quote_3.h, sgx_quote_4.h,
// sgx_quote_5.h and sgx_report.h of Intel's SGXDataCenterAttestationPrimitives,
// a46ee8ab.
#include <span>
#include <string>

#include "attest/certificate.h"
#include "attest/dcap.h"
#include "attest/dcap_claims.h"
#include "common/text.h"
#include "formats/dcap_quote.h"
#include "formats/pck_extension.h"

namespace tally {
namespace {

enum class Form { kHex, kNumber };

struct Row {
  std::string_view name;
  uint32_t size_bytes;
  Form form = Form::kHex;
  std::string_view note;
};

constexpr Row kHeader3[] = {
    {"version", 2, Form::kNumber, "SGX"},
    {"att_key_type", 2, Form::kNumber, "ECDSA with SHA-256 on P-256"},
    {"att_key_data_0", 4},
    {"qe_svn", 2, Form::kNumber},
    {"pce_svn", 2, Form::kNumber},
    {"vendor_id", 16, Form::kHex, "Intel"},
    {"user_data", 20},
};

constexpr Row kHeader4[] = {
    {"version", 2, Form::kNumber},
    {"att_key_type", 2, Form::kNumber, "ECDSA with SHA-256 on P-256"},
    {"tee_type", 4, Form::kHex, "TDX"},
    {"reserved", 4, Form::kHex, "of no meaning"},
    {"vendor_id", 16, Form::kHex, "Intel"},
    {"user_data", 20},
};

constexpr Row kSgxReport[] = {
    {"cpu_svn", 16},
    {"misc_select", 4},
    {"reserved1", 12},
    {"isv_ext_prod_id", 16},
    {"attributes", 16},
    {"mr_enclave", 32, Form::kHex, "contents of the enclave at its start"},
    {"reserved2", 32},
    {"mr_signer", 32, Form::kHex, "SHA-256 of the signer's key"},
    {"reserved3", 32},
    {"config_id", 64},
    {"isv_prod_id", 2, Form::kNumber},
    {"isv_svn", 2, Form::kNumber},
    {"config_svn", 2, Form::kNumber},
    {"reserved4", 42},
    {"isv_family_id", 16},
    {"report_data", 64},
};

constexpr Row kTdReport[] = {
    {"tee_tcb_svn", 16, Form::kHex,
     "ISVSVN and version of the TDX module, SEAMLDR and microcode"},
    {"mr_seam", 48, Form::kHex, "the TDX module"},
    {"mrsigner_seam", 48, Form::kHex, "zero for Intel's modules"},
    {"seam_attributes", 8},
    {"td_attributes", 8},
    {"xfam", 8, Form::kHex, "processor features that the TD may use"},
    {"mr_td", 48, Form::kHex, "contents of the TD at its start"},
    {"mr_config_id", 48},
    {"mr_owner", 48},
    {"mr_owner_config", 48},
    {"rt_mr[0]", 48, Form::kHex, "firmware and its configuration"},
    {"rt_mr[1]", 48, Form::kHex, "what the firmware started"},
    {"rt_mr[2]", 48, Form::kHex, "command line and initrd"},
    {"rt_mr[3]", 48, Form::kHex, "free for applications"},
    {"report_data", 64},
};

constexpr Row kTdReport15[] = {
    {"tee_tcb_svn2", 16, Form::kHex, "as tee_tcb_svn, of the module now"},
    {"mr_servicetd", 48, Form::kHex, "service TDs that are bound"},
};

constexpr Row kBodyDescriptor[] = {
    {"type", 2, Form::kNumber, "2: TDX 1.0, 3: TDX 1.5"},
    {"size", 4, Form::kNumber},
};

constexpr Row kSignatureDataSize[] = {
    {"signature_data_len", 4, Form::kNumber},
};

constexpr Row kSignature[] = {
    {"sig", 64, Form::kHex, "r and s, over header and body"},
    {"attest_pub_key", 64, Form::kHex, "x and y on P-256"},
};

constexpr Row kCertificationData[] = {
    {"cert_key_type", 2, Form::kNumber},
    {"size", 4, Form::kNumber},
};

constexpr Row kQeReportSignature[] = {
    {"qe_report_sig", 64, Form::kHex, "by the PCK certificate's key"},
    {"auth_data size", 2, Form::kNumber},
};

std::string AttributesNote(ByteSpan flags) {
  // Intel SDM, volume 3D, "ATTRIBUTES".
  constexpr std::string_view kNames[8] = {
      "INIT",         "DEBUG",          "MODE64BIT", "",
      "PROVISIONKEY", "EINITTOKEN_KEY", "CET",       "KSS"};
  std::vector<std::string> names;
  for (unsigned bit = 0; bit < 8; ++bit) {
    if (((flags[0] >> bit) & 1) != 0 && !kNames[bit].empty()) {
      names.emplace_back(kNames[bit]);
    }
  }
  return Join(names, ", ");
}

std::string TdAttributesNote(ByteSpan attributes) {
  // TDX module ABI, "ATTRIBUTES"; linux arch/x86/include/asm/shared/tdx.h.
  struct Bit {
    unsigned number;
    std::string_view name;
  };
  constexpr Bit kBits[] = {{0, "DEBUG"},
                           {4, "HGS_PLUS_PROF"},
                           {5, "PERF_PROF"},
                           {6, "PMT_PROF"},
                           {16, "ICSSD"},
                           {27, "LASS"},
                           {28, "SEPT_VE_DISABLE"},
                           {29, "MIGRATABLE"},
                           {30, "PKS"},
                           {31, "KL"},
                           {62, "TPA"},
                           {63, "PERFMON"}};
  std::vector<std::string> names;
  for (const Bit& bit : kBits) {
    if (((attributes[bit.number / 8] >> (bit.number % 8)) & 1) != 0) {
      names.emplace_back(bit.name);
    }
  }
  return Join(names, ", ");
}

// Walk describes the bytes of a quote that was parsed.
class Walk {
 public:
  explicit Walk(ByteSpan file) : r_("quote", file) {}

  void Rows(std::string_view prefix, std::span<const Row> rows) {
    for (const Row& row : rows) {
      const uint64_t offset = r_.offset();
      const ByteSpan bytes = r_.Take(row.name, row.size_bytes);
      if (!r_.ok()) return;
      EvidenceField field{.offset = offset,
                          .size_bytes = row.size_bytes,
                          .name = std::string(prefix) + std::string(row.name),
                          .value = Value(bytes, row.form),
                          .note = std::string(row.note)};
      if (row.name == "attributes") field.note = AttributesNote(bytes);
      if (row.name == "td_attributes") field.note = TdAttributesNote(bytes);
      fields_.push_back(std::move(field));
    }
  }

  void Blob(std::string name, uint64_t size_bytes, std::string value,
            std::string note) {
    const uint64_t offset = r_.offset();
    r_.Skip(name, size_bytes);
    if (size_bytes == 0) return;
    fields_.push_back({offset, size_bytes, std::move(name), std::move(value),
                       std::move(note)});
  }

  Result<std::vector<EvidenceField>> Take() {
    TALLY_TRY(r_.Finish());
    return std::move(fields_);
  }

 private:
  static std::string Value(ByteSpan bytes, Form form) {
    if (form == Form::kHex) return Hex(bytes);
    ByteReader r("number", bytes);
    return std::to_string(bytes.size() == 2 ? r.U16Le("value")
                                            : r.U32Le("value"));
  }

  ByteReader r_;
  std::vector<EvidenceField> fields_;
};

std::string CertificateNote(const Certificate& certificate) {
  std::string note = "by " + Quote(certificate.issuer()) + ", " +
                     FormatUtcTime(certificate.not_before()) + " to " +
                     FormatUtcTime(certificate.not_after());
  if (const auto contents = certificate.Extension(kPckExtensionOid)) {
    if (const auto pck = ParsePckExtension(*contents)) {
      note += ", FMSPC " + Hex(pck->fmspc) + ", PCEID " + Hex(pck->pceid) +
              ", CPUSVN " + Hex(pck->cpusvn) + ", PCESVN " +
              std::to_string(pck->pcesvn);
    }
  }
  return note;
}

// DescribeCertificates is one field for the chain: its parts have no offsets of
// their own in PEM.
void DescribeCertificates(const DcapQuote& quote, uint64_t size_bytes,
                          Walk& walk) {
  const auto certificates = Certificate::FromPem(quote.pck_certificates);
  if (!certificates) {
    walk.Blob("certification_data", size_bytes, "not certificates",
              certificates.error().message());
    return;
  }
  std::vector<std::string> names;
  std::vector<std::string> notes;
  for (const Certificate& certificate : *certificates) {
    names.push_back(Quote(certificate.subject()));
    notes.push_back(CertificateNote(certificate));
  }
  walk.Blob("certification_data", size_bytes, Join(names, " <- "),
            Join(notes, "; "));
}

Result<std::vector<EvidenceField>> Describe(ByteSpan evidence,
                                            uint32_t tee_type) {
  TALLY_ASSIGN(const DcapQuote quote, ParseDcapQuote(evidence));
  TALLY_TRY(ExpectTee(quote, tee_type));
  Walk walk(evidence);
  const bool version3 = quote.header.version == 3;
  if (version3) {
    walk.Rows("", kHeader3);
  } else {
    walk.Rows("", kHeader4);
  }
  if (quote.header.version == 5) walk.Rows("body / ", kBodyDescriptor);
  if (const TdReport* td = quote.td(); td != nullptr) {
    walk.Rows("td report / ", kTdReport);
    if (td->version15) walk.Rows("td report / ", kTdReport15);
  } else {
    walk.Rows("report / ", kSgxReport);
  }
  walk.Rows("", kSignatureDataSize);
  walk.Rows("signature / ", kSignature);
  if (!version3) walk.Rows("certification / ", kCertificationData);
  walk.Rows("qe report / ", kSgxReport);
  walk.Rows("", kQeReportSignature);
  walk.Blob("auth_data", quote.qe_auth_data.size(), Hex(quote.qe_auth_data),
            "the quoting enclave's; hashed with the attestation key");
  walk.Rows("pck / ", kCertificationData);
  const uint64_t left = evidence.size() - quote.pck_certificates_offset;
  DescribeCertificates(quote, left - quote.padding_bytes, walk);
  walk.Blob("padding", quote.padding_bytes, "zeros", "not part of the quote");
  return walk.Take();
}

}  // namespace

Result<std::vector<EvidenceField>> DescribeTdx(ByteSpan evidence) {
  return Describe(evidence, kTeeTypeTdx);
}

Result<std::vector<EvidenceField>> DescribeSgx(ByteSpan evidence) {
  return Describe(evidence, kTeeTypeSgx);
}

}  // namespace tally
