// Follows kmod 30, libkmod/libkmod-elf.c: kmod_elf_get_symbols and
// kmod_elf_get_dependency_symbols.
#include "formats/elf_module_symbols.h"

#include <map>
#include <set>

#include "common/text.h"
#include "formats/elf.h"

namespace tally {
namespace {

constexpr uint64_t kSymbolSize = 24;   // Elf64_Sym
constexpr uint64_t kVersionSize = 64;  // struct modversion_info
constexpr uint64_t kVersionNameSize = 56;
constexpr std::string_view kCrcPrefix = "__crc_";
// Symbols may share one long string: a small file can name much. Of Debian's
// modules the one with most names has 0.2 MB of them.
constexpr uint64_t kMaxSymbolNamesBytes = 16 << 20;

struct NamedSection {
  uint32_t name = 0;
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

struct Symbol {
  std::string name;
  bool undefined = false;
};

Result<ByteSpan> ModulePart(ByteSpan file, uint64_t offset, uint64_t size_bytes,
                            std::string_view what) {
  if (offset > file.size() || size_bytes > file.size() - offset) {
    return InputError("module: " + std::string(what) + " at " +
                      HexNumber(offset) + " needs " +
                      std::to_string(size_bytes) + " bytes, the file has " +
                      std::to_string(file.size()));
  }
  return file.subspan(offset, size_bytes);
}

// NamedSections are the places of named sections; of two with one name the
// first counts.
using NamedSections = std::map<std::string, NamedSection, std::less<>>;

// CountName adds up the names that were read from one table.
Status CountName(const std::string& name, std::string_view what,
                 uint64_t* names_bytes) {
  *names_bytes += name.size();
  if (*names_bytes <= kMaxSymbolNamesBytes) return Ok();
  return InputError("module: " + std::string(what) + ": names have more than " +
                    std::to_string(kMaxSymbolNamesBytes) + " bytes");
}

Result<std::string> NameAt(std::string_view names, uint64_t offset,
                           std::string_view what) {
  const size_t end =
      offset < names.size() ? names.find('\0', offset) : names.npos;
  if (end == names.npos) {
    return InputError("module: " + std::string(what) + ": found offset " +
                      HexNumber(offset) + ", expected a string that ends in " +
                      std::to_string(names.size()) + " bytes");
  }
  return std::string(names.substr(offset, end - offset));
}

Result<NamedSections> ReadSections(ByteSpan module) {
  TALLY_ASSIGN(const ElfHeader header, ParseElfHeader(module));
  if (header.elf_class != ElfClass::k64 || header.type != kElfRelocatable ||
      header.section_entry_size != kElf64SectionHeaderSize ||
      header.section_names_index >= header.section_count) {
    return InputError(
        "module: found e_type " + std::to_string(header.type) +
        ", e_shentsize " + std::to_string(header.section_entry_size) +
        " and e_shstrndx " + std::to_string(header.section_names_index) +
        " of " + std::to_string(header.section_count) +
        ", expected a 64 bit relocatable file");
  }
  TALLY_ASSIGN(const ByteSpan table, ModulePart(module, header.section_offset,
                                                uint64_t{header.section_count} *
                                                    kElf64SectionHeaderSize,
                                                "section headers"));
  ByteReader reader("module sections", table, header.section_offset);
  std::vector<NamedSection> sections;
  for (uint16_t i = 0; i < header.section_count; ++i) {
    NamedSection section;
    section.name = reader.U32Le("sh_name");
    reader.Skip("sh_type to sh_addr", 20);
    section.offset = reader.U64Le("sh_offset");
    section.size_bytes = reader.U64Le("sh_size");
    reader.Skip("sh_link to sh_entsize", 24);
    sections.push_back(section);
  }
  TALLY_TRY(reader.Finish());
  const NamedSection& names_section = sections[header.section_names_index];
  TALLY_ASSIGN(const ByteSpan names,
               ModulePart(module, names_section.offset,
                          names_section.size_bytes, "section names"));
  NamedSections named;
  uint64_t names_bytes = 0;
  for (size_t i = 1; i < sections.size(); ++i) {
    TALLY_ASSIGN(std::string name,
                 NameAt(AsText(names), sections[i].name, "section names"));
    TALLY_TRY(CountName(name, "section names", &names_bytes));
    named.try_emplace(std::move(name), sections[i]);
  }
  return named;
}

// SectionBytes returns an empty span if there is no such section.
Result<ByteSpan> SectionBytes(ByteSpan module, const NamedSections& sections,
                              std::string_view name) {
  const auto found = sections.find(name);
  if (found == sections.end()) return ByteSpan();
  return ModulePart(module, found->second.offset, found->second.size_bytes,
                    name);
}

Result<std::vector<Symbol>> ReadSymbols(ByteSpan module,
                                        const NamedSections& sections) {
  TALLY_ASSIGN(const ByteSpan table, SectionBytes(module, sections, ".symtab"));
  TALLY_ASSIGN(const ByteSpan names, SectionBytes(module, sections, ".strtab"));
  if (table.size() % kSymbolSize != 0) {
    return InputError("module: .symtab has " + std::to_string(table.size()) +
                      " bytes, expected a multiple of 24");
  }
  ByteReader reader("module symbols", table);
  std::vector<Symbol> symbols;
  uint64_t names_bytes = 0;
  while (reader.remaining() > 0) {
    const uint32_t name = reader.U32Le("st_name");
    reader.Skip("st_info, st_other", 2);
    const uint16_t section = reader.U16Le("st_shndx");
    reader.Skip("st_value, st_size", 16);
    TALLY_TRY(reader.status());
    TALLY_ASSIGN(std::string text, NameAt(AsText(names), name, ".strtab"));
    TALLY_TRY(CountName(text, ".strtab", &names_bytes));
    symbols.push_back({.name = std::move(text), .undefined = section == 0});
  }
  // The first symbol is none.
  if (!symbols.empty()) symbols.erase(symbols.begin());
  return symbols;
}

// ReadStrings returns the non-empty strings of a section.
std::vector<std::string> ReadStrings(ByteSpan section) {
  std::vector<std::string> strings;
  for (std::string& text : Split(AsText(section), '\0')) {
    if (!text.empty()) strings.push_back(std::move(text));
  }
  return strings;
}

// ReadVersions returns the names in __versions, or none if its size is odd, as
// kmod does.
Result<std::vector<std::string>> ReadVersions(ByteSpan section) {
  std::vector<std::string> names;
  if (section.size() % kVersionSize != 0) return names;
  ByteReader reader("__versions", section);
  while (reader.remaining() > 0) {
    reader.Skip("crc", kVersionSize - kVersionNameSize);
    const std::string_view name = AsText(reader.Take("name", kVersionNameSize));
    if (name.find('\0') == name.npos) {
      return InputError("module: __versions: name " + Quote(name) +
                        " does not end in NUL");
    }
    names.emplace_back(name.substr(0, name.find('\0')));
  }
  TALLY_TRY(reader.Finish());
  return names;
}

}  // namespace

Result<ModuleSymbols> ParseModuleSymbols(ByteSpan module) {
  TALLY_ASSIGN(const NamedSections sections, ReadSections(module));
  TALLY_ASSIGN(const std::vector<Symbol> symbols,
               ReadSymbols(module, sections));
  TALLY_ASSIGN(const ByteSpan versions_bytes,
               SectionBytes(module, sections, "__versions"));
  TALLY_ASSIGN(const std::vector<std::string> versions,
               ReadVersions(versions_bytes));

  ModuleSymbols result;
  std::set<std::string_view> undefined;
  for (const Symbol& symbol : symbols) {
    if (symbol.name.starts_with(kCrcPrefix)) {
      result.exported.push_back(symbol.name.substr(kCrcPrefix.size()));
    }
    if (!symbol.undefined || symbol.name.empty()) continue;
    result.needed.push_back(symbol.name);
    undefined.insert(symbol.name);
  }
  // Kernels without symbol versions have no __crc_ symbols.
  if (result.exported.empty()) {
    TALLY_ASSIGN(const ByteSpan strings,
                 SectionBytes(module, sections, "__ksymtab_strings"));
    result.exported = ReadStrings(strings);
  }
  for (const std::string& name : versions) {
    if (!undefined.contains(name)) result.needed.push_back(name);
  }
  return result;
}

}  // namespace tally
