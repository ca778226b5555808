// Sources: edk2 OvmfPkg/ResetVector/X64/IntelTdxMetadata.asm (the descriptor),
// QEMU 10.1 hw/i386/tdvf.c (how it is read and checked).
#include "formats/tdvf.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/text.h"
#include "formats/guid_table.h"
#include "formats/x86_memory.h"

namespace tally {
namespace {

// Bounds of ours, far above any known firmware: each page costs a hash.
constexpr uint64_t kMaxTdvfSections = 64;
constexpr uint64_t kMaxTdvfSectionBytes = uint64_t{32} << 20;
// Beyond it there is no physical address (CPUID 0x80000008).
constexpr uint64_t kMaxAddress = uint64_t{1} << 52;

constexpr std::string_view kTdxMetadataGuid =
    "e47a6535-984a-4798-865e-4685a7bf8ec2";
constexpr uint32_t kTdxMetadataVersion = 1;
constexpr uint64_t kDescriptorBytes = 16;
constexpr uint64_t kSectionBytes = 32;

Result<TdvfSectionKind> SectionKind(uint32_t value, uint64_t offset) {
  constexpr uint32_t kLast = static_cast<uint32_t>(TdvfSectionKind::kPermMem);
  if (value <= kLast) return static_cast<TdvfSectionKind>(value);
  return InputError("tdvf metadata: section type at " + HexNumber(offset) +
                    ": found " + HexNumber(value) + ", expected at most 0x4");
}

Result<TdvfSection> ReadSection(ByteReader* r) {
  TdvfSection section;
  section.data_offset = r->U32Le("data offset");
  section.raw_bytes = r->U32Le("raw data size");
  section.gpa = r->U64Le("memory address");
  section.size_bytes = r->U64Le("memory data size");
  const uint64_t type_offset = r->offset();
  const uint32_t type = r->U32Le("section type");
  section.attributes = r->U32Le("attributes");
  if (r->ok() && (section.attributes & ~(kTdvfMrExtend | kTdvfPageAug)) != 0) {
    r->Fail("attributes",
            "found " + HexNumber(section.attributes) + ", expected 0x0 to 0x3");
  }
  TALLY_TRY(r->status());
  TALLY_ASSIGN(section.kind, SectionKind(type, type_offset));
  return section;
}

Result<std::vector<TdvfSection>> ReadSections(ByteSpan image,
                                              const GuidTable::Entry& entry) {
  ByteReader locator("tdvf metadata entry", entry.data, entry.offset);
  const uint64_t from_end = locator.U32Le("offset from end");
  if (locator.ok() && from_end > image.size()) {
    locator.Fail("offset from end", "found " + HexNumber(from_end) +
                                        ", expected at most " +
                                        HexNumber(image.size()));
  }
  TALLY_TRY(locator.Finish());

  const uint64_t start = image.size() - from_end;
  ByteReader r("tdvf metadata", image.subspan(start), start);
  if (AsText(r.Take("signature", 4)) != "TDVF") {
    r.Fail("signature", "expected 'TDVF'");
  }
  const uint64_t size_offset = r.offset();
  const uint64_t size_bytes = r.U32Le("length");
  const uint32_t version = r.U32Le("version");
  if (version != kTdxMetadataVersion) {
    r.Fail("version", "found " + std::to_string(version) + ", expected 1");
  }
  const uint64_t num_sections =
      r.Count("section count", r.U32Le("section count"), kMaxTdvfSections);
  TALLY_TRY(r.status());
  const uint64_t expected = kDescriptorBytes + num_sections * kSectionBytes;
  if (size_bytes != expected) {
    return InputError("tdvf metadata: length at " + HexNumber(size_offset) +
                      ": found " + std::to_string(size_bytes) + ", expected " +
                      std::to_string(expected) + " for " +
                      std::to_string(num_sections) + " sections");
  }
  std::vector<TdvfSection> sections;
  for (uint64_t i = 0; i < num_sections; ++i) {
    TALLY_ASSIGN(const TdvfSection section, ReadSection(&r));
    sections.push_back(section);
  }
  return sections;
}

std::string Describe(const TdvfSection& section) {
  return "section " + std::string(TdvfSectionKindName(section.kind)) + " at " +
         HexNumber(section.gpa);
}

Error Refuse(const TdvfSection& section, const std::string& why) {
  return InputError("tdvf metadata: " + Describe(section) + ": " + why);
}

Status CheckMemory(const TdvfSection& section) {
  if (section.size_bytes == 0) return Refuse(section, "size is zero");
  if (section.gpa % kX86PageBytes != 0) {
    return Refuse(section, "address is not a multiple of 0x1000");
  }
  if (section.size_bytes % kX86PageBytes != 0) {
    return Refuse(section, "size " + HexNumber(section.size_bytes) +
                               " is not a multiple of 0x1000");
  }
  if (!section.is_augmented() && section.size_bytes > kMaxTdvfSectionBytes) {
    return Refuse(section, "size is " + HexNumber(section.size_bytes) +
                               ", expected at most " +
                               HexNumber(kMaxTdvfSectionBytes));
  }
  if (section.gpa > kMaxAddress ||
      section.size_bytes > kMaxAddress - section.gpa) {
    return Refuse(section, "size " + HexNumber(section.size_bytes) +
                               " goes beyond " + HexNumber(kMaxAddress));
  }
  return Ok();
}

Status CheckData(const TdvfSection& section, uint64_t image_bytes) {
  if (section.raw_bytes > section.size_bytes) {
    return Refuse(section, "raw data size is " + HexNumber(section.raw_bytes) +
                               ", expected at most " +
                               HexNumber(section.size_bytes));
  }
  if (section.data_offset > image_bytes ||
      section.raw_bytes > image_bytes - section.data_offset) {
    return Refuse(section, "data at " + HexNumber(section.data_offset) +
                               " needs " + HexNumber(section.raw_bytes) +
                               " bytes of the image's " +
                               HexNumber(image_bytes));
  }
  const bool is_volume = section.kind == TdvfSectionKind::kBfv ||
                         section.kind == TdvfSectionKind::kCfv;
  if (is_volume && section.raw_bytes == 0) {
    return Refuse(section, "raw data size is zero");
  }
  if (!is_volume && section.raw_bytes != 0) {
    return Refuse(section, "raw data size is " + HexNumber(section.raw_bytes) +
                               ", expected 0x0");
  }
  if (section.is_augmented() && (is_volume || section.is_extended())) {
    return Refuse(section, "pages added later have no measured contents");
  }
  return Ok();
}

Status CheckSections(const Tdvf& tdvf) {
  for (const TdvfSection& section : tdvf.sections) {
    TALLY_TRY(CheckMemory(section));
    TALLY_TRY(CheckData(section, tdvf.size_bytes));
    const TdvfSection* first = tdvf.Find(section.kind);
    const bool is_single = section.kind == TdvfSectionKind::kTdHob ||
                           section.kind == TdvfSectionKind::kCfv;
    if (is_single && first != &section) {
      return Refuse(section, "second of its kind, the first is at " +
                                 HexNumber(first->gpa));
    }
  }
  std::vector<TdvfSection> sorted = tdvf.sections;
  std::ranges::sort(sorted, {}, &TdvfSection::gpa);
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (sorted[i].gpa < sorted[i - 1].gpa + sorted[i - 1].size_bytes) {
      return InputError("tdvf metadata: " + Describe(sorted[i]) + " overlaps " +
                        Describe(sorted[i - 1]));
    }
  }
  if (tdvf.Find(TdvfSectionKind::kTdHob) == nullptr) {
    return InputError("tdvf metadata: no section TD_HOB");
  }
  return Ok();
}

}  // namespace

std::string_view TdvfSectionKindName(TdvfSectionKind kind) {
  constexpr std::array<std::string_view, 5> kNames = {"BFV", "CFV", "TD_HOB",
                                                      "TEMP_MEM", "PERM_MEM"};
  return kNames.at(static_cast<size_t>(kind));
}

const TdvfSection* Tdvf::Find(TdvfSectionKind kind) const {
  const auto found = std::ranges::find(sections, kind, &TdvfSection::kind);
  return found == sections.end() ? nullptr : &*found;
}

Result<Tdvf> ParseTdvf(ByteSpan image) {
  if (image.empty() || image.size() > kMaxFirmwareBytes ||
      image.size() % kX86PageBytes != 0) {
    return InputError("tdvf: size is " + HexNumber(image.size()) +
                      ", expected a multiple of 0x1000, not zero, at most " +
                      HexNumber(kMaxFirmwareBytes));
  }
  TALLY_ASSIGN(const GuidTable table, GuidTable::Read(image, "tdvf"));
  const GuidTable::Entry* entry = table.Find(kTdxMetadataGuid);
  if (entry == nullptr) {
    return InputError("tdvf: the firmware has no TDX metadata")
        .Hint("it was built without support for Intel TDX");
  }
  Tdvf tdvf{.size_bytes = image.size()};
  TALLY_ASSIGN(tdvf.sections, ReadSections(image, *entry));
  TALLY_TRY(CheckSections(tdvf));
  return tdvf;
}

}  // namespace tally
