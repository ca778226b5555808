// The attestation report of SEV-SNP: what the firmware of an AMD processor says
// of a guest, signed.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// "ATTESTATION_REPORT Structure", versions 2 to 5, and the chapter on ECDSA
// P-384 formats. Nothing here verifies. See docs/formats/snp-report.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "formats/snp_id_block.h"
#include "formats/snp_product.h"

namespace tally {

constexpr uint64_t kSnpReportBytes = 0x4a0;
// What is signed: everything before the signature.
constexpr uint64_t kSnpSignedBytes = 0x2a0;

// SnpFirmwareVersion is major.minor.build.
struct SnpFirmwareVersion {
  uint8_t build = 0;
  uint8_t minor = 0;
  uint8_t major = 0;

  bool operator==(const SnpFirmwareVersion&) const = default;
};

// SnpCpuid is there since version 3. Family and model are combined with their
// extended fields.
struct SnpCpuid {
  uint8_t family = 0;
  uint8_t model = 0;
  uint8_t stepping = 0;

  bool operator==(const SnpCpuid&) const = default;
};

// SnpSigningKey is what SIGNING_KEY may be; other values are reserved.
enum class SnpSigningKey : uint8_t { kVcek = 0, kVlek = 1, kNone = 7 };

struct SnpReport {
  uint32_t version = 2;
  uint32_t guest_svn = 0;
  uint64_t policy = 0;  // formats/snp_policy.h; any value here
  std::array<uint8_t, 16> family_id = {};
  std::array<uint8_t, 16> image_id = {};
  uint32_t vmpl = 0;  // 0xffffffff: the host asked for the report
  SnpTcb current_tcb = {};
  uint64_t platform_info = 0;
  bool author_key_en = false;
  bool mask_chip_key = false;
  uint8_t signing_key = 0;  // three bits, see SnpSigningKey
  std::array<uint8_t, 64> report_data = {};
  std::array<uint8_t, 48> measurement = {};
  std::array<uint8_t, 32> host_data = {};
  std::array<uint8_t, 48> id_key_digest = {};
  std::array<uint8_t, 48> author_key_digest = {};
  std::array<uint8_t, 32> report_id = {};
  std::array<uint8_t, 32> report_id_ma = {};
  SnpTcb reported_tcb = {};
  SnpCpuid cpuid;  // zero in version 2
  std::array<uint8_t, 64> chip_id = {};
  SnpTcb committed_tcb = {};
  SnpFirmwareVersion current_version;
  SnpFirmwareVersion committed_version;
  SnpTcb launch_tcb = {};
  uint64_t launch_mit_vector = 0;   // zero before version 4
  uint64_t current_mit_vector = 0;  // zero before version 4
  SnpSignature signature;

  bool operator==(const SnpReport&) const = default;

  // product returns the line of processors, nothing in version 2 and for
  // processors that are not known.
  std::optional<SnpProduct> product() const;
};

// ParseSnpReport accepts exactly kSnpReportBytes. It refuses other versions,
// other signature algorithms than ECDSA P-384 with SHA-384, numbers of more
// than 384 bits and reserved bytes that are not zero.
Result<SnpReport> ParseSnpReport(ByteSpan bytes);

// EncodeSnpReport returns kSnpReportBytes; what parses encodes to the same
// bytes.
Bytes EncodeSnpReport(const SnpReport& report);

}  // namespace tally
