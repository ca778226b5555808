#include <algorithm>

#include "common/text.h"
#include "formats/pe.h"
#include "formats/pe_layout.h"

namespace tally {
namespace {

// A file that needs more is not an EFI program; Windows itself stops at 96.
constexpr uint64_t kMaxPeSections = 96;
constexpr uint64_t kMaxCertificates = 64;
// "The number of data-directory entries"; all that were ever defined.
constexpr uint64_t kMaxDirectories = 16;

bool IsPowerOfTwo(uint64_t value) {
  return value != 0 && (value & (value - 1)) == 0;
}

Error Misfit(std::string_view what, uint64_t offset, const std::string& found) {
  return InputError("PE: " + std::string(what) + " at " + HexNumber(offset) +
                    ": " + found);
}

// Directories has what the header says about the certificate table.
struct Directories {
  uint64_t certificates_offset = 0;
  uint64_t certificates_size = 0;
};

// ReadOptionalHeader reads up to the data directories and one entry of them.
Directories ReadOptionalHeader(ByteReader& reader, Pe& pe) {
  pe.optional_header_offset = reader.offset();
  const uint16_t magic = reader.U16Le("optional header magic");
  if (reader.ok() && magic != kPe32Magic && magic != kPe32PlusMagic) {
    reader.Fail("optional header magic",
                "found " + HexNumber(magic) +
                    ", expected 0x10b (PE32) or 0x20b (PE32+)");
  }
  pe.is_pe32_plus = magic == kPe32PlusMagic;
  reader.Skip("code sizes and addresses", 22);
  // PE32 has BaseOfData and a short ImageBase: 8 bytes either way.
  reader.Skip("image base", 8);
  pe.section_alignment = reader.U32Le("section alignment");
  pe.file_alignment = reader.U32Le("file alignment");
  reader.Skip("versions", 16);
  pe.size_of_image = reader.U32Le("size of image");
  pe.size_of_headers = reader.U32Le("size of headers");
  pe.checksum_offset = reader.offset();
  reader.Skip("checksum", 4);
  reader.Skip("subsystem", 4);
  reader.Skip("stack and heap sizes", pe.is_pe32_plus ? 32 : 16);
  reader.Skip("loader flags", 4);
  const uint64_t count =
      reader.Count("number of data directories",
                   reader.U32Le("number of data directories"), kMaxDirectories);
  Directories directories;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t entry_offset = reader.offset();
    const uint32_t at = reader.U32Le("data directory");
    const uint32_t size = reader.U32Le("data directory");
    if (i != kPeSecurityDirectory) continue;
    pe.security_entry_offset = entry_offset;
    directories = {at, size};
  }
  return directories;
}

PeSection ReadSection(ByteReader& reader) {
  PeSection section;
  const auto name = reader.Array<8>("section name");
  const std::string text(AsText(name));
  section.name = text.substr(0, text.find('\0'));
  const bool printable = std::ranges::all_of(
      section.name, [](char c) { return c > ' ' && c < 0x7f; });
  if (reader.ok() && (section.name.empty() || !printable ||
                      text.find_first_not_of('\0', section.name.size()) !=
                          std::string::npos)) {
    reader.Fail("section name",
                "found " + Hex(name) + ", expected printable ASCII and zeros");
  }
  section.virtual_size = reader.U32Le("virtual size");
  section.virtual_address = reader.U32Le("virtual address");
  section.raw_size = reader.U32Le("size of raw data");
  section.raw_offset = reader.U32Le("pointer to raw data");
  reader.Skip("relocations and line numbers", 12);
  section.characteristics = reader.U32Le("characteristics");
  return section;
}

// CheckSection: the section lies in the file and in the image, behind the
// headers.
Status CheckSection(const Pe& pe, const PeSection& section, uint64_t offset) {
  const std::string what = "section " + Quote(section.name);
  const uint64_t raw_end = uint64_t{section.raw_offset} + section.raw_size;
  if (section.raw_size != 0 && raw_end > pe.bytes.size()) {
    return Misfit(what, offset,
                  "found raw data up to " + HexNumber(raw_end) +
                      ", the file ends at " + HexNumber(pe.bytes.size()));
  }
  if (section.raw_size != 0 && section.raw_offset < pe.size_of_headers) {
    return Misfit(what, offset,
                  "found raw data at " + HexNumber(section.raw_offset) +
                      ", inside of the headers, which end at " +
                      HexNumber(pe.size_of_headers));
  }
  const uint64_t virtual_end =
      uint64_t{section.virtual_address} + section.virtual_size;
  if (virtual_end > pe.size_of_image) {
    return Misfit(what, offset,
                  "found addresses up to " + HexNumber(virtual_end) +
                      ", the image ends at " + HexNumber(pe.size_of_image));
  }
  return Ok();
}

// CheckApart: no two sections share bytes of the file, or addresses.
Status CheckApart(std::vector<PeSection> sections, bool in_file) {
  const auto begin = [in_file](const PeSection& section) -> uint64_t {
    return in_file ? section.raw_offset : section.virtual_address;
  };
  const auto size = [in_file](const PeSection& section) -> uint64_t {
    return in_file ? section.raw_size : section.virtual_size;
  };
  std::erase_if(sections, [&](const PeSection& s) { return size(s) == 0; });
  std::ranges::stable_sort(sections, {}, begin);
  for (size_t i = 1; i < sections.size(); ++i) {
    const PeSection& before = sections[i - 1];
    if (begin(before) + size(before) <= begin(sections[i])) continue;
    return InputError("PE: sections " + Quote(before.name) + " and " +
                      Quote(sections[i].name) + " overlap " +
                      (in_file ? "in the file" : "in memory") + " at " +
                      HexNumber(begin(sections[i])));
  }
  return Ok();
}

Status ReadSections(ByteReader& reader, uint64_t count, Pe& pe) {
  pe.section_table_offset = reader.offset();
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t offset = reader.offset();
    const PeSection section = ReadSection(reader);
    TALLY_TRY(reader.status());
    TALLY_TRY(CheckSection(pe, section, offset));
    pe.sections.push_back(section);
  }
  if (reader.offset() > pe.size_of_headers) {
    return Misfit("section table", pe.section_table_offset,
                  "found its end at " + HexNumber(reader.offset()) +
                      ", behind the headers, which end at " +
                      HexNumber(pe.size_of_headers));
  }
  TALLY_TRY(CheckApart(pe.sections, true));
  return CheckApart(pe.sections, false);
}

Status CheckHeaders(const Pe& pe) {
  if (!IsPowerOfTwo(pe.file_alignment) || pe.file_alignment > 65536) {
    return Misfit("file alignment", pe.optional_header_offset + 36,
                  "found " + HexNumber(pe.file_alignment) +
                      ", expected a power of two up to 0x10000");
  }
  if (!IsPowerOfTwo(pe.section_alignment) ||
      pe.section_alignment < pe.file_alignment) {
    return Misfit("section alignment", pe.optional_header_offset + 32,
                  "found " + HexNumber(pe.section_alignment) +
                      ", expected a power of two and no less than the file "
                      "alignment " +
                      HexNumber(pe.file_alignment));
  }
  if (pe.size_of_headers > pe.bytes.size()) {
    return Misfit("size of headers", pe.optional_header_offset + 60,
                  "found " + HexNumber(pe.size_of_headers) +
                      ", the file ends at " + HexNumber(pe.bytes.size()));
  }
  return Ok();
}

// ReadCertificates: the table is the end of the file, and behind all sections.
Status ReadCertificates(const Directories& directories, Pe& pe) {
  pe.certificates_offset = pe.bytes.size();
  const uint64_t begin = directories.certificates_offset;
  if (directories.certificates_size == 0 && begin == 0) return Ok();
  if (begin % 8 != 0 ||
      begin + directories.certificates_size != pe.bytes.size()) {
    return Misfit("certificate table", pe.security_entry_offset,
                  "found " + HexNumber(begin) + " to " +
                      HexNumber(begin + directories.certificates_size) +
                      ", expected a multiple of 8 to the end of the file, " +
                      HexNumber(pe.bytes.size()));
  }
  uint64_t sections_end = pe.size_of_headers;
  for (const PeSection& section : pe.sections) {
    if (section.raw_size == 0) continue;
    sections_end =
        std::max(sections_end, uint64_t{section.raw_offset} + section.raw_size);
  }
  if (begin < sections_end) {
    return Misfit("certificate table", pe.security_entry_offset,
                  "found it at " + HexNumber(begin) +
                      ", before the end of the sections at " +
                      HexNumber(sections_end));
  }
  pe.certificates_offset = begin;
  ByteReader reader("PE certificate table", pe.bytes.subspan(begin), begin);
  while (reader.ok() && reader.remaining() != 0) {
    if (pe.certificates.size() == kMaxCertificates) {
      return Misfit("certificate table", begin,
                    "found more than " + std::to_string(kMaxCertificates) +
                        " certificates");
    }
    const uint64_t size = reader.U32Le("certificate length");
    if (reader.ok() && size < kPeCertificateHeaderBytes) {
      reader.Fail("certificate length",
                  "found " + std::to_string(size) + ", expected 8 or more");
    }
    PeCertificate certificate;
    certificate.revision = reader.U16Le("certificate revision");
    certificate.type = reader.U16Le("certificate type");
    certificate.data =
        reader.Take("certificate", size - kPeCertificateHeaderBytes);
    if (!reader.ok()) break;
    pe.certificates.push_back(certificate);
    reader.Skip("certificate padding",
                std::min(AlignUp(size, 8) - size, reader.remaining()));
  }
  return reader.status();
}

}  // namespace

Result<Pe> ParsePe(ByteSpan bytes) {
  Pe pe;
  pe.bytes = bytes;
  ByteReader dos("PE", bytes);
  const uint16_t mz = dos.U16Le("DOS header magic");
  if (dos.ok() && mz != kDosMagic) {
    dos.Fail("DOS header magic",
             "found " + HexNumber(mz) + ", expected 0x5a4d (\"MZ\")");
  }
  dos.Skip("DOS header", 58);
  const uint32_t at = dos.U32Le("offset of the PE header");
  TALLY_TRY(dos.status());
  if (at < kDosHeaderBytes || at >= bytes.size()) {
    return Misfit("offset of the PE header", 0x3c,
                  "found " + HexNumber(at) +
                      ", expected 0x40 to the file's "
                      "end at " +
                      HexNumber(bytes.size()));
  }
  ByteReader reader("PE", bytes.subspan(at), at);
  const uint32_t magic = reader.U32Le("PE header magic");
  if (reader.ok() && magic != kPeMagic) {
    reader.Fail("PE header magic",
                "found " + HexNumber(magic) + ", expected 0x4550 (\"PE\")");
  }
  pe.coff_header_offset = reader.offset();
  pe.machine = reader.U16Le("machine");
  const uint64_t num_sections = reader.Count(
      "number of sections", reader.U16Le("number of sections"), kMaxPeSections);
  reader.Skip("time stamp and symbol table", 12);
  const uint16_t optional_size = reader.U16Le("size of the optional header");
  reader.Skip("characteristics", 2);
  ByteReader optional = reader.Sub("PE", optional_size);
  TALLY_TRY(reader.status());
  const Directories directories = ReadOptionalHeader(optional, pe);
  TALLY_TRY(optional.status());
  TALLY_TRY(CheckHeaders(pe));
  TALLY_TRY(ReadSections(reader, num_sections, pe));
  TALLY_TRY(ReadCertificates(directories, pe));
  return pe;
}

ByteSpan PeContent(const Pe& pe, const PeSection& section) {
  return pe.bytes.subspan(section.raw_size == 0 ? 0 : section.raw_offset,
                          std::min(section.raw_size, section.virtual_size));
}

}  // namespace tally
