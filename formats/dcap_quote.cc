#include "formats/dcap_quote.h"

#include <algorithm>
#include <string>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint16_t kEcdsaP256 = 2;  // "Attestation Key Type"

// "Certification Data Type".
constexpr uint16_t kPckCertificateChain = 5;
constexpr uint16_t kQeReportCertificationData = 6;

// "Quote Body Type", version 5.
constexpr uint16_t kBodyTdReport10 = 2;
constexpr uint16_t kBodyTdReport15 = 3;

void Expect(ByteReader& r, std::string_view field, uint64_t found,
            uint64_t expected) {
  if (found == expected) return;
  r.Fail(field,
         "found " + HexNumber(found) + ", expected " + HexNumber(expected));
}

QuoteHeader ReadQuoteHeader(ByteReader& r) {
  QuoteHeader header;
  header.version = r.U16Le("version");
  if (header.version < 3 || header.version > 5) {
    r.Fail("version", "found " + std::to_string(header.version) +
                          ", expected 3 (SGX), 4 or 5 (TDX)");
  }
  header.attestation_key_type = r.U16Le("attestation key type");
  if (header.attestation_key_type != kEcdsaP256) {
    r.Fail("attestation key type",
           "found " + std::to_string(header.attestation_key_type) +
               ", expected 2 (ECDSA on P-256)");
  }
  if (header.version == 3) {
    r.Zeros("attestation key data", 4);
  } else {
    header.tee_type = r.U32Le("tee type");
    Expect(r, "tee type", header.tee_type, kTeeTypeTdx);
  }
  header.qe_svn = r.U16Le("qe svn");
  header.pce_svn = r.U16Le("pce svn");
  header.qe_vendor_id = r.Array<16>("qe vendor id");
  if (header.qe_vendor_id != kIntelQeVendorId) {
    r.Fail("qe vendor id", "found " + Hex(header.qe_vendor_id) +
                               ", expected Intel's " + Hex(kIntelQeVendorId));
  }
  header.user_data = r.Array<20>("user data");
  return header;
}

SgxReport ReadSgxReport(ByteReader& r) {
  SgxReport report;
  report.cpu_svn = r.Array<16>("cpu svn");
  report.misc_select = r.U32Le("misc select");
  r.Zeros("reserved 1", 12);
  report.isv_ext_prod_id = r.Array<16>("isv ext prod id");
  report.attributes = r.Array<16>("attributes");
  report.mr_enclave = r.Array<32>("mr enclave");
  r.Zeros("reserved 2", 32);
  report.mr_signer = r.Array<32>("mr signer");
  r.Zeros("reserved 3", 32);
  report.config_id = r.Array<64>("config id");
  report.isv_prod_id = r.U16Le("isv prod id");
  report.isv_svn = r.U16Le("isv svn");
  report.config_svn = r.U16Le("config svn");
  r.Zeros("reserved 4", 42);
  report.isv_family_id = r.Array<16>("isv family id");
  report.report_data = r.Array<64>("report data");
  return report;
}

TdReport ReadTdReport(ByteReader& r, uint64_t size_bytes) {
  TdReport report;
  report.tee_tcb_svn = r.Array<16>("tee tcb svn");
  report.mr_seam = r.Array<48>("mr seam");
  report.mr_signer_seam = r.Array<48>("mr signer seam");
  report.seam_attributes = r.Array<8>("seam attributes");
  report.td_attributes = r.Array<8>("td attributes");
  report.xfam = r.Array<8>("xfam");
  report.mr_td = r.Array<48>("mr td");
  report.mr_config_id = r.Array<48>("mr config id");
  report.mr_owner = r.Array<48>("mr owner");
  report.mr_owner_config = r.Array<48>("mr owner config");
  for (auto& rt_mr : report.rt_mr) rt_mr = r.Array<48>("rt mr");
  report.report_data = r.Array<64>("report data");
  if (size_bytes == kTdReport15Bytes) {
    report.version15.emplace();
    report.version15->tee_tcb_svn2 = r.Array<16>("tee tcb svn 2");
    report.version15->mr_service_td = r.Array<48>("mr service td");
  }
  return report;
}

// ReadBodyDescriptor returns the size of a TD report of version 5.
uint64_t ReadBodyDescriptor(ByteReader& r, DcapQuote* quote) {
  quote->body_type = r.U16Le("body type");
  if (quote->body_type != kBodyTdReport10 &&
      quote->body_type != kBodyTdReport15) {
    r.Fail("body type", "found " + std::to_string(quote->body_type) +
                            ", expected 2 (TDX 1.0) or 3 (TDX 1.5)");
  }
  const uint64_t size_bytes =
      quote->body_type == kBodyTdReport15 ? kTdReport15Bytes : kTdReport10Bytes;
  const uint32_t found = r.U32Le("body size");
  if (found != size_bytes) {
    r.Fail("body size", "found " + std::to_string(found) + ", expected " +
                            std::to_string(size_bytes));
  }
  return size_bytes;
}

void ReadBody(ByteReader& r, DcapQuote* quote) {
  if (quote->header.version == 3) {
    quote->body = ReadSgxReport(r);
    return;
  }
  const uint64_t size_bytes = quote->header.version == 5
                                  ? ReadBodyDescriptor(r, quote)
                                  : kTdReport10Bytes;
  quote->body = ReadTdReport(r, size_bytes);
}

// ReadCertificationData reads type and size, and returns a reader of the data.
ByteReader ReadCertificationData(ByteReader& r, uint16_t expected) {
  const uint16_t type = r.U16Le("certification data type");
  if (type != expected) {
    r.Fail("certification data type",
           "found " + std::to_string(type) + " (" +
               std::string(CertificationDataName(type)) + "), expected " +
               std::to_string(expected) + " (" +
               std::string(CertificationDataName(expected)) + ")");
  }
  const uint32_t size_bytes = r.U32Le("certification data size");
  return r.Sub("certification data", size_bytes);
}

// ReadPckCertificates takes all of `r`. Intel's library counts a final zero.
void ReadPckCertificates(ByteReader& r, DcapQuote* quote) {
  quote->pck_certificates_offset = r.offset();
  std::string_view text = AsText(r.Take("pck certificates", r.remaining()));
  if (text.ends_with('\0')) text.remove_suffix(1);
  quote->pck_certificates = text;
}

// ReadQeReport reads the QE's report, what it certifies and by whom: the rest
// of `r`.
Status ReadQeReport(ByteReader& r, ByteSpan file, DcapQuote* quote) {
  quote->qe_report_offset = r.offset();
  ByteReader report = r.Sub("qe report", kSgxReportBytes);
  quote->qe_report = ReadSgxReport(report);
  TALLY_TRY(report.Finish());
  quote->qe_report_bytes =
      file.subspan(quote->qe_report_offset, kSgxReportBytes);
  quote->qe_report_signature = r.Take("qe report signature", 64);
  const uint16_t auth_data_bytes = r.U16Le("qe auth data size");
  quote->qe_auth_data = r.Take("qe auth data", auth_data_bytes);
  ByteReader chain = ReadCertificationData(r, kPckCertificateChain);
  ReadPckCertificates(chain, quote);
  return r.Finish();
}

}  // namespace

std::string_view CertificationDataName(uint16_t type) {
  // Both documents, table "QE Certification Data".
  constexpr std::array<std::string_view, 8> kNames = {
      "unknown",
      "PPID in plain text",
      "PPID encrypted with RSA-2048",
      "PPID encrypted with RSA-3072",
      "PCK certificate",
      "PCK certificate chain",
      "QE report certification data",
      "platform manifest"};
  return type < kNames.size() ? kNames[type] : kNames[0];
}

Result<DcapQuote> ParseDcapQuote(ByteSpan file) {
  DcapQuote quote;
  ByteReader r("quote", file);
  quote.header = ReadQuoteHeader(r);
  TALLY_TRY(r.status());
  ReadBody(r, &quote);
  TALLY_TRY(r.status());
  quote.signed_bytes = file.first(r.offset());

  const uint32_t signature_data_bytes = r.U32Le("signature data size");
  ByteReader data = r.Sub("signature data", signature_data_bytes);
  TALLY_TRY(r.status());
  quote.signature_data_offset = data.offset();
  quote.signature = data.Take("signature", 64);
  quote.attestation_key = data.Take("attestation key", 64);
  TALLY_TRY(data.status());
  if (quote.header.version == 3) {
    TALLY_TRY(ReadQeReport(data, file, &quote));
  } else {
    ByteReader nested = ReadCertificationData(data, kQeReportCertificationData);
    TALLY_TRY(ReadQeReport(nested, file, &quote));
    TALLY_TRY(data.Finish());
  }

  quote.padding_bytes = r.remaining();
  r.Zeros("padding", quote.padding_bytes);
  TALLY_TRY(r.Finish());
  return quote;
}

}  // namespace tally
