// Documents of Intel's Provisioning Certification Service: which security
// versions of a platform and of a quoting enclave are current. See
// docs/formats/dcap-quote.md.
//
// Follows "Intel SGX and Intel TDX Provisioning Certification Service API",
// version 4: "TCB info V3" and "Enclave identity V2".
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// TcbStatus is in the order of severity.
enum class TcbStatus {
  kUpToDate,
  kSwHardeningNeeded,
  kConfigurationNeeded,
  kConfigurationAndSwHardeningNeeded,
  // Never in a document: what Intel's verifier says of a TD that was started
  // under an old TDX module which has been updated since.
  kTdRelaunchAdvised,
  kTdRelaunchAdvisedConfigurationNeeded,
  kOutOfDate,
  kOutOfDateConfigurationNeeded,
  kRevoked,
};

// TcbStatusName returns Intel's spelling, "SWHardeningNeeded".
std::string_view TcbStatusName(TcbStatus status);

inline constexpr uint64_t kMaxPcsDocumentBytes = 1 << 20;
inline constexpr uint64_t kMaxTcbLevels = 256;
inline constexpr uint64_t kMaxAdvisories = 256;

// SignedDocument is {"tcbInfo": {…}, "signature": "…"} taken apart.
struct SignedDocument {
  // The bytes of the inner object as they were received: they are signed.
  std::string body;
  std::array<uint8_t, 64> signature = {};  // r and s, big-endian
};

// ParseSignedDocument finds the object `name` ("tcbInfo", "enclaveIdentity")
// beside its signature, and nothing else.
Result<SignedDocument> ParseSignedDocument(std::string_view text,
                                           const std::string& name);
// ParseDocumentSignature reads 128 hexadecimal digits.
Result<std::array<uint8_t, 64>> ParseDocumentSignature(std::string_view hex);

struct TcbLevel {
  std::array<uint8_t, 16> sgx_tcb_components = {};
  std::array<uint8_t, 16> tdx_tcb_components = {};  // zero for SGX
  uint16_t pcesvn = 0;
  TcbStatus status = TcbStatus::kRevoked;
  std::vector<std::string> advisories;
};

// IsvSvnLevel is a level of an enclave or a TDX module.
struct IsvSvnLevel {
  uint16_t isvsvn = 0;
  TcbStatus status = TcbStatus::kRevoked;  // UpToDate, OutOfDate or Revoked
  std::vector<std::string> advisories;
};

struct TdxModuleIdentity {
  std::string id;  // "TDX_03"; empty for "tdxModule", which has no levels
  std::array<uint8_t, 48> mrsigner = {};
  std::array<uint8_t, 8> attributes = {};
  std::array<uint8_t, 8> attributes_mask = {};
  std::vector<IsvSvnLevel> levels;  // highest ISVSVN first
};

enum class TcbInfoId { kSgx, kTdx };

struct TcbInfo {
  TcbInfoId id = TcbInfoId::kSgx;
  int64_t issue_date = 0;  // seconds since 1970
  int64_t next_update = 0;
  std::array<uint8_t, 6> fmspc = {};
  std::array<uint8_t, 2> pceid = {};
  uint64_t tcb_evaluation_data_number = 0;
  std::optional<TdxModuleIdentity> tdx_module;  // with kTdx
  std::vector<TdxModuleIdentity> tdx_module_identities;
  // Highest first, by SGX components, PCESVN and TDX components in this order,
  // whatever the document's order: as Intel's verifier has them.
  std::vector<TcbLevel> levels;
};

// ParseTcbInfo reads the inner object of a TCB info of version 3. Members that
// the version does not have are refused: they would be meant to be heeded.
Result<TcbInfo> ParseTcbInfo(std::string_view body);

enum class QeIdentityId { kQe, kTdQe };

struct QeIdentity {
  QeIdentityId id = QeIdentityId::kQe;
  int64_t issue_date = 0;
  int64_t next_update = 0;
  uint64_t tcb_evaluation_data_number = 0;
  // Numbers and bytes in the order of the report's bytes.
  uint32_t miscselect = 0;
  uint32_t miscselect_mask = 0;
  std::array<uint8_t, 16> attributes = {};
  std::array<uint8_t, 16> attributes_mask = {};
  std::array<uint8_t, 32> mrsigner = {};
  uint16_t isvprodid = 0;
  std::vector<IsvSvnLevel> levels;  // highest ISVSVN first
};

// ParseQeIdentity reads the inner object of an enclave identity of version 2 of
// a quoting enclave ("QE" or "TD_QE").
Result<QeIdentity> ParseQeIdentity(std::string_view body);

}  // namespace tally
