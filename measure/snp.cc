#include "measure/snp.h"

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/hash.h"
#include "common/text.h"
#include "measure/guest_features.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

// SnpStart is a launch up to its first VMSA.
struct SnpStart {
  SnpLaunchDigest digest;
  std::vector<Event> events;

  void Fold(std::span<const SnpStep> steps) {
    digest = FoldSnp(digest, steps, &events);
  }
};

Status CheckProcessors(const SnpLaunch& launch,
                       std::span<const uint32_t> vcpu_counts) {
  for (const uint32_t num_vcpus : vcpu_counts) {
    if (num_vcpus == 0 || num_vcpus > kMaxVcpus) {
      return InputError("snp: found " + std::to_string(num_vcpus) +
                        " vcpus, expected 1 to " + std::to_string(kMaxVcpus));
    }
  }
  if ((launch.guest_features & kSnpActive) == 0) {
    return InputError("snp: guest features " +
                      HexNumber(launch.guest_features) +
                      " lack bit 0, without which no SNP guest starts");
  }
  if (!ProfileOf(launch.vmm).rdx && launch.vcpu_signature == 0) {
    return InputError(
        "snp: vcpu signature is zero, expected that of a vcpu type");
  }
  return Ok();
}

Status CheckFirmware(const Ovmf& layout,
                     std::span<const uint32_t> vcpu_counts) {
  if (layout.sections.empty()) {
    return InputError("snp: the firmware has no SEV metadata")
        .Hint(
            "Debian's OVMF.fd has it, OVMF_CODE.fd and OVMF_CODE_4M.fd do not");
  }
  const uint32_t most = *std::ranges::max_element(vcpu_counts);
  if (most > 1 && !layout.sev_es_reset_eip) {
    return InputError("snp: the firmware has no SEV-ES reset address, so " +
                      std::to_string(most) + " vcpus cannot start");
  }
  return Ok();
}

// WhyNoHashes says why a firmware takes no hashes of a kernel.
std::string WhyNoHashes(const Ovmf& layout) {
  if (!layout.kernel_hashes) {
    return "the firmware has no kernel-hashes table";
  }
  return "the firmware's SEV metadata has no section SNP_KERNEL_HASHES for its "
         "kernel-hashes table";
}

Status CheckKernelHashes(const SnpLaunch& launch, const Ovmf& layout) {
  if (!launch.kernel_hashes) return Ok();
  if (!ProfileOf(launch.vmm).measures_kernel) {
    return InputError("snp: a kernel was given, but " +
                      std::string(SnpVmmName(launch.vmm)) +
                      " measures no kernel");
  }
  if (!HasKernelHashesTable(layout)) {
    return InputError("snp: a kernel was given, but " + WhyNoHashes(layout))
        .Hint(
            "use a firmware built from OvmfPkg/AmdSev/AmdSevX64.dsc, or "
            "measure "
            "without a kernel: then nothing binds it");
  }
  return Ok();
}

// SectionPageType says how a VMM adds the pages of a section (kernel hashes
// only where no kernel is given).
SnpPageType SectionPageType(OvmfSectionKind kind, const VmmProfile& profile) {
  switch (kind) {
    case OvmfSectionKind::kSecMem:
      return profile.sec_mem_unmeasured ? SnpPageType::kUnmeasured
                                        : SnpPageType::kZero;
    case OvmfSectionKind::kSecrets:
      return SnpPageType::kSecrets;
    case OvmfSectionKind::kCpuid:
      return SnpPageType::kCpuid;
    case OvmfSectionKind::kSvsmCaa:
    case OvmfSectionKind::kKernelHashes:
      return SnpPageType::kZero;
  }
  return SnpPageType::kZero;
}

void PlanSection(const OvmfSection& section, const SnpLaunch& launch,
                 const Ovmf& layout, std::vector<SnpStep>* steps) {
  if (section.kind == OvmfSectionKind::kKernelHashes && launch.kernel_hashes) {
    // CheckOvmf has seen that the table lies inside the section's only page.
    const Bytes page = EncodeSevHashPage(
        *launch.kernel_hashes, layout.kernel_hashes->gpa - section.gpa);
    AppendNormalPages(page, section.gpa,
                      "hashes of kernel, initrd and command line", steps);
    return;
  }
  const SnpPageType type = SectionPageType(section.kind, ProfileOf(launch.vmm));
  const std::string what =
      "SEV metadata: " + std::string(OvmfSectionKindName(section.kind));
  for (uint64_t offset = 0; offset < section.size_bytes;
       offset += kSnpPageBytes) {
    steps->push_back({{.type = type, .gpa = section.gpa + offset}, what});
  }
}

std::vector<SnpStep> PlanVmsas(const SnpVmsas& vmsas, uint32_t num_vcpus) {
  SnpPage first{.contents = Sha384(vmsas.first),
                .type = SnpPageType::kVmsa,
                .gpa = vmsas.gpa};
  SnpPage other = first;
  other.contents = Sha384(vmsas.other);
  std::vector<SnpStep> steps;
  for (uint32_t i = 0; i < num_vcpus; ++i) {
    steps.push_back({i == 0 ? first : other, "vcpu " + std::to_string(i)});
  }
  return steps;
}

// DescribeCoverage says what the digest binds. The firmware checks the kernel
// against the hashes that were measured.
std::vector<Coverage> DescribeCoverage(const SnpLaunch& launch,
                                       const Ovmf& layout) {
  const std::vector<std::string> bound = {std::string(kLaunchDigestName)};
  std::vector<Coverage> coverage = {{.input = "firmware", .registers = bound},
                                    {.input = "vcpus", .registers = bound}};
  std::string why_not;
  if (!launch.kernel_hashes) {
    if (launch.svsm) {
      why_not = "a launch with an SVSM measures no kernel";
    } else if (!ProfileOf(launch.vmm).measures_kernel) {
      why_not = std::string(SnpVmmName(launch.vmm)) + " measures no kernel";
    } else if (!HasKernelHashesTable(layout)) {
      why_not = WhyNoHashes(layout);
    } else {
      why_not = "the launch puts no kernel hashes into the firmware's table";
    }
  }
  for (const char* input : {"kernel", "initrd", "cmdline"}) {
    coverage.push_back(
        {.input = input,
         .registers = why_not.empty() ? bound : std::vector<std::string>(),
         .why_not = why_not});
  }
  return coverage;
}

// Finish adds the processors. All launches begin alike: that with fewer
// processors is the beginning of that with more.
SnpMeasurement Finish(SnpStart start, const SnpVmsas& vmsas,
                      std::span<const uint32_t> vcpu_counts,
                      std::vector<Coverage> coverage) {
  const size_t num_shared = start.events.size();
  start.Fold(PlanVmsas(vmsas, *std::ranges::max_element(vcpu_counts)));
  SnpMeasurement measurement{.events = std::move(start.events),
                             .coverage = std::move(coverage)};
  for (const uint32_t num_vcpus : vcpu_counts) {
    const size_t num_events = num_shared + num_vcpus;
    const Event& last = measurement.events[num_events - 1];
    measurement.cells.push_back(
        {.num_vcpus = num_vcpus,
         .launch_digest =
             SnpLaunchDigest::FromBytes(last.value_after.span()).value(),
         .num_events = num_events});
  }
  return measurement;
}

Result<SnpMeasurement> MeasureSections(SnpStart start, const SnpLaunch& launch,
                                       const Ovmf& layout,
                                       std::span<const uint32_t> vcpu_counts) {
  TALLY_TRY(CheckProcessors(launch, vcpu_counts));
  TALLY_TRY(CheckFirmware(layout, vcpu_counts));
  TALLY_TRY(CheckKernelHashes(launch, layout));
  start.Fold(PlanSnpSections(launch, layout));
  return Finish(std::move(start),
                InitialSnpVmsas(launch, layout.sev_es_reset_eip), vcpu_counts,
                DescribeCoverage(launch, layout));
}

SnpVmsas SvsmVmsas(const SnpLaunch& launch, const SvsmPlace& place) {
  const VmsaFacts facts{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  const Bytes page = EncodeVmsa(InitialSvsmVmsa(facts, place.entry()));
  return {.first = page,
          .other = page,
          .gpa = launch.vmsa_gpa.value_or(
              InitialVmsaGpa(launch.vmm, launch.vcpu_signature))};
}

Result<SnpMeasurement> MeasureWithSvsm(const SnpLaunch& launch,
                                       std::span<const uint32_t> vcpu_counts) {
  TALLY_TRY(CheckProcessors(launch, vcpu_counts));
  TALLY_ASSIGN(const SvsmPlace place, PlaceSvsm(launch));
  const Ovmf sections{.sections = place.svsm.sections};
  std::vector<SnpStep> steps;
  AppendNormalPages(launch.firmware, place.firmware_gpa, "firmware", &steps);
  AppendNormalPages(launch.svsm->image, place.gpa, "SVSM", &steps);
  SnpStart start;
  start.Fold(steps);
  start.Fold(PlanSnpSections(launch, sections));
  return Finish(std::move(start), SvsmVmsas(launch, place), vcpu_counts,
                DescribeCoverage(launch, sections));
}

}  // namespace

bool HasKernelHashesTable(const Ovmf& layout) {
  return layout.kernel_hashes.has_value() &&
         layout.Find(OvmfSectionKind::kKernelHashes) != nullptr;
}

uint64_t InitialVmsaGpa(SnpVmm vmm, uint32_t vcpu_signature) {
  constexpr uint32_t kStepping = 0xf;
  const bool is_genoa =
      (vcpu_signature & ~kStepping) == CpuidSignature(25, 17, 0);
  return vmm == SnpVmm::kGce && is_genoa ? kGceGenoaVmsaGpa : kKvmVmsaGpa;
}

std::vector<SnpStep> PlanSnpSections(const SnpLaunch& launch,
                                     const Ovmf& layout) {
  const bool cpuid_last =
      ProfileOf(launch.vmm).cpuid_pages == CpuidPages::kAfterOtherSections;
  std::vector<SnpStep> steps;
  for (const OvmfSection& section : layout.sections) {
    if (cpuid_last && section.kind == OvmfSectionKind::kCpuid) continue;
    PlanSection(section, launch, layout, &steps);
  }
  const OvmfSection* cpuid = layout.Find(OvmfSectionKind::kCpuid);
  if (cpuid_last && cpuid != nullptr) {
    PlanSection(*cpuid, launch, layout, &steps);
  }
  return steps;
}

SnpVmsas InitialSnpVmsas(const SnpLaunch& launch,
                         std::optional<uint32_t> reset_eip) {
  const VmsaFacts facts{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  return {.first = EncodeVmsa(InitialVmsa(facts, kBootEip)),
          // Unused, and so without meaning, if there is one processor.
          .other = EncodeVmsa(InitialVmsa(facts, reset_eip.value_or(kBootEip))),
          .gpa = launch.vmsa_gpa.value_or(
              InitialVmsaGpa(launch.vmm, launch.vcpu_signature))};
}

Result<SvsmPlace> PlaceSvsm(const SnpLaunch& launch) {
  if (launch.vmm != SnpVmm::kQemu) {
    return InputError("snp: an SVSM was given, but " +
                      std::string(SnpVmmName(launch.vmm)) + " launches none");
  }
  if (launch.kernel_hashes) {
    return InputError(
        "snp: a kernel was given, but a launch with an SVSM measures none");
  }
  if (launch.firmware.empty() || launch.firmware.size() % kSnpPageBytes != 0) {
    return InputError("snp: firmware size " +
                      HexNumber(launch.firmware.size()) +
                      " is not a multiple of 0x1000");
  }
  SvsmPlace place;
  place.firmware_gpa = Ovmf{.size_bytes = launch.firmware.size()}.gpa();
  const uint64_t vars_bytes = launch.svsm->vars_size_bytes;
  if (vars_bytes > place.firmware_gpa || vars_bytes % kSnpPageBytes != 0) {
    return InputError("snp: the size of the variable store is " +
                      HexNumber(vars_bytes) +
                      ", expected a multiple of 0x1000 that fits below the "
                      "firmware");
  }
  const uint64_t end_gpa = place.firmware_gpa - vars_bytes;
  TALLY_ASSIGN(place.svsm, ParseSvsm(launch.svsm->image, end_gpa));
  place.gpa = end_gpa - place.svsm.size_bytes;
  return place;
}

Result<SnpVmsas> VmsasOfLaunch(const SnpLaunch& launch) {
  if (launch.svsm) {
    TALLY_ASSIGN(const SvsmPlace place, PlaceSvsm(launch));
    return SvsmVmsas(launch, place);
  }
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(launch.firmware));
  return InitialSnpVmsas(launch, layout.sev_es_reset_eip);
}

Result<SnpMeasurement> MeasureSnp(const SnpLaunch& launch,
                                  std::span<const uint32_t> vcpu_counts) {
  TALLY_CHECK(!vcpu_counts.empty());
  if (launch.svsm) return MeasureWithSvsm(launch, vcpu_counts);
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(launch.firmware));
  std::vector<SnpStep> steps;
  AppendNormalPages(launch.firmware, layout.gpa(), "firmware", &steps);
  SnpStart start;
  start.Fold(steps);
  return MeasureSections(std::move(start), launch, layout, vcpu_counts);
}

Result<SnpFirmwareSeed> SeedSnpFirmware(ByteSpan firmware) {
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(firmware));
  std::vector<SnpStep> steps;
  AppendNormalPages(firmware, layout.gpa(), "firmware", &steps);
  return SnpFirmwareSeed{.after_firmware = FoldSnp({}, steps),
                         .layout = layout};
}

Result<SnpMeasurement> MeasureSnpFromSeed(
    const SnpFirmwareSeed& seed, const SnpLaunch& launch,
    std::span<const uint32_t> vcpu_counts) {
  TALLY_CHECK(!vcpu_counts.empty());
  TALLY_TRY(CheckOvmf(seed.layout));
  if (launch.svsm) {
    return InputError(
        "snp: an SVSM needs the firmware's image, not its digest");
  }
  SnpStart start{.digest = seed.after_firmware};
  start.events.push_back({.what = "firmware, given by its digest",
                          .type = "seed",
                          .digest = seed.after_firmware,
                          .value_after = seed.after_firmware});
  return MeasureSections(std::move(start), launch, seed.layout, vcpu_counts);
}

}  // namespace tally
