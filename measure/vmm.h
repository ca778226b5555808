// What virtual machine monitors do differently when they launch SEV guests: a
// table, every row with its source.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "common/result.h"

namespace tally {

// The most that CONFIG_KVM_MAX_NR_VCPUS of Linux allows on x86.
inline constexpr uint32_t kMaxVcpus = 4096;

// SnpVmm is who launches the guest.
enum class SnpVmm { kQemu, kEc2, kGce, kKrun };

// SnpVmsaEra says whether the host's KVM copies the initial x87 and SSE control
// words into the VMSA before it is measured.
enum class SnpVmsaEra {
  kFpuSynced,    // Linux 6.10 and later
  kFpuNotSynced  // earlier SNP host kernels: both words are zero
};

// CpuidPages says when the CPUID page is added.
enum class CpuidPages { kInPlace, kAfterOtherSections };

// VmmProfile is one row.
struct VmmProfile {
  SnpVmm vmm = SnpVmm::kQemu;
  std::string_view name;
  // Attributes of cs for the first processor and for the others, of ss, of tr.
  uint16_t boot_cs_attributes = 0;
  uint16_t other_cs_attributes = 0;
  uint16_t ss_attributes = 0;
  uint16_t tr_attributes = 0;
  uint64_t g_pat = 0;
  // rdx at reset; if not set, the signature of the vCPU type.
  std::optional<uint64_t> rdx;
  // Whether the host's KVM may copy the FPU control words (see SnpVmsaEra).
  bool fpu_synced = false;
  CpuidPages cpuid_pages = CpuidPages::kInPlace;
  // Whether the pages of SNP_SEC_MEM are added unmeasured instead of zero.
  bool sec_mem_unmeasured = false;
  // Whether it puts hashes of a kernel into the guest.
  bool measures_kernel = false;
  std::string_view source;
};

std::span<const VmmProfile> VmmProfiles();
const VmmProfile& ProfileOf(SnpVmm vmm);

// FindSnpVmm accepts "qemu", "ec2", "gce" and "krun", in any case.
Result<SnpVmm> FindSnpVmm(std::string_view name);
std::string_view SnpVmmName(SnpVmm vmm);

// FindSnpVmsaEra accepts "linux-6.10" (from there on) and "before-linux-6.10".
Result<SnpVmsaEra> FindSnpVmsaEra(std::string_view name);
std::string_view SnpVmsaEraName(SnpVmsaEra era);

// LowerCase turns A to Z into a to z: machine monitors and processors are named
// in any case.
std::string LowerCase(std::string_view text);

}  // namespace tally
