// The SGX extension of a PCK certificate: which platform it is for and at which
// security versions. See docs/formats/dcap-quote.md.
//
// Follows "Intel SGX PCK Certificate and Certificate Revocation List Profile
// Specification", section 1.3.5, in DER (ITU-T X.690, section 10).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/bytes.h"

namespace tally {

inline constexpr std::string_view kPckExtensionOid = "1.2.840.113741.1.13.1";

enum class PckSgxType : uint8_t {
  kStandard = 0,
  kScalable = 1,
  kScalableWithIntegrity = 2,
};

struct PckConfiguration {
  std::optional<bool> dynamic_platform;
  std::optional<bool> cached_keys;
  std::optional<bool> smt_enabled;
};

struct PckExtension {
  std::array<uint8_t, 16> ppid = {};
  std::array<uint8_t, 16> sgx_tcb_comp_svn = {};  // "SGX TCB Comp01 SVN" …
  uint16_t pcesvn = 0;
  std::array<uint8_t, 16> cpusvn = {};
  std::array<uint8_t, 2> pceid = {};
  std::array<uint8_t, 6> fmspc = {};
  PckSgxType sgx_type = PckSgxType::kStandard;
  // Of platforms with several packages (PCK Platform CA).
  std::optional<std::array<uint8_t, 16>> platform_instance_id;
  std::optional<PckConfiguration> configuration;
};

// ParsePckExtension reads the contents of the extension's OCTET STRING. Fields
// come in the order of the specification, once each; lengths and integers are
// in their shortest form.
Result<PckExtension> ParsePckExtension(ByteSpan der);

}  // namespace tally
