// Quotes of Intel SGX and TDX with ECDSA signatures (DCAP). See
// docs/formats/dcap-quote.md.
//
// Follows "Intel SGX ECDSA QuoteLib Reference", appendix A (version 3), and
// "Intel TDX DCAP Quoting Library API", appendix A (versions 4 and 5).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "common/bytes.h"

namespace tally {

// The field "tee type" of a header; version 3 knows only SGX.
inline constexpr uint32_t kTeeTypeSgx = 0x00;
inline constexpr uint32_t kTeeTypeTdx = 0x81;

inline constexpr uint64_t kQuoteHeaderBytes = 48;
inline constexpr uint64_t kSgxReportBytes = 384;
inline constexpr uint64_t kTdReport10Bytes = 584;
inline constexpr uint64_t kTdReport15Bytes = 648;

// Intel's quoting enclaves ("QE Vendor ID" in both documents).
inline constexpr std::array<uint8_t, 16> kIntelQeVendorId = {
    0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9,
    0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};

struct QuoteHeader {
  uint16_t version = 0;               // 3, 4 or 5
  uint16_t attestation_key_type = 0;  // 2: ECDSA with SHA-256 on P-256
  uint32_t tee_type = kTeeTypeSgx;
  // In version 3. Later ones reserve the four bytes, and early drafts of
  // version 4 had the same there: they are read, signed and not interpreted.
  uint16_t qe_svn = 0;
  uint16_t pce_svn = 0;
  std::array<uint8_t, 16> qe_vendor_id = {};
  std::array<uint8_t, 20> user_data = {};
};

// SgxReport is an enclave's report body (sgx_report_body_t).
struct SgxReport {
  std::array<uint8_t, 16> cpu_svn = {};
  uint32_t misc_select = 0;
  std::array<uint8_t, 16> isv_ext_prod_id = {};
  std::array<uint8_t, 16> attributes = {};  // flags, XFRM
  std::array<uint8_t, 32> mr_enclave = {};
  std::array<uint8_t, 32> mr_signer = {};
  std::array<uint8_t, 64> config_id = {};
  uint16_t isv_prod_id = 0;
  uint16_t isv_svn = 0;
  uint16_t config_svn = 0;
  std::array<uint8_t, 16> isv_family_id = {};
  std::array<uint8_t, 64> report_data = {};

  // Whether a debugger can read the enclave (ATTRIBUTES.DEBUG, bit 1).
  bool debug() const { return (attributes[0] & 0x02) != 0; }
};

// TdReport15 is what TDX 1.5 added (sgx_report2_body_v1_5_t).
struct TdReport15 {
  std::array<uint8_t, 16> tee_tcb_svn2 = {};
  std::array<uint8_t, 48> mr_service_td = {};
};

// TdReport is a TD's report body (sgx_report2_body_t).
struct TdReport {
  std::array<uint8_t, 16> tee_tcb_svn = {};
  std::array<uint8_t, 48> mr_seam = {};
  std::array<uint8_t, 48> mr_signer_seam = {};
  std::array<uint8_t, 8> seam_attributes = {};
  std::array<uint8_t, 8> td_attributes = {};
  std::array<uint8_t, 8> xfam = {};
  std::array<uint8_t, 48> mr_td = {};
  std::array<uint8_t, 48> mr_config_id = {};
  std::array<uint8_t, 48> mr_owner = {};
  std::array<uint8_t, 48> mr_owner_config = {};
  std::array<std::array<uint8_t, 48>, 4> rt_mr = {};
  std::array<uint8_t, 64> report_data = {};
  std::optional<TdReport15> version15;

  // Whether the host can read the TD's memory: any bit of the group TUD, "TD
  // under debug", of which bit 0 is DEBUG (TDX module ABI, ATTRIBUTES).
  bool debug() const { return td_attributes[0] != 0; }
  // Whether another machine may take the TD over (ATTRIBUTES.MIGRATABLE, bit
  // 29).
  bool migratable() const { return (td_attributes[3] & 0x20) != 0; }
};

// DcapQuote views the bytes that it was parsed from.
struct DcapQuote {
  QuoteHeader header;
  // Of version 5: 2 for TDX 1.0, 3 for TDX 1.5; else 0.
  uint16_t body_type = 0;
  std::variant<SgxReport, TdReport> body;

  // Header and body, which `signature` (r and s, big-endian) is over.
  ByteSpan signed_bytes;
  ByteSpan signature;        // 64 bytes
  ByteSpan attestation_key;  // 64 bytes: x and y on P-256, big-endian
  ByteSpan qe_report_bytes;
  SgxReport qe_report;
  ByteSpan qe_report_signature;  // 64 bytes
  ByteSpan qe_auth_data;
  // PCK certificate, its issuer and the root, in PEM.
  std::string_view pck_certificates;
  // Zeros behind the quote, which guests add.
  uint64_t padding_bytes = 0;

  // The layout, for who prints it.
  uint64_t signature_data_offset = 0;
  uint64_t qe_report_offset = 0;
  uint64_t pck_certificates_offset = 0;

  const SgxReport* sgx() const { return std::get_if<SgxReport>(&body); }
  const TdReport* td() const { return std::get_if<TdReport>(&body); }
};

// ParseDcapQuote accepts an SGX quote of version 3 and a TDX quote of version 4
// or 5 with the certification data of Intel's quoting enclaves: a chain of PCK
// certificates (type 5), in versions 4 and 5 inside of type 6.
Result<DcapQuote> ParseDcapQuote(ByteSpan quote);

// CertificationDataName returns "PCK certificate chain" and the like.
std::string_view CertificationDataName(uint16_t type);

}  // namespace tally
