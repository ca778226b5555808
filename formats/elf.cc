// ELF: System V gABI, chapters 4 and 5. The GNU properties: Linux Extensions to
// gABI, and elf/readelflib.c of glibc 2.36, which says what ldconfig makes of
// them. Big-endian files and extended numbering of program headers are not
// modelled: no image here has them.
#include "formats/elf.h"

#include <algorithm>
#include <bit>

#include "common/text.h"

namespace tally {
namespace {

constexpr std::string_view kElfMagic(
    "\x7f"
    "ELF",
    4);

// p_type
constexpr uint32_t kLoad = 1;
constexpr uint32_t kDynamic = 2;
constexpr uint32_t kInterpreter = 3;
constexpr uint32_t kGnuProperty = 0x6474e553;

// d_tag
constexpr uint64_t kTagNull = 0;
constexpr uint64_t kTagNeeded = 1;
constexpr uint64_t kTagStringTable = 5;
constexpr uint64_t kTagStringTableSize = 10;
constexpr uint64_t kTagSoname = 14;
constexpr uint64_t kTagRpath = 15;
constexpr uint64_t kTagRunpath = 29;

constexpr uint32_t kPropertyNote = 5;            // NT_GNU_PROPERTY_TYPE_0
constexpr uint32_t kIsaOneNeeded = 0xc0008002;   // …_X86_ISA_1_NEEDED
constexpr uint16_t kExtendedNumbering = 0xffff;  // PN_XNUM
constexpr uint64_t kMaxInterpreterBytes = 4096;  // PATH_MAX
// Entries may share one long string: a small file can name much.
constexpr uint64_t kMaxDynamicNamesBytes = 16 << 20;

struct Segment {
  uint32_t type = 0;
  uint64_t offset = 0;
  uint64_t address = 0;
  uint64_t size_bytes = 0;  // in the file
  uint64_t alignment = 0;
};

struct DynamicEntry {
  uint64_t tag = 0;
  uint64_t value = 0;
};

// Word reads an address or size: 4 bytes or 8, as the class says.
uint64_t Word(ByteReader& reader, ElfClass elf_class, std::string_view field) {
  return elf_class == ElfClass::k64 ? reader.U64Le(field) : reader.U32Le(field);
}

Result<ByteSpan> ElfPart(ByteSpan file, uint64_t offset, uint64_t size_bytes,
                         std::string_view what) {
  if (offset > file.size() || size_bytes > file.size() - offset) {
    return InputError("elf: " + std::string(what) + " at " + HexNumber(offset) +
                      " needs " + std::to_string(size_bytes) +
                      " bytes, the file has " + std::to_string(file.size()));
  }
  return file.subspan(offset, size_bytes);
}

Segment ReadSegment(ByteReader& reader, ElfClass elf_class) {
  Segment segment;
  segment.type = reader.U32Le("p_type");
  if (elf_class == ElfClass::k64) reader.Skip("p_flags", 4);
  segment.offset = Word(reader, elf_class, "p_offset");
  segment.address = Word(reader, elf_class, "p_vaddr");
  Word(reader, elf_class, "p_paddr");
  segment.size_bytes = Word(reader, elf_class, "p_filesz");
  Word(reader, elf_class, "p_memsz");
  if (elf_class == ElfClass::k32) reader.Skip("p_flags", 4);
  segment.alignment = Word(reader, elf_class, "p_align");
  return segment;
}

Result<std::vector<Segment>> ReadSegments(ByteSpan file,
                                          const ElfHeader& header) {
  std::vector<Segment> segments;
  if (header.program_count == 0) return segments;
  const uint16_t entry_size = header.elf_class == ElfClass::k64 ? 56 : 32;
  if (header.program_entry_size != entry_size ||
      header.program_count == kExtendedNumbering) {
    return InputError(
        "elf: found " + std::to_string(header.program_count) +
        " program headers of " + std::to_string(header.program_entry_size) +
        " bytes, expected fewer than 65535 of " + std::to_string(entry_size));
  }
  TALLY_ASSIGN(
      const ByteSpan table,
      ElfPart(file, header.program_offset,
              uint64_t{header.program_count} * entry_size, "program headers"));
  ByteReader reader("elf program headers", table, header.program_offset);
  for (uint16_t i = 0; i < header.program_count; ++i) {
    segments.push_back(ReadSegment(reader, header.elf_class));
  }
  TALLY_TRY(reader.Finish());
  return segments;
}

Result<std::string> ReadInterpreter(ByteSpan file, const Segment& segment) {
  TALLY_ASSIGN(
      const ByteSpan bytes,
      ElfPart(file, segment.offset, segment.size_bytes, "interpreter"));
  const std::string_view text = AsText(bytes);
  const std::string_view path = text.substr(0, text.find('\0'));
  if (path.size() == text.size() || path.empty() ||
      path.size() > kMaxInterpreterBytes) {
    return InputError("elf: interpreter at " + HexNumber(segment.offset) +
                      ": found " + Quote(path.substr(0, 100)) +
                      ", expected a path that ends in NUL");
  }
  return std::string(path);
}

// IsaLevel reads the properties of one note; as ldconfig does, it stops at the
// first thing it does not understand.
unsigned IsaLevel(ByteSpan properties, uint64_t word_size) {
  ByteReader reader("elf properties", properties);
  uint32_t last_type = 0;
  while (reader.ok() && reader.remaining() >= 8) {
    const uint32_t type = reader.U32Le("pr_type");
    const uint32_t size_bytes = reader.U32Le("pr_datasz");
    if (type < last_type || type > kIsaOneNeeded) return 0;
    last_type = type;
    if (type == kIsaOneNeeded) {
      const uint32_t levels = size_bytes == 4 ? reader.U32Le("pr_data") : 0;
      return levels == 0 ? 0
                         : static_cast<unsigned>(std::bit_width(levels)) - 1;
    }
    reader.Skip("pr_data", AlignUp(size_bytes, word_size));
  }
  return 0;
}

// ReadIsaLevel looks for the property note. A note that is cut off, or not
// aligned as the class wants it, counts as none: so does ldconfig.
unsigned ReadIsaLevel(ByteSpan file, const Segment& segment,
                      ElfClass elf_class) {
  const uint64_t word_size = elf_class == ElfClass::k64 ? 8 : 4;
  const auto notes =
      ElfPart(file, segment.offset, segment.size_bytes, "properties");
  if (segment.alignment != word_size || !notes) return 0;
  ByteReader reader("elf notes", *notes);
  while (reader.ok() && reader.remaining() > 12) {
    const uint32_t name_size = reader.U32Le("n_namesz");
    const uint32_t text_size = reader.U32Le("n_descsz");
    const uint32_t type = reader.U32Le("n_type");
    const ByteSpan name = reader.Take("name", AlignUp(name_size, 4));
    const ByteSpan text = reader.Take("desc", text_size);
    if (!reader.ok()) return 0;
    if (type == kPropertyNote && name_size == 4 &&
        AsText(name) == std::string_view("GNU\0", 4)) {
      if (text_size < 8 || text_size % word_size != 0) return 0;
      return IsaLevel(text, word_size);
    }
    const uint64_t end = AlignUp(notes->size() - reader.remaining(), word_size);
    if (end >= notes->size()) return 0;
    reader.Skip("padding", end - (notes->size() - reader.remaining()));
  }
  return 0;
}

Result<std::vector<DynamicEntry>> ReadDynamic(ByteSpan file,
                                              const Segment& segment,
                                              ElfClass elf_class) {
  TALLY_ASSIGN(
      const ByteSpan bytes,
      ElfPart(file, segment.offset, segment.size_bytes, "dynamic segment"));
  ByteReader reader("elf dynamic segment", bytes, segment.offset);
  std::vector<DynamicEntry> entries;
  while (reader.remaining() > 0) {
    DynamicEntry entry;
    entry.tag = Word(reader, elf_class, "d_tag");
    entry.value = Word(reader, elf_class, "d_un");
    TALLY_TRY(reader.status());
    if (entry.tag == kTagNull) return entries;
    entries.push_back(entry);
  }
  return InputError("elf: dynamic segment at " + HexNumber(segment.offset) +
                    " has no DT_NULL");
}

std::optional<uint64_t> ValueOf(const std::vector<DynamicEntry>& entries,
                                uint64_t tag) {
  const auto found = std::ranges::find(entries, tag, &DynamicEntry::tag);
  if (found == entries.end()) return std::nullopt;
  return found->value;
}

// FindStrings returns the dynamic string table. Its address is one of memory,
// which the loaded segments map to the file.
Result<std::string_view> FindStrings(ByteSpan file,
                                     const std::vector<Segment>& segments,
                                     const std::vector<DynamicEntry>& entries) {
  const auto address = ValueOf(entries, kTagStringTable);
  const auto size_bytes = ValueOf(entries, kTagStringTableSize);
  if (!address || !size_bytes) {
    return InputError("elf: dynamic segment has no DT_STRTAB or DT_STRSZ");
  }
  for (const Segment& segment : segments) {
    if (segment.type != kLoad || *address < segment.address ||
        *address - segment.address >= segment.size_bytes) {
      continue;
    }
    const uint64_t inside = *address - segment.address;
    if (inside > UINT64_MAX - segment.offset) break;
    TALLY_ASSIGN(
        const ByteSpan strings,
        ElfPart(file, segment.offset + inside, *size_bytes, "dynamic strings"));
    return AsText(strings);
  }
  return InputError("elf: DT_STRTAB is " + HexNumber(*address) +
                    ", no segment has it");
}

Result<std::string> StringAt(std::string_view strings, uint64_t offset) {
  const size_t end =
      offset < strings.size() ? strings.find('\0', offset) : strings.npos;
  if (end == strings.npos) {
    return InputError("elf: dynamic strings: found offset " +
                      HexNumber(offset) + ", expected a string that ends in " +
                      std::to_string(strings.size()) + " bytes");
  }
  return std::string(strings.substr(offset, end - offset));
}

Status ReadNames(std::string_view strings,
                 const std::vector<DynamicEntry>& entries, ElfFile& elf) {
  uint64_t names_bytes = 0;
  for (const DynamicEntry& entry : entries) {
    if (entry.tag != kTagNeeded && entry.tag != kTagSoname &&
        entry.tag != kTagRpath && entry.tag != kTagRunpath) {
      continue;
    }
    TALLY_ASSIGN(std::string name, StringAt(strings, entry.value));
    names_bytes += name.size();
    if (names_bytes > kMaxDynamicNamesBytes) {
      return InputError("elf: dynamic names have more than " +
                        std::to_string(kMaxDynamicNamesBytes) + " bytes");
    }
    // The first one counts, as for ldconfig.
    if (entry.tag == kTagNeeded)
      elf.needed.push_back(std::move(name));
    else if (entry.tag == kTagSoname && !elf.soname)
      elf.soname = name;
    else if (entry.tag == kTagRpath && !elf.rpath)
      elf.rpath = name;
    else if (entry.tag == kTagRunpath && !elf.runpath)
      elf.runpath = name;
  }
  return Ok();
}

bool HasNames(const std::vector<DynamicEntry>& entries) {
  return std::ranges::any_of(entries, [](const DynamicEntry& entry) {
    return entry.tag == kTagNeeded || entry.tag == kTagSoname ||
           entry.tag == kTagRpath || entry.tag == kTagRunpath;
  });
}

}  // namespace

bool IsElf(ByteSpan file) { return AsText(file).starts_with(kElfMagic); }

Result<ElfHeader> ParseElfHeader(ByteSpan file) {
  ByteReader reader("elf header", file);
  const std::string_view magic = AsText(reader.Take("EI_MAG", 4));
  if (magic != kElfMagic) {
    reader.Fail("EI_MAG", "found " + Quote(magic) + ", expected an ELF file");
  }
  const uint8_t elf_class = reader.U8("EI_CLASS");
  if (elf_class != 1 && elf_class != 2) {
    reader.Fail("EI_CLASS", "found " + std::to_string(elf_class) +
                                ", expected 1 (32 bit) or 2 (64 bit)");
  }
  const uint8_t data = reader.U8("EI_DATA");
  if (data != 1) {
    reader.Fail("EI_DATA", "found " + std::to_string(data) +
                               ", expected 1 (little endian)");
  }
  reader.Skip("EI_VERSION to EI_PAD", 10);
  ElfHeader header;
  header.elf_class = elf_class == 2 ? ElfClass::k64 : ElfClass::k32;
  header.type = reader.U16Le("e_type");
  header.machine = reader.U16Le("e_machine");
  reader.Skip("e_version", 4);
  Word(reader, header.elf_class, "e_entry");
  header.program_offset = Word(reader, header.elf_class, "e_phoff");
  header.section_offset = Word(reader, header.elf_class, "e_shoff");
  header.flags = reader.U32Le("e_flags");
  reader.Skip("e_ehsize", 2);
  header.program_entry_size = reader.U16Le("e_phentsize");
  header.program_count = reader.U16Le("e_phnum");
  header.section_entry_size = reader.U16Le("e_shentsize");
  header.section_count = reader.U16Le("e_shnum");
  header.section_names_index = reader.U16Le("e_shstrndx");
  TALLY_TRY(reader.status());
  return header;
}

Result<ElfFile> ParseElf(ByteSpan file) {
  ElfFile elf;
  TALLY_ASSIGN(elf.header, ParseElfHeader(file));
  TALLY_ASSIGN(const std::vector<Segment> segments,
               ReadSegments(file, elf.header));
  const Segment* dynamic = nullptr;
  for (const Segment& segment : segments) {
    if (segment.type == kInterpreter) {
      TALLY_ASSIGN(elf.interpreter, ReadInterpreter(file, segment));
    } else if (segment.type == kGnuProperty) {
      elf.isa_level = ReadIsaLevel(file, segment, elf.header.elf_class);
    } else if (segment.type == kDynamic) {
      if (dynamic != nullptr) return InputError("elf: two dynamic segments");
      dynamic = &segment;
    }
  }
  if (dynamic == nullptr || dynamic->size_bytes == 0) return elf;
  elf.has_dynamic = true;
  TALLY_ASSIGN(const std::vector<DynamicEntry> entries,
               ReadDynamic(file, *dynamic, elf.header.elf_class));
  if (!HasNames(entries)) return elf;
  TALLY_ASSIGN(const std::string_view strings,
               FindStrings(file, segments, entries));
  TALLY_TRY(ReadNames(strings, entries, elf));
  return elf;
}

}  // namespace tally
