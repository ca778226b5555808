#include "measure/snp.h"

#include <string>

#include "common/check.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/uuid.h"
#include "measure/snp_vmsa.h"

namespace tally {
namespace {

constexpr uint64_t kPageBytes = 4096;
// The address that KVM gives for VMSA pages, -1, cut to a page of a 48-bit
// address space: Linux arch/x86/kvm/svm/sev.c, INITIAL_VMSA_GPA.
constexpr uint64_t kVmsaGpa = 0xfffffffff000;
// The most that CONFIG_KVM_MAX_NR_VCPUS of Linux allows on x86.
constexpr uint32_t kMaxVcpus = 4096;
// SEV_FEATURES bit 0: SNPActive (AMD 24593, appendix B).
constexpr uint64_t kSnpActive = 1;

constexpr std::string_view kLaunchDigestName = "launch_digest";

// The table of hashes: QEMU target/i386/sev.c, SevHashTable and
// PaddedSevHashTable; read by edk2 OvmfPkg/AmdSev/BlobVerifierLibSevHashes.
constexpr std::string_view kHashTableGuid =
    "9438d606-4f22-4cc9-b479-a793d411fd21";
constexpr std::string_view kCmdlineGuid =
    "97d02dd8-bd20-4c94-aa78-e7714d36ab2a";
constexpr std::string_view kInitrdGuid = "44baf731-3a2f-4bd7-9af1-41e29169781d";
constexpr std::string_view kKernelGuid = "4de79437-abd2-427f-b835-d5b172d2045b";
constexpr uint16_t kHashEntryBytes = 16 + 2 + 32;
constexpr uint16_t kHashTableBytes = 16 + 2 + 3 * kHashEntryBytes;
static_assert(kHashTableBytes == 168);

// PlannedPage is a page with its reason.
struct PlannedPage {
  SnpPage page;
  std::string what;
};

// Progress is a launch that is under way.
struct Progress {
  SnpLaunchDigest digest;
  std::vector<Event> events;
};

std::string TypeName(SnpPageType type) {
  switch (type) {
    case SnpPageType::kNormal:
      return "normal";
    case SnpPageType::kVmsa:
      return "vmsa";
    case SnpPageType::kZero:
      return "zero";
    case SnpPageType::kUnmeasured:
      return "unmeasured";
    case SnpPageType::kSecrets:
      return "secrets";
    case SnpPageType::kCpuid:
      return "cpuid";
  }
  return "unknown";
}

Status CheckLaunch(const SnpLaunch& launch, uint32_t num_vcpus,
                   const Ovmf& layout) {
  if (num_vcpus == 0 || num_vcpus > kMaxVcpus) {
    return InputError("snp: found " + std::to_string(num_vcpus) +
                      " vcpus, expected 1 to " + std::to_string(kMaxVcpus));
  }
  if ((launch.guest_features & kSnpActive) == 0) {
    return InputError("snp: guest features " +
                      HexNumber(launch.guest_features) +
                      " lack bit 0, without which no SNP guest starts");
  }
  if (launch.vmm == SnpVmm::kQemu && launch.vcpu_signature == 0) {
    return InputError(
        "snp: vcpu signature is zero, expected that of a vcpu type");
  }
  if (layout.sections.empty()) {
    return InputError("snp: the firmware has no SEV metadata")
        .Hint(
            "Debian's OVMF.fd has it, OVMF_CODE.fd and OVMF_CODE_4M.fd do not");
  }
  if (num_vcpus > 1 && !layout.sev_es_reset_eip) {
    return InputError("snp: the firmware has no SEV-ES reset address, so " +
                      std::to_string(num_vcpus) + " vcpus cannot start");
  }
  return Ok();
}

bool HasKernelHashesTable(const Ovmf& layout) {
  return layout.kernel_hashes.has_value() &&
         layout.Find(OvmfSectionKind::kKernelHashes) != nullptr;
}

Status CheckKernelHashes(const SnpLaunch& launch, const Ovmf& layout) {
  if (!launch.kernel_hashes) return Ok();
  if (launch.vmm != SnpVmm::kQemu) {
    return InputError("snp: a kernel was given, but " +
                      std::string(SnpVmmName(launch.vmm)) +
                      " measures no kernel");
  }
  if (!HasKernelHashesTable(layout)) {
    return InputError(
               "snp: a kernel was given, but the firmware has no kernel-hashes "
               "table")
        .Hint(
            "use a firmware built from OvmfPkg/AmdSev/AmdSevX64.dsc, or "
            "measure "
            "without a kernel: then nothing binds it");
  }
  return Ok();
}

std::vector<PlannedPage> PlanFirmware(ByteSpan image, uint64_t gpa) {
  std::vector<PlannedPage> pages;
  for (uint64_t offset = 0; offset < image.size(); offset += kPageBytes) {
    pages.push_back({{.contents = Sha384(image.subspan(offset, kPageBytes)),
                      .type = SnpPageType::kNormal,
                      .gpa = gpa + offset},
                     "firmware"});
  }
  return pages;
}

void WriteHashEntry(ByteWriter& w, std::string_view guid,
                    const Sha256Digest& digest) {
  w.Raw(GuidBytes(ParseUuid(guid).value()));
  w.U16Le(kHashEntryBytes);
  w.Raw(digest.span());
}

// EncodeKernelHashesPage returns the page with the table at `offset`.
Bytes EncodeKernelHashesPage(const SnpKernelHashes& hashes, uint64_t offset) {
  ByteWriter w;
  w.Zeros(offset);
  w.Raw(GuidBytes(ParseUuid(kHashTableGuid).value()));
  w.U16Le(kHashTableBytes);
  WriteHashEntry(w, kCmdlineGuid, hashes.cmdline);
  WriteHashEntry(w, kInitrdGuid, hashes.initrd);
  WriteHashEntry(w, kKernelGuid, hashes.kernel);
  w.ZerosUntil(kPageBytes);
  return std::move(w).Take();
}

// SectionPageType says how a VMM adds the pages of a section (kernel hashes
// only where no kernel is given).
SnpPageType SectionPageType(OvmfSectionKind kind, SnpVmm vmm) {
  switch (kind) {
    case OvmfSectionKind::kSecMem:
      // gce-tcb-verifier 022f7554, sev/ld_from_ovmf.go, SevUnmeasuredSection.
      return vmm == SnpVmm::kGce ? SnpPageType::kUnmeasured
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
                 const Ovmf& layout, std::vector<PlannedPage>& pages) {
  if (section.kind == OvmfSectionKind::kKernelHashes && launch.kernel_hashes) {
    // CheckOvmf has seen that the table lies inside the section's only page.
    const Bytes page = EncodeKernelHashesPage(
        *launch.kernel_hashes, layout.kernel_hashes->gpa - section.gpa);
    pages.push_back({{.contents = Sha384(page),
                      .type = SnpPageType::kNormal,
                      .gpa = section.gpa},
                     "hashes of kernel, initrd and command line"});
    return;
  }
  for (uint64_t offset = 0; offset < section.size_bytes; offset += kPageBytes) {
    pages.push_back(
        {{.type = SectionPageType(section.kind, launch.vmm),
          .gpa = section.gpa + offset},
         "SEV metadata: " + std::string(OvmfSectionKindName(section.kind))});
  }
}

// PlanSections follows the metadata, except that EC2 adds the CPUID page last
// (sev-snp-measure 8f2b337e, guest.py, snp_update_metadata_pages).
std::vector<PlannedPage> PlanSections(const SnpLaunch& launch,
                                      const Ovmf& layout) {
  std::vector<PlannedPage> pages;
  const bool cpuid_last = launch.vmm == SnpVmm::kEc2;
  for (const OvmfSection& section : layout.sections) {
    if (cpuid_last && section.kind == OvmfSectionKind::kCpuid) continue;
    PlanSection(section, launch, layout, pages);
  }
  const OvmfSection* cpuid = layout.Find(OvmfSectionKind::kCpuid);
  if (cpuid_last && cpuid != nullptr) {
    PlanSection(*cpuid, launch, layout, pages);
  }
  return pages;
}

std::vector<PlannedPage> PlanVmsas(const SnpLaunch& launch, uint32_t num_vcpus,
                                   const Ovmf& layout) {
  const VmsaFacts facts{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  const Sha384Digest first = Sha384(EncodeVmsa(InitialVmsa(facts, kBootEip)));
  // Unused, and so without meaning, if there is one processor.
  const uint32_t reset_eip = layout.sev_es_reset_eip.value_or(kBootEip);
  const Sha384Digest other = Sha384(EncodeVmsa(InitialVmsa(facts, reset_eip)));
  std::vector<PlannedPage> pages;
  for (uint32_t i = 0; i < num_vcpus; ++i) {
    pages.push_back({{.contents = i == 0 ? first : other,
                      .type = SnpPageType::kVmsa,
                      .gpa = kVmsaGpa},
                     "vcpu " + std::to_string(i)});
  }
  return pages;
}

void Fold(const std::vector<PlannedPage>& pages, Progress& progress) {
  for (const PlannedPage& planned : pages) {
    const SnpPage& page = planned.page;
    progress.digest = ExtendSnp(progress.digest, page);
    const bool has_contents = page.contents != Sha384Digest();
    progress.events.push_back(
        {.what = planned.what,
         .type = TypeName(page.type),
         .gpa = page.gpa,
         .size_bytes = kPageBytes,
         .digest = has_contents ? "sha384:" + page.contents.hex() : "",
         .value_after = progress.digest.hex()});
  }
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
    if (launch.vmm != SnpVmm::kQemu) {
      why_not = std::string(SnpVmmName(launch.vmm)) + " measures no kernel";
    } else if (!HasKernelHashesTable(layout)) {
      why_not = "the firmware has no kernel-hashes table";
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

SnpMeasurement Finish(Progress progress, const SnpLaunch& launch,
                      uint32_t num_vcpus, const Ovmf& layout) {
  Fold(PlanVmsas(launch, num_vcpus, layout), progress);
  return {.num_vcpus = num_vcpus,
          .launch_digest = progress.digest,
          .events = std::move(progress.events),
          .coverage = DescribeCoverage(launch, layout),
          .has_kernel_hashes_table = HasKernelHashesTable(layout)};
}

}  // namespace

SnpLaunchDigest ExtendSnp(const SnpLaunchDigest& before, const SnpPage& page) {
  constexpr uint16_t kPageInfoBytes = 0x70;
  // AMD 56860, SNP_LAUNCH_UPDATE, table "Layout of the PAGE_INFO Structure".
  // Other tools write the permissions in the opposite order; this one is that
  // of AMD's published firmware (AMD-ASPFW 3ca6650d, sev_mcmd.h,
  // snp_mcmd_launch_update_page_info_t).
  ByteWriter w;
  w.Raw(before.span());                   // 0x00 DIGEST_CUR
  w.Raw(page.contents.span());            // 0x30 CONTENTS
  w.U16Le(kPageInfoBytes);                // 0x60 LENGTH
  w.U8(static_cast<uint8_t>(page.type));  // 0x62 PAGE_TYPE
  w.U8(page.imi_page);                    // 0x63 IMI_PAGE
  w.U8(0);                                // 0x64 reserved
  w.U8(page.vmpl1_permissions);           // 0x65 VMPL1_PERMS
  w.U8(page.vmpl2_permissions);           // 0x66 VMPL2_PERMS
  w.U8(page.vmpl3_permissions);           // 0x67 VMPL3_PERMS
  w.U64Le(page.gpa);                      // 0x68 GPA
  TALLY_CHECK(w.size() == kPageInfoBytes);
  return SnpLaunchDigest(Sha384(w.bytes()).array());
}

SnpKernelHashes HashKernelInputs(ByteSpan kernel, ByteSpan initrd,
                                 std::string_view cmdline) {
  constexpr uint8_t kNul = 0;
  Sha256Hasher cmdline_hasher;
  cmdline_hasher.Update(AsBytes(cmdline)).Update({&kNul, 1});
  return {.kernel = Sha256(kernel),
          .initrd = Sha256(initrd),
          .cmdline = cmdline_hasher.Finish()};
}

Result<SnpMeasurement> MeasureSnp(const SnpLaunch& launch) {
  const uint32_t count[] = {launch.num_vcpus};
  TALLY_ASSIGN(std::vector<SnpMeasurement> all,
               MeasureSnpMatrix(launch, count));
  return std::move(all.front());
}

Result<std::vector<SnpMeasurement>> MeasureSnpMatrix(
    const SnpLaunch& launch, std::span<const uint32_t> vcpu_counts) {
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(launch.firmware));
  TALLY_TRY(CheckKernelHashes(launch, layout));
  for (const uint32_t num_vcpus : vcpu_counts) {
    TALLY_TRY(CheckLaunch(launch, num_vcpus, layout));
  }

  // All launches begin alike; only the VMSAs at the end differ.
  Progress shared;
  Fold(PlanFirmware(launch.firmware, layout.gpa()), shared);
  Fold(PlanSections(launch, layout), shared);

  std::vector<SnpMeasurement> measurements;
  for (const uint32_t num_vcpus : vcpu_counts) {
    measurements.push_back(Finish(shared, launch, num_vcpus, layout));
  }
  return measurements;
}

Result<SnpFirmwareSeed> SeedSnpFirmware(ByteSpan firmware) {
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(firmware));
  Progress progress;
  Fold(PlanFirmware(firmware, layout.gpa()), progress);
  return SnpFirmwareSeed{.after_firmware = progress.digest, .layout = layout};
}

Result<SnpMeasurement> MeasureSnpFromSeed(const SnpFirmwareSeed& seed,
                                          const SnpLaunch& launch) {
  TALLY_TRY(CheckOvmf(seed.layout));
  TALLY_TRY(CheckKernelHashes(launch, seed.layout));
  TALLY_TRY(CheckLaunch(launch, launch.num_vcpus, seed.layout));

  Progress progress;
  progress.digest = seed.after_firmware;
  progress.events.push_back({.what = "firmware, given by its digest",
                             .type = "seed",
                             .digest = "sha384:" + seed.after_firmware.hex(),
                             .value_after = seed.after_firmware.hex()});
  Fold(PlanSections(launch, seed.layout), progress);
  return Finish(std::move(progress), launch, launch.num_vcpus, seed.layout);
}

}  // namespace tally
