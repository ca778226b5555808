// The order of directives is the order in which they are measured: firmware,
// the sections of its SEV metadata, VMSAs. It is that of QEMU for a firmware
// given with -bios (target/i386/sev.c, sev_snp_launch_finish), except that QEMU
// adds pages of an IGVM file as it reads them (backends/igvm.c).
#include "builder/igvm.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "common/text.h"
#include "formats/ovmf.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint32_t kMask = 1;

Error Refuse(const std::string& why) { return InputError("igvm: " + why); }

Status CheckKernelHashes(const IgvmLaunch& launch, const Ovmf& layout) {
  if (!launch.kernel_hashes) return Ok();
  if (layout.kernel_hashes &&
      layout.Find(OvmfSectionKind::kKernelHashes) != nullptr) {
    return Ok();
  }
  return Refuse(
             "a kernel was given, but the firmware has no kernel-hashes table")
      .Hint("use a firmware built from OvmfPkg/AmdSev/AmdSevX64.dsc");
}

Status CheckVmsas(const std::vector<IgvmVmsa>& vmsas) {
  if (vmsas.empty()) return Refuse("found no VMSA, expected one or more");
  for (size_t i = 0; i < vmsas.size(); ++i) {
    if (vmsas[i].vp_index != i) {
      return Refuse("VMSA " + std::to_string(i) + " is of processor " +
                    std::to_string(vmsas[i].vp_index) + ", expected " +
                    std::to_string(i));
    }
    if (vmsas[i].page.size() != kPageBytes) {
      return Refuse("VMSA " + std::to_string(i) + " has " +
                    std::to_string(vmsas[i].page.size()) + " bytes, expected " +
                    std::to_string(kPageBytes));
    }
  }
  return Ok();
}

// CheckLaunch says what does not go together, before anything is laid out.
Status CheckLaunch(const IgvmLaunch& launch, const Ovmf& layout) {
  TALLY_TRY(CheckSnpPolicy(launch.policy));
  if (layout.sections.empty()) {
    return Refuse("the firmware has no SEV metadata")
        .Hint(
            "Debian's OVMF.fd has it, OVMF_CODE.fd and OVMF_CODE_4M.fd do not");
  }
  TALLY_TRY(CheckKernelHashes(launch, layout));
  return CheckVmsas(launch.vmsas);
}

// AddPages adds one page data header a page; no contents means zeros.
void AddPages(uint64_t gpa, uint64_t size_bytes, ByteSpan contents,
              IgvmPageType type, std::vector<IgvmDirective>* directives) {
  for (uint64_t at = 0; at < size_bytes; at += kPageBytes) {
    IgvmPageData page{
        .gpa = gpa + at, .compatibility_mask = kMask, .type = type};
    if (!contents.empty()) {
      page.contents = {contents.subspan(at, kPageBytes)};
    }
    directives->push_back(page);
  }
}

IgvmPageType PageTypeOf(OvmfSectionKind kind) {
  switch (kind) {
    case OvmfSectionKind::kSecrets:
      return IgvmPageType::kSecrets;
    case OvmfSectionKind::kCpuid:
      return IgvmPageType::kCpuidData;
    case OvmfSectionKind::kSecMem:
    case OvmfSectionKind::kSvsmCaa:
    case OvmfSectionKind::kKernelHashes:
      break;
  }
  // The firmware relies on zeros there: the host must not choose them.
  return IgvmPageType::kNormal;
}

// `hashes_page` is empty if no kernel is loaded.
void AddSections(const Ovmf& layout, ByteSpan hashes_page,
                 std::vector<IgvmDirective>* directives) {
  for (const OvmfSection& section : layout.sections) {
    const bool has_hashes = section.kind == OvmfSectionKind::kKernelHashes;
    AddPages(section.gpa, section.size_bytes,
             has_hashes ? hashes_page : ByteSpan(), PageTypeOf(section.kind),
             directives);
  }
}

// HashesPage is empty if no kernel is loaded. CheckOvmf has seen that the table
// lies inside the section's only page.
Bytes HashesPage(const IgvmLaunch& launch, const Ovmf& layout) {
  if (!launch.kernel_hashes) return {};
  const OvmfSection* section = layout.Find(OvmfSectionKind::kKernelHashes);
  return EncodeSevHashPage(*launch.kernel_hashes,
                           layout.kernel_hashes->gpa - section->gpa);
}

}  // namespace

Result<Bytes> BuildIgvm(const IgvmLaunch& launch) {
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(launch.firmware));
  TALLY_TRY(CheckLaunch(launch, layout));
  const Bytes hashes_page = HashesPage(launch, layout);

  Igvm igvm;
  igvm.platforms = {IgvmPlatform{.compatibility_mask = kMask,
                                 .type = IgvmPlatformType::kSevSnp}};
  igvm.initializations = {
      IgvmGuestPolicy{.policy = launch.policy, .compatibility_mask = kMask}};
  if (launch.id_block) {
    IgvmSnpIdBlock block = *launch.id_block;
    block.compatibility_mask = kMask;
    igvm.directives.push_back(block);
  }
  AddPages(layout.gpa(), launch.firmware.size(), launch.firmware,
           IgvmPageType::kNormal, &igvm.directives);
  AddSections(layout, hashes_page, &igvm.directives);
  for (const IgvmVmsa& vmsa : launch.vmsas) {
    igvm.directives.push_back(IgvmVpContext{.gpa = kIgvmVmsaGpa,
                                            .compatibility_mask = kMask,
                                            .vp_index = vmsa.vp_index,
                                            .contents = {vmsa.page}});
  }
  return WriteIgvm(igvm);
}

}  // namespace tally
