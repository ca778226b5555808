#include "cli/launch_inputs.h"

#include <algorithm>

#include "cli/option_value.h"
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

// VcpuSignature returns what the flags say, 0 if they say nothing: no processor
// has that one. Of several the first one counts, in the order of
// sev-snp-measure.
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
    TALLY_ASSIGN(const VcpuType type,
                 OfOption("--vcpu-type", FindVcpuType(flags.vcpu_type)));
    given.push_back(type.signature());
  }
  for (const uint32_t signature : given) {
    if (signature == 0) {
      return UsageError("the vCPU is given as 0x0, which no processor is");
    }
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
  TALLY_ASSIGN(const FileDigest kernel, DigestStream(flags.kernel));
  hashes.kernel = kernel.sha256;
  if (!flags.initrd.empty()) {
    TALLY_ASSIGN(const FileDigest initrd, DigestStream(flags.initrd));
    hashes.initrd = initrd.sha256;
  }
  return std::optional<SevHashes>(hashes);
}

Status CheckVcpuCounts(const LaunchFlags& flags) {
  if (flags.vcpus.empty() && flags.kind != LaunchKind::kSev) {
    return UsageError("--vcpus is not given");
  }
  for (const uint32_t num_vcpus : flags.vcpus) {
    if (num_vcpus == 0 || num_vcpus > kMaxVcpus) {
      return UsageError("--vcpus is " + std::to_string(num_vcpus) +
                        ", expected 1 to " + std::to_string(kMaxVcpus));
    }
  }
  return Ok();
}

// CheckVmsaGpa: the address is that of a page, below the 52 bits of physical
// addresses.
Status CheckVmsaGpa(const LaunchFlags& flags) {
  if (!flags.vmsa_gpa) return Ok();
  if (flags.kind != LaunchKind::kSnp) {
    return UsageError("--vmsa-gpa is for snp only");
  }
  constexpr uint64_t kEnd = uint64_t{1} << 52;
  if (*flags.vmsa_gpa % kSnpPageBytes != 0 || *flags.vmsa_gpa >= kEnd) {
    return UsageError("--vmsa-gpa is " + HexNumber(*flags.vmsa_gpa) +
                      ", expected a multiple of 0x1000 below " +
                      HexNumber(kEnd));
  }
  return Ok();
}

Status CheckSvsmFlags(const LaunchFlags& flags) {
  if (flags.require_svsm && flags.svsm.empty()) {
    return UsageError("--svsm is not given");
  }
  if (flags.kind != LaunchKind::kSnp || flags.svsm.empty()) return Ok();
  if (flags.vars_size.has_value() == !flags.vars_file.empty()) {
    return UsageError("--svsm needs --vars-size or --vars-file, not both");
  }
  if (flags.vars_size && *flags.vars_size % kSnpPageBytes != 0) {
    return UsageError("--vars-size is " + HexNumber(*flags.vars_size) +
                      ", expected a multiple of 0x1000");
  }
  if (!flags.ovmf_hash.empty()) {
    return UsageError("--svsm and --snp-ovmf-hash do not go together");
  }
  if (!flags.kernel.empty()) {
    return UsageError(
        "--svsm and --kernel do not go together: such a launch measures no "
        "kernel");
  }
  return Ok();
}

// CheckVmm says what the VMM cannot do.
Status CheckVmm(const LaunchFlags& flags, SnpVmm vmm) {
  const bool has_svsm = flags.kind == LaunchKind::kSnp && !flags.svsm.empty();
  if (has_svsm && vmm != SnpVmm::kQemu) {
    return UsageError("--svsm: " + std::string(SnpVmmName(vmm)) +
                      " launches none");
  }
  if (!flags.kernel.empty() && !ProfileOf(vmm).measures_kernel) {
    return UsageError("--kernel: " + std::string(SnpVmmName(vmm)) +
                      " measures no kernel");
  }
  return Ok();
}

// Features returns SEV_FEATURES of the kind of launch.
Result<uint64_t> Features(const LaunchFlags& flags) {
  if (flags.kind == LaunchKind::kSnp) {
    TALLY_ASSIGN(
        const uint64_t features,
        OfOption("--guest-features",
                 ParseGuestFeatures(flags.guest_features.value_or("0x1"))));
    if ((features & kSnpActive) != 0) return features;
    return UsageError("--guest-features is " + HexNumber(features) +
                      ", expected bit 0, without which no SNP guest starts");
  }
  const std::string& text = flags.sev_es_features;
  TALLY_ASSIGN(const uint64_t features,
               OfOption("--sev-es-features", ParseGuestFeatures(text)));
  const bool is_number = !text.empty() && text[0] >= '0' && text[0] <= '9';
  // Names imply that the guest is one of SNP.
  return is_number ? features : features & ~kSnpActive;
}

Status CheckLaunchFlags(const LaunchFlags& flags) {
  const bool is_snp = flags.kind == LaunchKind::kSnp;
  TALLY_TRY(CheckVcpuCounts(flags));
  if (!is_snp && !flags.ovmf_hash.empty()) {
    return UsageError("--snp-ovmf-hash is for snp only");
  }
  TALLY_TRY(CheckVmsaGpa(flags));
  return CheckSvsmFlags(flags);
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
  const bool is_sev = flags.kind == LaunchKind::kSev;
  warn(is_sev && !flags.vcpus.empty(), "--vcpus",
       "the digest of sev does not depend on it");
  warn(is_sev && !flags.vcpu_type.empty(), "--vcpu-type",
       "the digest of sev does not depend on it");
  warn(!is_snp && flags.guest_features, "--guest-features",
       is_sev ? "it is for snp" : "it is for snp; seves has --sev-es-features");
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
  TALLY_ASSIGN(const SnpVmm vmm, OfOption("--vmm-type", FindSnpVmm(flags.vmm)));
  TALLY_ASSIGN(
      const SnpVmsaEra era,
      OfOption("--vmsa-era", FindSnpVmsaEra(flags.era.value_or("linux-6.10"))));
  TALLY_TRY(CheckVmm(flags, vmm));
  std::vector<std::string> warnings = WarnUnused(flags);
  TALLY_ASSIGN(const uint32_t signature, VcpuSignature(flags, &warnings));
  if (signature == 0 && !ProfileOf(vmm).rdx && flags.kind != LaunchKind::kSev) {
    return UsageError(
        "none of --vcpu-type, --vcpu-sig and --vcpu-family given");
  }
  TALLY_ASSIGN(const uint64_t features, Features(flags));
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
                .guest_features = features,
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
