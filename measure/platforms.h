// Platform facts: what virtual processors and virtual machine monitors look
// like to a measurement. Tables, every row with its source.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

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

// VcpuType is a processor model of QEMU (-cpu NAME) that can run SEV guests.
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

// FindVcpuType looks a name up; the error for an unknown one names the nearest.
Result<VcpuType> FindVcpuType(std::string_view name);

// SnpVmm is who launches the guest.
enum class SnpVmm { kQemu, kEc2, kGce };

// SnpVmsaEra says whether the host's KVM copies the initial x87 and SSE control
// words into the VMSA before it is measured.
enum class SnpVmsaEra {
  kFpuSynced,    // Linux 6.10 and later
  kFpuNotSynced  // earlier SNP host kernels: both words are zero
};

// FindSnpVmm accepts "qemu", "ec2" and "gce".
Result<SnpVmm> FindSnpVmm(std::string_view name);
std::string_view SnpVmmName(SnpVmm vmm);

}  // namespace tally
