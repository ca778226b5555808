#include "cli/launch_inputs.h"

#include <algorithm>

#include "common/text.h"
#include "measure/guest_features.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

Result<uint32_t> Narrow(const char* option, uint64_t value, uint64_t max) {
  if (value > max) {
    return UsageError(std::string(option) + " is " + HexNumber(value) +
                      ", expected at most " + HexNumber(max));
  }
  return static_cast<uint32_t>(value);
}

Result<uint32_t> SignatureOfFamily(const LaunchFlags& flags) {
  if (!flags.vcpu_family || !flags.vcpu_model || !flags.vcpu_stepping) {
    return UsageError(
        "--vcpu-family, --vcpu-model and --vcpu-stepping only go together");
  }
  TALLY_ASSIGN(const uint32_t family,
               Narrow("--vcpu-family", *flags.vcpu_family, 0x10e));
  TALLY_ASSIGN(const uint32_t model,
               Narrow("--vcpu-model", *flags.vcpu_model, 0xff));
  TALLY_ASSIGN(const uint32_t stepping,
               Narrow("--vcpu-stepping", *flags.vcpu_stepping, 0xf));
  return CpuidSignature(family, model, stepping);
}

// VcpuSignature returns what the flags say, 0 if they say nothing. Of several
// the first one counts, in the order of sev-snp-measure.
Result<uint32_t> VcpuSignature(const LaunchFlags& flags,
                               std::vector<std::string>* warnings) {
  std::vector<uint32_t> given;
  if (flags.vcpu_family || flags.vcpu_model || flags.vcpu_stepping) {
    TALLY_ASSIGN(const uint32_t signature, SignatureOfFamily(flags));
    given.push_back(signature);
  }
  if (flags.vcpu_signature) {
    TALLY_ASSIGN(const uint32_t signature,
                 Narrow("--vcpu-sig", *flags.vcpu_signature, UINT32_MAX));
    given.push_back(signature);
  }
  if (!flags.vcpu_type.empty()) {
    TALLY_ASSIGN(const VcpuType type, FindVcpuType(flags.vcpu_type));
    given.push_back(type.signature());
  }
  for (const uint32_t signature : given) {
    if (signature != given.front()) {
      warnings->push_back("the vCPU is given as " + HexNumber(given.front()) +
                          " and as " + HexNumber(signature) +
                          ": the first one counts");
    }
  }
  return given.empty() ? 0 : given.front();
}

// KernelHashes hashes the files that the VMM loads, if any are named.
Result<std::optional<SevHashes>> KernelHashes(const LaunchFlags& flags) {
  if (flags.kernel.empty()) {
    if (!flags.initrd.empty() || !flags.append.empty()) {
      return UsageError("--initrd and --append need --kernel");
    }
    return std::optional<SevHashes>();
  }
  SevHashes hashes = HashKernelInputs({}, {}, flags.append);
  TALLY_ASSIGN(const FileDigest kernel, DigestFile(flags.kernel));
  hashes.kernel = kernel.sha256;
  if (!flags.initrd.empty()) {
    TALLY_ASSIGN(const FileDigest initrd, DigestFile(flags.initrd));
    hashes.initrd = initrd.sha256;
  }
  return std::optional<SevHashes>(hashes);
}

Status CheckLaunchFlags(const LaunchFlags& flags) {
  const bool is_snp = flags.kind == LaunchKind::kSnp;
  if (flags.vcpus.empty() && flags.kind != LaunchKind::kSev) {
    return UsageError("--vcpus is not given");
  }
  if (!is_snp && !flags.ovmf_hash.empty()) {
    return UsageError("--snp-ovmf-hash is for snp only");
  }
  if (!is_snp && flags.vmsa_gpa) {
    return UsageError("--vmsa-gpa is for snp only");
  }
  if (flags.require_svsm && flags.svsm.empty()) {
    return UsageError("--svsm is not given");
  }
  if (is_snp && !flags.svsm.empty() &&
      flags.vars_size.has_value() == !flags.vars_file.empty()) {
    return UsageError("--svsm needs --vars-size or --vars-file, not both");
  }
  if (!flags.svsm.empty() && !flags.ovmf_hash.empty()) {
    return UsageError("--svsm and --snp-ovmf-hash do not go together");
  }
  return Ok();
}

// WarnUnused says which flags have no effect on the launch.
std::vector<std::string> WarnUnused(const LaunchFlags& flags) {
  const bool is_snp = flags.kind == LaunchKind::kSnp;
  const bool has_svsm = is_snp && !flags.svsm.empty();
  std::vector<std::string> warnings;
  const auto warn = [&](bool is_given, const char* option, const char* why) {
    if (!is_given) return;
    warnings.push_back(std::string(option) + " has no effect: " + why);
  };
  warn(!is_snp && !flags.svsm.empty(), "--svsm", "it is for snp");
  warn(!has_svsm && flags.vars_size, "--vars-size", "it is for --svsm");
  warn(!has_svsm && !flags.vars_file.empty(), "--vars-file",
       "it is for --svsm");
  return warnings;
}

Result<SnpSvsmImage> SvsmImage(const LaunchFlags& flags,
                               const MappedFile& file) {
  SnpSvsmImage svsm{.image = file.bytes()};
  if (flags.vars_size) {
    svsm.vars_size_bytes = *flags.vars_size;
  } else {
    TALLY_ASSIGN(const MappedFile vars, MappedFile::Open(flags.vars_file));
    svsm.vars_size_bytes = vars.bytes().size();
  }
  return svsm;
}

}  // namespace

Result<LaunchInputs> OpenLaunch(const LaunchFlags& flags) {
  TALLY_TRY(CheckLaunchFlags(flags));
  TALLY_ASSIGN(const SnpVmm vmm, FindSnpVmm(flags.vmm));
  TALLY_ASSIGN(const SnpVmsaEra era,
               FindSnpVmsaEra(flags.era.value_or("linux-6.10")));
  std::vector<std::string> warnings = WarnUnused(flags);
  TALLY_ASSIGN(const uint32_t signature, VcpuSignature(flags, &warnings));
  if (signature == 0 && !ProfileOf(vmm).rdx && flags.kind != LaunchKind::kSev) {
    return UsageError(
        "none of --vcpu-type, --vcpu-sig and --vcpu-family given");
  }
  TALLY_ASSIGN(const uint64_t features,
               ParseGuestFeatures(flags.guest_features));
  TALLY_ASSIGN(MappedFile firmware, MappedFile::Open(flags.ovmf));
  LaunchInputs inputs{.firmware = std::move(firmware),
                      .warnings = std::move(warnings)};
  WillRead(inputs.firmware.bytes());
  TALLY_ASSIGN(const std::optional<SevHashes> hashes, KernelHashes(flags));
  inputs.sev = {.firmware = inputs.firmware.bytes(),
                .mode = flags.kind == LaunchKind::kSevEs ? SevMode::kSevEs
                                                         : SevMode::kSev,
                .vcpu_signature = signature,
                .vmm = vmm,
                .era = era,
                .kernel_hashes = hashes};
  inputs.snp = {.firmware = inputs.firmware.bytes(),
                .vcpu_signature = signature,
                .guest_features = features,
                .vmm = vmm,
                .era = era,
                .vmsa_gpa = flags.vmsa_gpa,
                .kernel_hashes = hashes};
  if (flags.kind != LaunchKind::kSnp) return inputs;
  if (!flags.svsm.empty()) {
    TALLY_ASSIGN(inputs.svsm, MappedFile::Open(flags.svsm));
    TALLY_ASSIGN(inputs.snp.svsm, SvsmImage(flags, *inputs.svsm));
  }
  if (!flags.ovmf_hash.empty()) {
    // sev-snp-measure takes upper case as well.
    std::string hex = flags.ovmf_hash;
    std::ranges::transform(hex, hex.begin(), [](char c) {
      return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    Result<SnpLaunchDigest> digest = SnpLaunchDigest::FromHex(hex);
    if (!digest) {
      return UsageError("--snp-ovmf-hash: " + digest.error().message());
    }
    inputs.firmware_digest = *digest;
  }
  return inputs;
}

std::string Measuring(const LaunchFlags& flags) {
  const std::string firmware = "measuring " + Quote(flags.ovmf.string());
  if (flags.svsm.empty()) return firmware;
  return firmware + " with the SVSM " + Quote(flags.svsm.string());
}

}  // namespace tally
