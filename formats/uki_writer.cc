#include <algorithm>
#include <set>

#include "common/check.h"
#include "common/text.h"
#include "formats/pe_layout.h"
#include "formats/uki.h"

namespace tally {
namespace {

// The stub of Debian 12 asks for sections at 512 bytes; firmware protects
// memory by the page.
constexpr uint64_t kUefiPageBytes = 4096;

struct PlacedSection {
  const UkiSection* section;
  uint64_t address;
  uint64_t file_offset;
  uint64_t raw_size;
};

struct UkiPlan {
  std::vector<PlacedSection> sections;
  uint64_t size_of_image = 0;
};

Error Refusal(const std::string& text) { return InputError("UKI: " + text); }

std::string KnownNames() {
  const auto names = UkiSectionNames();
  return Join(std::vector<std::string>(names.begin(), names.end()), ", ");
}

// CheckNames: known, and once in the base and in each profile.
Status CheckNames(const Pe& stub, std::span<const UkiSection> sections) {
  std::set<std::string> of_stub;
  for (const PeSection& section : stub.sections) of_stub.insert(section.name);
  std::set<std::string> seen = of_stub;
  for (const UkiSection& section : sections) {
    if (!IsUkiSection(section.name)) {
      return Refusal("found section " + Quote(section.name) +
                     ", expected one of " + KnownNames());
    }
    if (section.content.empty()) {
      return Refusal("found section " + Quote(section.name) +
                     " without content");
    }
    // A profile may have its own of everything.
    if (section.name == ".profile") seen.clear();
    if (!seen.insert(section.name).second) {
      return Refusal(
          "found section " + Quote(section.name) + " twice, expected it once" +
          (of_stub.contains(section.name) ? "; the stub has one" : ""));
    }
  }
  return Ok();
}

Status CheckStub(const Pe& stub, size_t num_sections) {
  if (!stub.certificates.empty()) {
    return Refusal(
        "found a signed stub, expected one without certificates: they do not "
        "cover the image");
  }
  const uint64_t end =
      stub.section_table_offset +
      (stub.sections.size() + num_sections) * kPeSectionHeaderBytes;
  if (end > stub.size_of_headers) {
    return Refusal("found a stub with headers of " +
                   std::to_string(stub.size_of_headers) + " bytes, " +
                   std::to_string(num_sections) + " more sections need " +
                   std::to_string(end));
  }
  // What is between table and headers' end must be padding.
  const uint64_t used =
      stub.section_table_offset + stub.sections.size() * kPeSectionHeaderBytes;
  const ByteSpan room = stub.bytes.subspan(used, end - used);
  if (std::ranges::any_of(room, [](uint8_t byte) { return byte != 0; })) {
    return Refusal("found data behind the stub's section table at " +
                   HexNumber(used) + ", expected room for more sections");
  }
  return Ok();
}

Result<UkiPlan> PlanUki(const Pe& stub, std::span<const UkiSection> sections) {
  UkiPlan plan;
  const uint64_t alignment =
      std::max<uint64_t>(kUefiPageBytes, stub.section_alignment);
  uint64_t address = stub.size_of_image;
  for (const PeSection& section : stub.sections) {
    address = std::max(
        address, uint64_t{section.virtual_address} + section.virtual_size);
  }
  uint64_t offset = AlignUp(stub.bytes.size(), stub.file_alignment);
  for (const UkiSection& section : sections) {
    address = AlignUp(address, alignment);
    const uint64_t raw_size =
        AlignUp(section.content.size(), stub.file_alignment);
    plan.sections.push_back({&section, address, offset, raw_size});
    address += section.content.size();
    offset += raw_size;
    if (address > INT32_MAX || offset > INT32_MAX) {
      return Refusal("found " + std::to_string(offset) +
                     " bytes up to section " + Quote(section.name) +
                     ", expected less than 2 GiB");
    }
  }
  plan.size_of_image = AlignUp(address, alignment);
  return plan;
}

Bytes SectionHeader(const PlacedSection& placed) {
  ByteWriter header;
  header.Text(placed.section->name).ZerosUntil(8);
  header.U32Le(static_cast<uint32_t>(placed.section->content.size()));
  header.U32Le(static_cast<uint32_t>(placed.address));
  header.U32Le(static_cast<uint32_t>(placed.raw_size));
  header.U32Le(static_cast<uint32_t>(placed.file_offset));
  header.Zeros(12);  // no relocations, no line numbers
  header.U32Le(kPeReadOnlyData);
  return std::move(header).Take();
}

void Put(ByteSpan bytes, uint64_t offset, Bytes* file) {
  TALLY_CHECK(offset + bytes.size() <= file->size());
  std::ranges::copy(bytes, file->begin() + static_cast<ptrdiff_t>(offset));
}

// PatchedStub is the stub with the new headers. Time stamp and checksum are
// zero: the one would differ from build to build, the other nobody checks.
Bytes PatchedStub(const Pe& stub, const UkiPlan& plan) {
  Bytes file = ToBytes(stub.bytes);
  uint64_t at =
      stub.section_table_offset + stub.sections.size() * kPeSectionHeaderBytes;
  for (const PlacedSection& placed : plan.sections) {
    Put(SectionHeader(placed), at, &file);
    at += kPeSectionHeaderBytes;
  }
  const auto put16 = [&](uint64_t offset, size_t value) {
    ByteWriter field;
    field.U16Le(static_cast<uint16_t>(value));
    Put(field.bytes(), offset, &file);
  };
  const auto put32 = [&](uint64_t offset, uint64_t value) {
    ByteWriter field;
    field.U32Le(static_cast<uint32_t>(value));
    Put(field.bytes(), offset, &file);
  };
  put16(stub.coff_header_offset + 2,
        stub.sections.size() + plan.sections.size());
  put32(stub.coff_header_offset + 4, 0);  // TimeDateStamp
  put32(stub.optional_header_offset + 56, plan.size_of_image);
  put32(stub.checksum_offset, 0);
  return file;
}

}  // namespace

Status WriteUki(ByteSpan stub_bytes, std::span<const UkiSection> sections,
                ByteSink& sink) {
  TALLY_ASSIGN(const Pe stub, ParsePe(stub_bytes));
  TALLY_TRY(CheckNames(stub, sections));
  TALLY_TRY(CheckStub(stub, sections.size()));
  TALLY_ASSIGN(const UkiPlan plan, PlanUki(stub, sections));

  const Bytes patched = PatchedStub(stub, plan);
  TALLY_TRY(sink.Append(patched));
  uint64_t written = patched.size();
  for (const PlacedSection& placed : plan.sections) {
    TALLY_TRY(AppendZeros(sink, placed.file_offset - written));
    TALLY_TRY(sink.Append(placed.section->content));
    written = placed.file_offset + placed.section->content.size();
  }
  const uint64_t end =
      plan.sections.empty()
          ? written
          : plan.sections.back().file_offset + plan.sections.back().raw_size;
  return AppendZeros(sink, end - written);
}

}  // namespace tally
