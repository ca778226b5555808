// Sources: edk2 OvmfPkg/ResetVector/Ia16/ResetVectorVtf0.asm (the GUIDed
// table), OvmfPkg/ResetVector/X64/OvmfSevMetadata.asm (the sections),
// QEMU hw/i386/pc_sysfw_ovmf.c and target/i386/sev.c (how both are read).
#include "formats/ovmf.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>

#include "common/text.h"
#include "formats/uuid.h"

namespace tally {
namespace {

constexpr uint64_t kPageBytes = 4096;
constexpr uint64_t kFourGib = uint64_t{1} << 32;
// QEMU allows 8 MiB by default (machine option max-fw-size); no known firmware
// has more than 16 MiB.
constexpr uint64_t kMaxImageBytes = uint64_t{64} << 20;
// Bounds of ours, far above any known firmware (seven sections, 30 pages): each
// page costs a hash and an event.
constexpr uint64_t kMaxSections = 64;
constexpr uint64_t kMaxSectionBytes = uint64_t{16} << 20;

// The table ends where the reset vector block begins.
constexpr uint64_t kBytesAfterTable = 32;
// Every entry ends in size u16 (of the whole entry) and GUID.
constexpr uint64_t kEntryTailBytes = 2 + 16;

constexpr std::string_view kFooterGuid = "96b582de-1fb2-45f7-baea-a366c55a082d";
constexpr std::string_view kSevMetadataGuid =
    "dc886566-984a-4798-a75e-5585a7bf67cc";
constexpr std::string_view kSevHashTableGuid =
    "7255371f-3a3b-4b04-927b-1da6efa8d454";
constexpr std::string_view kSevEsResetBlockGuid =
    "00f771de-1a7e-4fcb-890e-68c77e2fb44e";

constexpr uint32_t kSevMetadataVersion = 1;
constexpr uint64_t kSevMetadataHeaderBytes = 4 + 4 + 4 + 4;
constexpr uint64_t kSevMetadataSectionBytes = 4 + 4 + 4;

// The padded table of hashes: see measure/snp.cc.
constexpr uint64_t kKernelHashesBytes = 176;

// TableEntry is the data of one entry and where it stands in the image.
struct TableEntry {
  ByteSpan data;
  uint64_t offset = 0;
};
using Table = std::map<std::string, TableEntry>;

Status CheckImageSize(uint64_t size_bytes) {
  if (size_bytes == 0 || size_bytes > kMaxImageBytes) {
    return InputError("ovmf: size is " + HexNumber(size_bytes) +
                      ", expected at most " + HexNumber(kMaxImageBytes) +
                      " and not zero");
  }
  if (size_bytes % kPageBytes != 0) {
    return InputError("ovmf: size " + HexNumber(size_bytes) +
                      " is not a multiple of 0x1000")
        .Hint("the image may be truncated");
  }
  return Ok();
}

// ReadTail reads size and GUID of the entry that ends at `end`.
struct EntryTail {
  uint64_t size_bytes = 0;
  std::string guid;
};
Result<EntryTail> ReadTail(ByteSpan image, uint64_t end) {
  const uint64_t start = end - kEntryTailBytes;
  ByteReader r("ovmf table", image.subspan(start, kEntryTailBytes), start);
  EntryTail tail;
  tail.size_bytes = r.U16Le("entry size");
  if (tail.size_bytes < kEntryTailBytes) {
    r.Fail("entry size", "found " + std::to_string(tail.size_bytes) +
                             ", expected at least 18");
  }
  tail.guid = FormatUuid(UuidFromGuidBytes(r.Array<16>("entry guid")));
  TALLY_TRY(r.Finish());
  return tail;
}

// ReadTable collects the entries, last first as they are laid out.
Result<Table> ReadTable(ByteSpan image) {
  const uint64_t table_end = image.size() - kBytesAfterTable;
  const uint64_t footer = table_end - kEntryTailBytes;
  ByteReader r("ovmf table", image.subspan(footer, kEntryTailBytes), footer);
  const uint64_t table_bytes = r.U16Le("table size");
  const std::string guid =
      FormatUuid(UuidFromGuidBytes(r.Array<16>("footer guid")));
  if (guid != kFooterGuid) {
    return InputError("ovmf table: footer guid at " + HexNumber(footer + 2) +
                      ": found " + guid + ", expected " +
                      std::string(kFooterGuid))
        .Hint(
            "the file is not an OVMF image with SEV support, or is truncated");
  }
  if (table_bytes < kEntryTailBytes || table_bytes > table_end) {
    return InputError("ovmf table: table size at " + HexNumber(footer) +
                      ": found " + std::to_string(table_bytes) +
                      ", expected at least 18 and no more than the image");
  }

  Table table;
  const uint64_t table_start = table_end - table_bytes;
  for (uint64_t end = footer; end > table_start;) {
    if (end - table_start < kEntryTailBytes) {
      return InputError("ovmf table: entry at " + HexNumber(table_start) +
                        ": needs 18 bytes, " +
                        std::to_string(end - table_start) + " left");
    }
    TALLY_ASSIGN(const EntryTail tail, ReadTail(image, end));
    if (tail.size_bytes > end - table_start) {
      return InputError(
          "ovmf table: entry size at " + HexNumber(end - kEntryTailBytes) +
          ": found " + std::to_string(tail.size_bytes) + ", expected at most " +
          std::to_string(end - table_start));
    }
    const uint64_t start = end - tail.size_bytes;
    const TableEntry entry{
        image.subspan(start, tail.size_bytes - kEntryTailBytes), start};
    if (!table.emplace(tail.guid, entry).second) {
      return InputError("ovmf table: entry " + tail.guid + " at " +
                        HexNumber(start) + " is there twice");
    }
    end = start;
  }
  return table;
}

const TableEntry* FindEntry(const Table& table, std::string_view guid) {
  const auto found = table.find(std::string(guid));
  return found == table.end() ? nullptr : &found->second;
}

Result<OvmfSectionKind> SectionKind(uint32_t value, uint64_t offset) {
  for (const OvmfSectionKind kind :
       {OvmfSectionKind::kSecMem, OvmfSectionKind::kSecrets,
        OvmfSectionKind::kCpuid, OvmfSectionKind::kSvsmCaa,
        OvmfSectionKind::kKernelHashes}) {
    if (value == static_cast<uint32_t>(kind)) return kind;
  }
  return InputError("ovmf sev metadata: section kind at " + HexNumber(offset) +
                    ": found " + HexNumber(value) +
                    ", expected 0x1, 0x2, 0x3, 0x4 or 0x10");
}

Result<std::vector<OvmfSection>> ReadSections(ByteSpan image,
                                              const TableEntry& entry) {
  ByteReader locator("ovmf sev metadata entry", entry.data, entry.offset);
  const uint64_t from_end = locator.U32Le("offset from end");
  TALLY_TRY(locator.Finish());
  if (from_end > image.size()) {
    return InputError("ovmf sev metadata entry: offset from end at " +
                      HexNumber(entry.offset) + ": found " +
                      HexNumber(from_end) + ", expected at most " +
                      HexNumber(image.size()));
  }

  const uint64_t start = image.size() - from_end;
  ByteReader r("ovmf sev metadata", image.subspan(start), start);
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
      r.Count("section count", r.U32Le("section count"), kMaxSections);
  TALLY_TRY(r.status());
  const uint64_t expected_bytes =
      kSevMetadataHeaderBytes + num_sections * kSevMetadataSectionBytes;
  if (size_bytes != expected_bytes) {
    return InputError("ovmf sev metadata: size at " + HexNumber(size_offset) +
                      ": found " + std::to_string(size_bytes) + ", expected " +
                      std::to_string(expected_bytes) + " for " +
                      std::to_string(num_sections) + " sections");
  }

  std::vector<OvmfSection> sections;
  for (uint64_t i = 0; i < num_sections; ++i) {
    OvmfSection section;
    section.gpa = r.U32Le("section gpa");
    section.size_bytes = r.U32Le("section size");
    const uint32_t kind = r.U32Le("section kind");
    TALLY_TRY(r.status());
    TALLY_ASSIGN(section.kind, SectionKind(kind, r.offset() - 4));
    sections.push_back(section);
  }
  return sections;
}

Result<std::optional<OvmfRange>> ReadKernelHashes(const TableEntry& entry) {
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
         HexNumber(section.gpa);
}

Status CheckSection(const OvmfSection& section, uint64_t image_gpa) {
  const auto refuse = [&section](const std::string& why) {
    return InputError("ovmf sev metadata: " + Describe(section) + ": " + why);
  };
  if (section.size_bytes == 0) return refuse("size is zero");
  if (section.size_bytes % kPageBytes != 0) {
    return refuse("size " + HexNumber(section.size_bytes) +
                  " is not a multiple of 0x1000");
  }
  if (section.gpa % kPageBytes != 0) {
    return refuse("address is not a multiple of 0x1000");
  }
  if (section.size_bytes > kMaxSectionBytes) {
    return refuse("size is " + HexNumber(section.size_bytes) +
                  ", expected at most " + HexNumber(kMaxSectionBytes));
  }
  if (section.gpa > kFourGib || section.gpa + section.size_bytes > image_gpa) {
    return refuse("ends at " + HexNumber(section.gpa + section.size_bytes) +
                  ", expected at most " + HexNumber(image_gpa) +
                  " where the image begins");
  }
  const bool one_page = section.kind == OvmfSectionKind::kSecrets ||
                        section.kind == OvmfSectionKind::kCpuid ||
                        section.kind == OvmfSectionKind::kKernelHashes;
  if (one_page && section.size_bytes != kPageBytes) {
    return refuse("size is " + HexNumber(section.size_bytes) +
                  ", expected 0x1000");
  }
  return Ok();
}

Status CheckOverlaps(std::vector<OvmfSection> sections) {
  std::ranges::sort(sections, {}, &OvmfSection::gpa);
  for (size_t i = 1; i < sections.size(); ++i) {
    const OvmfSection& before = sections[i - 1];
    if (sections[i].gpa < before.gpa + before.size_bytes) {
      return InputError("ovmf sev metadata: " + Describe(sections[i]) +
                        " overlaps " + Describe(before));
    }
  }
  return Ok();
}

Status CheckKernelHashes(const Ovmf& layout) {
  const OvmfRange& range = *layout.kernel_hashes;
  const std::string where =
      "ovmf kernel-hashes entry: table at " + HexNumber(range.gpa) + ": ";
  if (range.size_bytes < kKernelHashesBytes) {
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
    return InputError(where + "not inside " + Describe(*section));
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
  TALLY_TRY(CheckImageSize(layout.size_bytes));
  if (layout.sections.size() > kMaxSections) {
    return InputError(
        "ovmf sev metadata: found " + std::to_string(layout.sections.size()) +
        " sections, expected at most " + std::to_string(kMaxSections));
  }
  for (const OvmfSection& section : layout.sections) {
    TALLY_TRY(CheckSection(section, layout.gpa()));
    const OvmfSection* first = layout.Find(section.kind);
    if (section.kind != OvmfSectionKind::kSecMem && first != &section) {
      return InputError("ovmf sev metadata: " + Describe(section) +
                        ": second of its kind, the first is at " +
                        HexNumber(first->gpa));
    }
  }
  TALLY_TRY(CheckOverlaps(layout.sections));
  if (layout.kernel_hashes) TALLY_TRY(CheckKernelHashes(layout));
  return Ok();
}

Result<Ovmf> ParseOvmf(ByteSpan image) {
  TALLY_TRY(CheckImageSize(image.size()));
  TALLY_ASSIGN(const Table table, ReadTable(image));

  Ovmf ovmf;
  ovmf.size_bytes = image.size();
  if (const TableEntry* entry = FindEntry(table, kSevMetadataGuid)) {
    TALLY_ASSIGN(ovmf.sections, ReadSections(image, *entry));
  }
  if (const TableEntry* entry = FindEntry(table, kSevHashTableGuid)) {
    TALLY_ASSIGN(ovmf.kernel_hashes, ReadKernelHashes(*entry));
  }
  if (const TableEntry* entry = FindEntry(table, kSevEsResetBlockGuid)) {
    ByteReader r("ovmf sev-es reset entry", entry->data, entry->offset);
    ovmf.sev_es_reset_eip = r.U32Le("address");
    TALLY_TRY(r.Finish());
  }
  TALLY_TRY(CheckOvmf(ovmf));
  return ovmf;
}

}  // namespace tally
