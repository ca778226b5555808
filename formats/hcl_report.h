// The report of Azure's paravisor (HCL, OpenHCL), as its vTPM holds it in NV
// index 0x01400001: a hardware report and the JSON text whose hash that
// carries.
//
// Follows openvmm, openhcl_attestation_protocol, src/igvm_attest/get.rs
// (IgvmAttestRequestBase and what is appended to it). All integers are little
// endian. See docs/evidence/azure.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// IgvmAttestReportType.
enum class HclReportType : uint32_t { kSnp = 2, kTdx = 4 };

std::string_view HclReportTypeName(HclReportType type);

inline constexpr uint64_t kHclHeaderBytes = 32;
// ATTESTATION_REPORT_SIZE_MAX: an SNP report, or a TDREPORT and zeros.
inline constexpr uint64_t kHclHardwareReportBytes = 1184;
inline constexpr uint64_t kTdReportBytes = 1024;
inline constexpr uint64_t kMaxHclReportBytes = 65536;

// HclReport views the file that it was parsed from.
struct HclReport {
  uint32_t version = 0;
  HclReportType type = HclReportType::kSnp;
  ByteSpan hardware_report;  // 1184 bytes for SNP, 1024 for TDX
  uint64_t runtime_data_offset = 0;
  // Its SHA-256 is the first half of the hardware report's report data.
  ByteSpan runtime_data;
};

// ParseHclReport accepts headers of version 1 and 2 and request data of version
// 1 and 2 with a SHA-256 of the runtime data. What follows the runtime data
// must be zero: it fills the NV index.
Result<HclReport> ParseHclReport(ByteSpan file);

// HclRsaKey is a JWK of the runtime data.
struct HclRsaKey {
  Bytes exponent;  // big-endian
  Bytes modulus;
};

// HclRuntimeData is what a verifier needs of the runtime data.
struct HclRuntimeData {
  HclRsaKey ak;     // the key "HCLAkPub", which signs the vTPM's quotes
  Bytes user_data;  // what the guest had put in; 64 bytes, or none
};

// ParseHclRuntimeData reads the JSON text. There must be exactly one key whose
// id is "HCLAkPub", and it must be an RSA key for signing.
Result<HclRuntimeData> ParseHclRuntimeData(ByteSpan runtime_data);

}  // namespace tally
