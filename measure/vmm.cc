#include "measure/vmm.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "common/check.h"
#include "common/text.h"

namespace tally {
namespace {

// The PAT register after a reset, AMD 24593, section 7.8.
constexpr uint64_t kResetPat = 0x0007040600070406;

constexpr VmmProfile kVmmProfiles[] = {
    {.vmm = SnpVmm::kQemu,
     .name = "qemu",
     .boot_cs_attributes = 0x9b,
     .other_cs_attributes = 0x9b,
     .ss_attributes = 0x93,
     .tr_attributes = 0x8b,
     .g_pat = kResetPat,
     .fpu_synced = true,
     .measures_kernel = true,
     .source = "QEMU target/i386/cpu.c, x86_cpu_reset_hold; sev-snp-measure "
               "8f2b337e vmsa.py; confirmed by a report of real hardware (the "
               "dstack fixture)"},
    {.vmm = SnpVmm::kEc2,
     .name = "ec2",
     .boot_cs_attributes = 0x9a,
     .other_cs_attributes = 0x9b,
     .ss_attributes = 0x92,
     .tr_attributes = 0x83,
     .g_pat = kResetPat,
     .rdx = 0x600,
     .cpuid_pages = CpuidPages::kAfterOtherSections,
     .source = "sev-snp-measure 8f2b337e vmsa.py and guest.py; its pull "
               "request 60 changed rdx from 0 to 0x600 in 2026 after a "
               "comparison with a running instance"},
    {.vmm = SnpVmm::kGce,
     .name = "gce",
     .boot_cs_attributes = 0x9b,
     .other_cs_attributes = 0x9b,
     .ss_attributes = 0x93,
     .tr_attributes = 0x8b,
     .g_pat = 0x00070106,
     .rdx = 0x600,
     .sec_mem_unmeasured = true,
     .source = "gce-tcb-verifier 74582c07 sev/ld_from_ovmf.go, VmsaV1 and "
               "measureZeroContentUefiPages"},
    {.vmm = SnpVmm::kKrun,
     .name = "krun",
     .boot_cs_attributes = 0x9a,
     .other_cs_attributes = 0x9a,
     .ss_attributes = 0x92,
     .tr_attributes = 0x83,
     .g_pat = kResetPat,
     .rdx = 0,
     .measures_kernel = true,
     .source =
         "virtee/sev 9cf2adbf src/measurement/vmsa.rs, VMMType::KRUN (its "
         "values for rsi and rsp are never reached)"},
};

Error UnknownName(const std::string& what, std::string_view name,
                  const std::vector<std::string>& known) {
  Error error = InputError("unknown " + what + " " + Quote(name) +
                           ", expected one of " + Join(known, ", "));
  const std::optional<std::string> nearest =
      NearestName(LowerCase(name), known);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean '" + *nearest + "'?");
}

}  // namespace

std::string LowerCase(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

std::span<const VmmProfile> VmmProfiles() { return kVmmProfiles; }

const VmmProfile& ProfileOf(SnpVmm vmm) {
  const VmmProfile* profile =
      std::ranges::find(kVmmProfiles, vmm, &VmmProfile::vmm);
  TALLY_CHECK(profile != std::end(kVmmProfiles));
  return *profile;
}

Result<SnpVmm> FindSnpVmm(std::string_view name) {
  std::vector<std::string> known;
  for (const VmmProfile& profile : kVmmProfiles) {
    if (profile.name == LowerCase(name)) return profile.vmm;
    known.emplace_back(profile.name);
  }
  return UnknownName("vmm", name, known);
}

std::string_view SnpVmmName(SnpVmm vmm) { return ProfileOf(vmm).name; }

Result<SnpVmsaEra> FindSnpVmsaEra(std::string_view name) {
  std::vector<std::string> known;
  for (const SnpVmsaEra era :
       {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
    if (name == SnpVmsaEraName(era)) return era;
    known.emplace_back(SnpVmsaEraName(era));
  }
  return UnknownName("VMSA era", name, known);
}

std::string_view SnpVmsaEraName(SnpVmsaEra era) {
  return era == SnpVmsaEra::kFpuSynced ? "linux-6.10" : "before-linux-6.10";
}

}  // namespace tally
