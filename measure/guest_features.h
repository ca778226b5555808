// SEV_FEATURES: the guest features that a VMSA switches on, by name.
//
// Source: AMD 24593 (APM volume 2), appendix B, SEV_FEATURES at 0x3b0; each row
// cites the code in which its bit and name were checked.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

// GuestFeature is one bit.
struct GuestFeature {
  unsigned bit = 0;
  std::string_view name;  // "debug-swap"
  std::string_view source;
};

// kSnpActive is the bit without which a guest is no SNP guest.
inline constexpr uint64_t kSnpActive = 1;

std::span<const GuestFeature> GuestFeatures();

// ParseGuestFeatures accepts a number ("0x21", "33") or names with commas
// ("debug-swap,secure-tsc"). Names imply snp-active; numbers are taken as they
// are.
Result<uint64_t> ParseGuestFeatures(std::string_view text);

// FormatGuestFeatures returns the names with commas; bits without a name as
// "bit-11"; "none" for 0.
std::string FormatGuestFeatures(uint64_t features);

}  // namespace tally
