// Processor models of QEMU that can run SEV guests, and what CPUID reports as
// their signature. A table, every row with its source.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

// CpuidSignature returns CPUID Fn0000_0001_EAX (AMD 25481, "CPUID
// Specification"): family and model in their split encoding.
constexpr uint32_t CpuidSignature(uint32_t family, uint32_t model,
                                  uint32_t stepping) {
  const uint32_t base_family = family < 0xf ? family : 0xf;
  const uint32_t extended_family = family - base_family;
  return (extended_family & 0xff) << 20 | (model >> 4 & 0xf) << 16 |
         base_family << 8 | (model & 0xf) << 4 | (stepping & 0xf);
}

// VcpuType is a processor model of QEMU (-cpu NAME).
struct VcpuType {
  std::string_view name;
  uint32_t family = 0;
  uint32_t model = 0;
  uint32_t stepping = 0;
  std::string_view source;

  constexpr uint32_t signature() const {
    return CpuidSignature(family, model, stepping);
  }
};

std::span<const VcpuType> VcpuTypes();

// FindVcpuType looks a name up, in any case; the error for an unknown one names
// the nearest.
Result<VcpuType> FindVcpuType(std::string_view name);

// VcpuTypesOf returns the names of all types with a signature.
std::vector<std::string> VcpuTypesOf(uint32_t signature);

}  // namespace tally
