#include "cli/sev_cells.h"

#include "builder/images.h"
#include "cli/igvm_artifacts.h"
#include "common/text.h"
#include "formats/ovmf.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

Result<MappedFile> OpenArtifact(const fs::path& artifacts, const char* name) {
  return MappedFile::Open(artifacts / name);
}

// KernelHashesFor returns the hashes that the monitor puts into the guest: it
// does if the firmware has a table for them; without one, it loads the kernel
// unmeasured.
Result<std::optional<SevHashes>> KernelHashesFor(const SevTarget& target,
                                                 SnpVmm vmm,
                                                 const DirectBoot& boot) {
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(boot.firmware.bytes()));
  const bool has_table = target.platform == "sev-snp"
                             ? HasKernelHashesTable(layout)
                             : layout.kernel_hashes.has_value();
  if (!ProfileOf(vmm).measures_kernel || !has_table) {
    return std::optional<SevHashes>();
  }
  return std::optional<SevHashes>(HashKernelInputs(
      boot.kernel.bytes(), boot.initrd.bytes(),
      boot.cmdline ? AsText(boot.cmdline->bytes()) : std::string_view()));
}

// SignatureOf returns 0 if there is no type.
Result<uint32_t> SignatureOf(const std::string& vcpu_type) {
  if (vcpu_type.empty()) return uint32_t{0};
  TALLY_ASSIGN(const VcpuType type, FindVcpuType(vcpu_type));
  return type.signature();
}

}  // namespace

Result<DirectBoot> OpenDirectBoot(const Manifest& manifest,
                                  const fs::path& artifacts) {
  TALLY_ASSIGN(MappedFile firmware, OpenArtifact(artifacts, kFirmwareArtifact));
  TALLY_ASSIGN(MappedFile kernel, OpenArtifact(artifacts, kKernelArtifact));
  TALLY_ASSIGN(MappedFile initrd, OpenArtifact(artifacts, kInitrdArtifact));
  DirectBoot boot{.firmware = std::move(firmware),
                  .kernel = std::move(kernel),
                  .initrd = std::move(initrd)};
  if (manifest.disk) {
    TALLY_ASSIGN(boot.cmdline, OpenArtifact(artifacts, kCmdlineArtifact));
  }
  return boot;
}

std::vector<CellFacts> CellsOf(const SevTarget& target) {
  std::vector<CellFacts> cells;
  for (const std::string& vmm : target.vmms) {
    for (const std::string& vcpu_type : target.vcpu_types) {
      for (const uint64_t features : target.guest_features) {
        cells.push_back({vmm, vcpu_type, features});
      }
    }
  }
  return cells;
}

Json SevProfile(const TargetSpec& spec, const CellFacts& facts,
                uint32_t num_vcpus) {
  const SevTarget& target = *spec.sev;
  Json::Object profile{{"vmm", facts.vmm}};
  if (target.platform == "sev") return profile;
  profile["vcpu_type"] = facts.vcpu_type;
  profile["vcpus"] = int64_t{num_vcpus};
  if (target.platform == "sev-snp") {
    profile["guest_features"] = HexNumber(facts.guest_features);
    if (target.igvm_policy) {
      profile["igvm"] = IgvmArtifact(spec, facts, num_vcpus);
    }
  }
  return profile;
}

Result<SnpLaunch> SnpLaunchOf(const SevTarget& target, const CellFacts& facts,
                              const DirectBoot& boot) {
  TALLY_ASSIGN(const SnpVmm vmm, FindSnpVmm(facts.vmm));
  TALLY_ASSIGN(const uint32_t signature, SignatureOf(facts.vcpu_type));
  TALLY_ASSIGN(const std::optional<SevHashes> hashes,
               KernelHashesFor(target, vmm, boot));
  return SnpLaunch{.firmware = boot.firmware.bytes(),
                   .vcpu_signature = signature,
                   .guest_features = facts.guest_features,
                   .vmm = vmm,
                   .kernel_hashes = hashes};
}

Result<SevLaunch> SevLaunchOf(const SevTarget& target, const CellFacts& facts,
                              const DirectBoot& boot) {
  TALLY_ASSIGN(const SnpVmm vmm, FindSnpVmm(facts.vmm));
  TALLY_ASSIGN(const uint32_t signature, SignatureOf(facts.vcpu_type));
  TALLY_ASSIGN(const std::optional<SevHashes> hashes,
               KernelHashesFor(target, vmm, boot));
  return SevLaunch{
      .firmware = boot.firmware.bytes(),
      .mode = target.platform == "sev" ? SevMode::kSev : SevMode::kSevEs,
      .vcpu_signature = signature,
      .vmm = vmm,
      .kernel_hashes = hashes};
}

}  // namespace tally
