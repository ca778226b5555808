// Sources: aws-nitro-enclaves-image-format, commit 935dc626, src/defs/mod.rs
// (structures) and src/utils/mod.rs (order of sections, checksum); QEMU
// hw/core/eif.c, an independent reader. Where the two readers differ (AWS' goes
// from section to section, QEMU's by the header's offsets) this one accepts
// only images that both read alike.
#include "formats/eif.h"

#include <algorithm>
#include <array>

#include "common/json.h"
#include "common/text.h"
#include "formats/crc32.h"

namespace tally {
namespace {

constexpr std::string_view kEifMagic = ".eif";
constexpr uint16_t kFlagArm64 = 1;  // EIF_HDR_ARCH_ARM64
// magic, version, flags, memory, cpus, reserved, section count, offsets, sizes,
// unused, checksum.
constexpr uint64_t kEifHeaderBytes = 4 + 2 + 2 + 8 + 8 + 2 + 2 +
                                     8 * kEifMaxSections + 8 * kEifMaxSections +
                                     4 + 4;
static_assert(kEifHeaderBytes == 548);
// The checksum is the header's last field and covers all bytes but itself.
constexpr uint64_t kChecksumBytes = 4;
// type, flags, size.
constexpr uint64_t kSectionHeaderBytes = 2 + 2 + 8;

Result<EifSectionType> SectionType(uint16_t value, uint64_t offset) {
  if (value >= static_cast<uint16_t>(EifSectionType::kKernel) &&
      value <= static_cast<uint16_t>(EifSectionType::kMetadata)) {
    return static_cast<EifSectionType>(value);
  }
  return InputError("eif section: type at " + HexNumber(offset) + ": found " +
                    std::to_string(value) + ", expected 1 to 5");
}

size_t CountType(const Eif& eif, EifSectionType type) {
  return static_cast<size_t>(
      std::ranges::count(eif.sections, type, &EifSection::type));
}

// CheckSections holds writer and reader to the same rules. Kernel and command
// line come first so that the order in which the sections are hashed is the one
// that the PCRs are defined with.
Status CheckSections(const Eif& eif) {
  if (eif.sections.size() > kEifMaxSections) {
    return InputError("eif: " + std::to_string(eif.sections.size()) +
                      " sections, expected at most " +
                      std::to_string(kEifMaxSections));
  }
  constexpr std::array<EifSectionType, 2> kFirst = {EifSectionType::kKernel,
                                                    EifSectionType::kCmdline};
  for (size_t i = 0; i < kFirst.size(); ++i) {
    const std::string expected(EifSectionTypeName(kFirst[i]));
    if (i >= eif.sections.size()) {
      return InputError("eif: no " + expected + " section");
    }
    if (eif.sections[i].type != kFirst[i]) {
      return InputError("eif: section " + std::to_string(i) + " is " +
                        std::string(EifSectionTypeName(eif.sections[i].type)) +
                        ", expected " + expected);
    }
  }
  for (const EifSectionType type :
       {EifSectionType::kKernel, EifSectionType::kCmdline,
        EifSectionType::kSignature, EifSectionType::kMetadata}) {
    if (CountType(eif, type) > 1) {
      return InputError("eif: more than one " +
                        std::string(EifSectionTypeName(type)) + " section");
    }
  }
  if (CountType(eif, EifSectionType::kRamdisk) == 0) {
    return InputError("eif: no ramdisk section");
  }
  return Ok();
}

// EifHeader is the fixed part at the start of the file.
struct EifHeader {
  EifArchitecture architecture = EifArchitecture::kX86_64;
  uint64_t default_memory_bytes = 0;
  uint64_t default_cpus = 0;
  uint64_t num_sections = 0;
  std::array<uint64_t, kEifMaxSections> offsets = {};
  std::array<uint64_t, kEifMaxSections> sizes = {};
  uint32_t checksum = 0;
};

std::array<uint64_t, kEifMaxSections> ReadTable(ByteReader& r,
                                                const std::string& field,
                                                uint64_t num_used) {
  std::array<uint64_t, kEifMaxSections> values = {};
  for (uint64_t i = 0; i < kEifMaxSections; ++i) {
    const std::string name = field + " " + std::to_string(i);
    if (i < num_used) {
      values[i] = r.U64Be(name);
    } else {
      r.Zeros(name, 8);
    }
  }
  return values;
}

Result<EifHeader> ReadEifHeader(ByteReader& r) {
  EifHeader header;
  if (AsText(r.Take("magic", kEifMagic.size())) != kEifMagic) {
    r.Fail("magic", "expected '.eif'");
  }
  const uint16_t version = r.U16Be("version");
  if (version != kEifVersion) {
    r.Fail("version", "found " + std::to_string(version) + ", expected 4");
  }
  const uint16_t flags = r.U16Be("flags");
  if ((flags & ~kFlagArm64) != 0) {
    r.Fail("flags", "found " + HexNumber(flags) + ", expected 0x0 or 0x1");
  }
  header.architecture = (flags & kFlagArm64) != 0 ? EifArchitecture::kAarch64
                                                  : EifArchitecture::kX86_64;
  header.default_memory_bytes = r.U64Be("default memory");
  header.default_cpus = r.U64Be("default cpus");
  r.Zeros("reserved", 2);
  header.num_sections =
      r.Count("section count", r.U16Be("section count"), kEifMaxSections);
  header.offsets = ReadTable(r, "section offset", header.num_sections);
  header.sizes = ReadTable(r, "section size", header.num_sections);
  r.Zeros("unused", 4);
  header.checksum = r.U32Be("checksum");
  TALLY_TRY(r.status());
  return header;
}

// ReadSection reads the section that begins at the reader's position.
Result<EifSection> ReadSection(ByteReader& r, const EifHeader& header,
                               size_t i) {
  if (r.offset() != header.offsets[i]) {
    return InputError("eif: section " + std::to_string(i) + " begins at " +
                      HexNumber(r.offset()) + ", but the header says " +
                      HexNumber(header.offsets[i]));
  }
  const uint16_t type = r.U16Be("section type");
  const uint64_t type_offset = r.offset() - 2;
  r.Zeros("section flags", 2);
  const uint64_t size_bytes = r.U64Be("section size");
  if (r.ok() && size_bytes != header.sizes[i]) {
    r.Fail("section size", "found " + std::to_string(size_bytes) +
                               ", but the header says " +
                               std::to_string(header.sizes[i]));
  }
  EifSection section;
  section.bytes = r.Take("section contents", size_bytes);
  TALLY_TRY(r.status());
  TALLY_ASSIGN(section.type, SectionType(type, type_offset));
  return section;
}

Bytes EncodeSectionHeader(const EifSection& section) {
  ByteWriter w;
  w.U16Be(static_cast<uint16_t>(section.type));
  w.U16Be(0);  // flags
  w.U64Be(section.bytes.size());
  return std::move(w).Take();
}

// EncodeHeader leaves out the checksum.
Bytes EncodeHeader(const Eif& eif) {
  std::array<uint64_t, kEifMaxSections> offsets = {};
  std::array<uint64_t, kEifMaxSections> sizes = {};
  uint64_t offset = kEifHeaderBytes;
  for (size_t i = 0; i < eif.sections.size(); ++i) {
    offsets[i] = offset;
    sizes[i] = eif.sections[i].bytes.size();
    offset += kSectionHeaderBytes + sizes[i];
  }

  ByteWriter w;
  w.Text(kEifMagic);
  w.U16Be(kEifVersion);
  w.U16Be(eif.architecture == EifArchitecture::kAarch64 ? kFlagArm64 : 0);
  w.U64Be(eif.default_memory_bytes);
  w.U64Be(eif.default_cpus);
  w.U16Be(0);  // reserved
  w.U16Be(static_cast<uint16_t>(eif.sections.size()));
  for (const uint64_t value : offsets) w.U64Be(value);
  for (const uint64_t value : sizes) w.U64Be(value);
  w.U32Be(0);  // unused
  return std::move(w).Take();
}

uint32_t Checksum(ByteSpan header, const Eif& eif) {
  Crc32Hasher crc;
  crc.Update(header);
  for (const EifSection& section : eif.sections) {
    crc.Update(EncodeSectionHeader(section)).Update(section.bytes);
  }
  return crc.value();
}

}  // namespace

std::string_view EifSectionTypeName(EifSectionType type) {
  switch (type) {
    case EifSectionType::kKernel:
      return "kernel";
    case EifSectionType::kCmdline:
      return "cmdline";
    case EifSectionType::kRamdisk:
      return "ramdisk";
    case EifSectionType::kSignature:
      return "signature";
    case EifSectionType::kMetadata:
      return "metadata";
  }
  return "unknown";
}

Eif MakeEif(EifArchitecture architecture, const EifContents& contents) {
  Eif eif;
  eif.architecture = architecture;
  eif.sections.push_back({EifSectionType::kKernel, contents.kernel});
  eif.sections.push_back({EifSectionType::kCmdline, AsBytes(contents.cmdline)});
  eif.sections.push_back(
      {EifSectionType::kMetadata, AsBytes(contents.metadata)});
  for (const ByteSpan ramdisk : contents.ramdisks) {
    eif.sections.push_back({EifSectionType::kRamdisk, ramdisk});
  }
  return eif;
}

Result<Eif> ParseEif(ByteSpan file) {
  ByteReader r("eif", file);
  TALLY_ASSIGN(const EifHeader header, ReadEifHeader(r));
  Eif eif;
  eif.architecture = header.architecture;
  eif.default_memory_bytes = header.default_memory_bytes;
  eif.default_cpus = header.default_cpus;
  for (size_t i = 0; i < header.num_sections; ++i) {
    TALLY_ASSIGN(const EifSection section, ReadSection(r, header, i));
    eif.sections.push_back(section);
  }
  TALLY_TRY(r.Finish());
  TALLY_TRY(CheckSections(eif));

  const uint32_t checksum =
      Crc32Hasher()
          .Update(file.first(kEifHeaderBytes - kChecksumBytes))
          .Update(file.subspan(kEifHeaderBytes))
          .value();
  if (checksum != header.checksum) {
    return InputError("eif: checksum at " +
                      HexNumber(kEifHeaderBytes - kChecksumBytes) + ": found " +
                      HexNumber(header.checksum) + ", expected " +
                      HexNumber(checksum))
        .Hint("the image was damaged after it was made");
  }
  return eif;
}

Status WriteEif(const Eif& eif, ByteSink& sink) {
  TALLY_TRY(CheckSections(eif));
  const Bytes header = EncodeHeader(eif);
  ByteWriter checksum;
  checksum.U32Be(Checksum(header, eif));
  TALLY_TRY(sink.Append(header));
  TALLY_TRY(sink.Append(checksum.bytes()));
  for (const EifSection& section : eif.sections) {
    TALLY_TRY(sink.Append(EncodeSectionHeader(section)));
    TALLY_TRY(sink.Append(section.bytes));
  }
  return Ok();
}

Result<Bytes> EncodeEif(const Eif& eif) {
  BufferSink sink;
  TALLY_TRY(WriteEif(eif, sink));
  return std::move(sink).Take();
}

std::string FormatEifMetadata(const EifMetadata& metadata) {
  // EifIdentityInfo and EifBuildInfo in src/defs/mod.rs: no member is optional;
  // the last two are any JSON value, and eif_build writes null for them.
  Json::Object build;
  build["BuildTime"] = metadata.build_time;
  build["BuildTool"] = metadata.build_tool;
  build["BuildToolVersion"] = metadata.build_tool_version;
  build["OperatingSystem"] = metadata.operating_system;
  build["KernelVersion"] = metadata.kernel_version;
  Json::Object identity;
  identity["ImageName"] = metadata.image_name;
  identity["ImageVersion"] = metadata.image_version;
  identity["BuildMetadata"] = std::move(build);
  identity["DockerInfo"] = nullptr;
  identity["CustomMetadata"] = nullptr;
  return Json(std::move(identity)).Canonical();
}

}  // namespace tally
