// The guest policy of SEV-SNP: what the host may do with a guest.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// "Guest Policy". See docs/formats/snp-id-block.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

// kDefaultSnpPolicy is what QEMU and the peers use: SMT is allowed, and bit 17,
// which must be one.
constexpr uint64_t kDefaultSnpPolicy = 0x30000;

// CheckSnpPolicy is an InputError if the bit that must be one is not, or a
// reserved bit is.
Status CheckSnpPolicy(uint64_t policy);

// ParseSnpPolicy reads a number ("0x30000") or names ("abi=1.51,smt"): those of
// the specification, in lower case, with dashes. With names, bit 17 is set by
// itself, and the ABI version is 0.0 unless given.
Result<uint64_t> ParseSnpPolicy(std::string_view text);

// SnpPolicyNames returns a valid policy by names, which ParseSnpPolicy reads:
// "abi=0.0,smt".
std::string SnpPolicyNames(uint64_t policy);

}  // namespace tally
