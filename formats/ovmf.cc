// Sources: edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm (the GUIDed
// table), OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm (the sections),
// QEMU hw/i386/pc_sysfw_ovmf.c and target/i386/sev.c (how both are read).
#include "formats/ovmf.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/text.h"
#include "formats/guid_table.h"
#include "formats/sev_hash_table.h"
#include "formats/x86_memory.h"

namespace tally {
namespace {

// Bounds of ours, far above any known firmware (seven sections, 30 pages): each
// page costs a hash and an event.
constexpr uint64_t kMaxSevSections = 64;
constexpr uint64_t kMaxSevSectionBytes = uint64_t{16} << 20;

constexpr std::string_view kSevMetadataGuid =
    "dc886566-984a-4798-a75e-5585a7bf67cc";
constexpr std::string_view kSevHashTableGuid =
    "7255371f-3a3b-4b04-927b-1da6efa8d454";
constexpr std::string_view kSevEsResetBlockGuid =
    "00f771de-1a7e-4fcb-890e-68c77e2fb44e";

constexpr uint32_t kSevMetadataVersion = 1;
constexpr uint64_t kSevMetadataHeaderBytes = 4 + 4 + 4 + 4;
constexpr uint64_t kSevMetadataSectionBytes = 4 + 4 + 4;

Status CheckImageSize(uint64_t size_bytes, const std::string& subject) {
  if (size_bytes == 0 || size_bytes > kMaxFirmwareBytes) {
    return InputError(subject + ": size is " + HexNumber(size_bytes) +
                      ", expected at most " + HexNumber(kMaxFirmwareBytes) +
                      " and not zero");
  }
  if (size_bytes % kX86PageBytes != 0) {
    return InputError(subject + ": size " + HexNumber(size_bytes) +
                      " is not a multiple of 0x1000")
        .Hint("the image may be truncated");
  }
  return Ok();
}

Result<OvmfSectionKind> SectionKind(uint32_t value, uint64_t offset,
                                    const std::string& subject) {
  for (const OvmfSectionKind kind :
       {OvmfSectionKind::kSecMem, OvmfSectionKind::kSecrets,
        OvmfSectionKind::kCpuid, OvmfSectionKind::kSvsmCaa,
        OvmfSectionKind::kKernelHashes}) {
    if (value == static_cast<uint32_t>(kind)) return kind;
  }
  return InputError(subject + " sev metadata: section kind at " +
                    HexNumber(offset) + ": found " + HexNumber(value) +
                    ", expected 0x1, 0x2, 0x3, 0x4 or 0x10");
}

Result<std::vector<OvmfSection>> ReadSections(ByteSpan image,
                                              const GuidTable::Entry& entry,
                                              const std::string& subject) {
  ByteReader locator(subject + " sev metadata entry", entry.data, entry.offset);
  const uint64_t from_end = locator.U32Le("offset from end");
  TALLY_TRY(locator.Finish());
  if (from_end > image.size()) {
    return InputError(subject + " sev metadata entry: offset from end at " +
                      HexNumber(entry.offset) + ": found " +
                      HexNumber(from_end) + ", expected at most " +
                      HexNumber(image.size()));
  }

  const uint64_t start = image.size() - from_end;
  ByteReader r(subject + " sev metadata", image.subspan(start), start);
  if (AsText(r.Take("signature", 4)) != "ASEV") {
    r.Fail("signature", "expected 'ASEV'");
  }
  const uint64_t size_bytes = r.U32Le("size");
  const uint64_t size_offset = r.offset() - 4;
  const uint32_t version = r.U32Le("version");
  if (version != kSevMetadataVersion) {
    r.Fail("version", "found " + std::to_string(version) + ", expected 1");
  }
  const uint64_t num_sections =
      r.Count("section count", r.U32Le("section count"), kMaxSevSections);
  TALLY_TRY(r.status());
  const uint64_t expected_bytes =
      kSevMetadataHeaderBytes + num_sections * kSevMetadataSectionBytes;
  if (size_bytes != expected_bytes) {
    return InputError(subject + " sev metadata: size at " +
                      HexNumber(size_offset) + ": found " +
                      std::to_string(size_bytes) + ", expected " +
                      std::to_string(expected_bytes) + " for " +
                      std::to_string(num_sections) + " sections");
  }

  std::vector<OvmfSection> sections;
  for (uint64_t i = 0; i < num_sections; ++i) {
    OvmfSection section;
    section.offset = r.offset();
    section.gpa = r.U32Le("section gpa");
    section.size_bytes = r.U32Le("section size");
    const uint32_t kind = r.U32Le("section kind");
    TALLY_TRY(r.status());
    TALLY_ASSIGN(section.kind, SectionKind(kind, r.offset() - 4, subject));
    sections.push_back(section);
  }
  return sections;
}

Result<std::optional<OvmfRange>> ReadKernelHashes(
    const GuidTable::Entry& entry) {
  ByteReader r("ovmf kernel-hashes entry", entry.data, entry.offset);
  OvmfRange range;
  range.gpa = r.U32Le("gpa");
  range.size_bytes = r.U32Le("size");
  TALLY_TRY(r.Finish());
  // Firmware built without the feature has the entry with zeros in it.
  if (range.gpa == 0) return std::optional<OvmfRange>();
  return std::optional<OvmfRange>(range);
}

std::string Describe(const OvmfSection& section) {
  return "section " + std::string(OvmfSectionKindName(section.kind)) + " at " +
         HexNumber(section.offset) + ", gpa " + HexNumber(section.gpa);
}

Status CheckSection(const OvmfSection& section, uint64_t image_gpa,
                    const std::string& subject) {
  const auto refuse = [&section, &subject](const std::string& why) {
    return InputError(subject + " sev metadata: " + Describe(section) + ": " +
                      why);
  };
  if (section.size_bytes == 0) return refuse("size is zero");
  if (section.size_bytes % kX86PageBytes != 0) {
    return refuse("size " + HexNumber(section.size_bytes) +
                  " is not a multiple of 0x1000");
  }
  if (section.gpa % kX86PageBytes != 0) {
    return refuse("address is not a multiple of 0x1000");
  }
  if (section.size_bytes > kMaxSevSectionBytes) {
    return refuse("size is " + HexNumber(section.size_bytes) +
                  ", expected at most " + HexNumber(kMaxSevSectionBytes));
  }
  if (section.gpa > kFourGib || section.gpa + section.size_bytes > image_gpa) {
    return refuse("ends at " + HexNumber(section.gpa + section.size_bytes) +
                  ", expected at most " + HexNumber(image_gpa) +
                  " where the image begins");
  }
  const bool one_page = section.kind == OvmfSectionKind::kSecrets ||
                        section.kind == OvmfSectionKind::kCpuid ||
                        section.kind == OvmfSectionKind::kKernelHashes;
  if (one_page && section.size_bytes != kX86PageBytes) {
    return refuse("size is " + HexNumber(section.size_bytes) +
                  ", expected 0x1000");
  }
  return Ok();
}

Status CheckOverlaps(std::vector<OvmfSection> sections,
                     const std::string& subject) {
  std::ranges::sort(sections, {}, &OvmfSection::gpa);
  for (size_t i = 1; i < sections.size(); ++i) {
    const OvmfSection& before = sections[i - 1];
    if (sections[i].gpa < before.gpa + before.size_bytes) {
      return InputError(subject + " sev metadata: " + Describe(sections[i]) +
                        ", overlaps the " + Describe(before));
    }
  }
  return Ok();
}

Status CheckSections(const std::vector<OvmfSection>& sections,
                     uint64_t image_gpa, const std::string& subject) {
  if (sections.size() > kMaxSevSections) {
    return InputError(
        subject + " sev metadata: found " + std::to_string(sections.size()) +
        " sections, expected at most " + std::to_string(kMaxSevSections));
  }
  for (const OvmfSection& section : sections) {
    TALLY_TRY(CheckSection(section, image_gpa, subject));
    const auto first =
        std::ranges::find(sections, section.kind, &OvmfSection::kind);
    if (section.kind != OvmfSectionKind::kSecMem && &*first != &section) {
      return InputError(subject + " sev metadata: " + Describe(section) +
                        ": second of its kind, the first is at " +
                        HexNumber(first->offset));
    }
  }
  return CheckOverlaps(sections, subject);
}

Status CheckKernelHashes(const Ovmf& layout) {
  const OvmfRange& range = *layout.kernel_hashes;
  const std::string where =
      "ovmf kernel-hashes entry: table at " + HexNumber(range.gpa) + ": ";
  if (range.size_bytes < kSevHashTableBytes) {
    return InputError(where + "size is " + std::to_string(range.size_bytes) +
                      ", expected at least 176");
  }
  const OvmfSection* section = layout.Find(OvmfSectionKind::kKernelHashes);
  // SEV and SEV-ES guests need no section: QEMU measures the table by itself.
  if (section == nullptr) return Ok();
  // Both sides are at most 4 GiB, so no sum wraps.
  if (range.gpa < section->gpa || range.gpa > kFourGib ||
      range.size_bytes > kFourGib ||
      range.gpa + range.size_bytes > section->gpa + section->size_bytes) {
    return InputError(where + "not inside the " + Describe(*section));
  }
  return Ok();
}

}  // namespace

std::string_view OvmfSectionKindName(OvmfSectionKind kind) {
  switch (kind) {
    case OvmfSectionKind::kSecMem:
      return "SNP_SEC_MEM";
    case OvmfSectionKind::kSecrets:
      return "SNP_SECRETS";
    case OvmfSectionKind::kCpuid:
      return "SNP_CPUID";
    case OvmfSectionKind::kSvsmCaa:
      return "SNP_SVSM_CAA";
    case OvmfSectionKind::kKernelHashes:
      return "SNP_KERNEL_HASHES";
  }
  return "unknown";
}

const OvmfSection* Ovmf::Find(OvmfSectionKind kind) const {
  const auto found = std::ranges::find(sections, kind, &OvmfSection::kind);
  return found == sections.end() ? nullptr : &*found;
}

Status CheckOvmf(const Ovmf& layout) {
  TALLY_TRY(CheckImageSize(layout.size_bytes, "ovmf"));
  TALLY_TRY(CheckSections(layout.sections, layout.gpa(), "ovmf"));
  if (layout.kernel_hashes) TALLY_TRY(CheckKernelHashes(layout));
  return Ok();
}

Result<std::vector<OvmfSection>> ReadSevSections(ByteSpan image,
                                                 const std::string& subject,
                                                 uint64_t image_gpa) {
  TALLY_TRY(CheckImageSize(image.size(), subject));
  TALLY_ASSIGN(const GuidTable table, GuidTable::Read(image, subject));
  const GuidTable::Entry* entry = table.Find(kSevMetadataGuid);
  if (entry == nullptr) return std::vector<OvmfSection>();
  TALLY_ASSIGN(std::vector<OvmfSection> sections,
               ReadSections(image, *entry, subject));
  TALLY_TRY(CheckSections(sections, image_gpa, subject));
  return sections;
}

Result<Ovmf> ParseOvmf(ByteSpan image) {
  Ovmf ovmf;
  ovmf.size_bytes = image.size();
  TALLY_TRY(CheckImageSize(image.size(), "ovmf"));
  TALLY_ASSIGN(ovmf.sections, ReadSevSections(image, "ovmf", ovmf.gpa()));
  TALLY_ASSIGN(const GuidTable table, GuidTable::Read(image, "ovmf"));
  if (const GuidTable::Entry* entry = table.Find(kSevHashTableGuid)) {
    TALLY_ASSIGN(ovmf.kernel_hashes, ReadKernelHashes(*entry));
  }
  if (const GuidTable::Entry* entry = table.Find(kSevEsResetBlockGuid)) {
    ByteReader r("ovmf sev-es reset entry", entry->data, entry->offset);
    ovmf.sev_es_reset_eip = r.U32Le("address");
    TALLY_TRY(r.Finish());
  }
  if (ovmf.kernel_hashes) TALLY_TRY(CheckKernelHashes(ovmf));
  return ovmf;
}

}  // namespace tally
