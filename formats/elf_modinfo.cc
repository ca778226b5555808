// ELF: System V gABI, chapters 4 and 5. The section: MODULE_INFO in
// include/linux/moduleparam.h and scripts/mod/modpost.c of Linux.
#include "formats/elf_modinfo.h"

#include <algorithm>
#include <optional>

#include "common/text.h"
#include "formats/elf.h"

namespace tally {
namespace {

// Debian's largest, of a driver with thousands of aliases, has 0.2 MB.
constexpr uint64_t kMaxModinfoBytes = 16 << 20;
constexpr uint32_t kSectionProgramBits = 1;  // SHT_PROGBITS
constexpr uint32_t kSectionStringTable = 3;  // SHT_STRTAB

struct SectionTable {
  uint64_t offset = 0;
  uint64_t count = 0;
  uint64_t names_index = 0;
};

struct ModuleSection {
  uint32_t name = 0;  // offset in the table of section names
  uint32_t type = 0;
  uint64_t offset = 0;
  uint64_t size_bytes = 0;
};

Result<SectionTable> ParseModuleHeader(ByteSpan module) {
  ByteReader reader("elf header", module);
  const std::string_view magic = AsText(reader.Take("EI_MAG", 4));
  if (magic !=
      "\x7f"
      "ELF") {
    reader.Fail("EI_MAG", "found " + Quote(magic) + ", expected an ELF file");
  }
  const auto expect = [&reader](std::string_view field, unsigned found,
                                unsigned expected, std::string_view meaning) {
    if (found == expected) return;
    reader.Fail(field, "found " + std::to_string(found) + ", expected " +
                           std::to_string(expected) + " (" +
                           std::string(meaning) + ")");
  };
  expect("EI_CLASS", reader.U8("EI_CLASS"), 2, "64 bit");
  expect("EI_DATA", reader.U8("EI_DATA"), 1, "little endian");
  expect("EI_VERSION", reader.U8("EI_VERSION"), 1, "current");
  reader.Skip("EI_OSABI to EI_PAD", 9);
  expect("e_type", reader.U16Le("e_type"), 1, "relocatable");
  reader.Skip("e_machine", 2);
  expect("e_version", reader.U32Le("e_version"), 1, "current");
  reader.Skip("e_entry, e_phoff", 16);
  SectionTable table;
  table.offset = reader.U64Le("e_shoff");
  reader.Skip("e_flags to e_phnum", 10);
  expect("e_shentsize", reader.U16Le("e_shentsize"), kElf64SectionHeaderSize,
         "Elf64_Shdr");
  table.count = reader.U16Le("e_shnum");
  table.names_index = reader.U16Le("e_shstrndx");
  if (table.names_index >= table.count) {
    reader.Fail("e_shstrndx", "found " + std::to_string(table.names_index) +
                                  ", expected less than e_shnum " +
                                  std::to_string(table.count));
  }
  TALLY_TRY(reader.status());
  return table;
}

Result<std::vector<ModuleSection>> ParseSections(ByteSpan module,
                                                 const SectionTable& table) {
  if (table.offset > module.size()) {
    return InputError("elf header: e_shoff at 0x28: found " +
                      HexNumber(table.offset) + ", the file has " +
                      std::to_string(module.size()) + " bytes");
  }
  ByteReader reader("elf sections", module.subspan(table.offset), table.offset);
  std::vector<ModuleSection> sections;
  for (uint64_t i = 0; i < table.count && reader.ok(); ++i) {
    ModuleSection section;
    section.name = reader.U32Le("sh_name");
    section.type = reader.U32Le("sh_type");
    reader.Skip("sh_flags, sh_addr", 16);
    section.offset = reader.U64Le("sh_offset");
    section.size_bytes = reader.U64Le("sh_size");
    reader.Skip("sh_link to sh_entsize", 24);
    sections.push_back(section);
  }
  TALLY_TRY(reader.status());
  return sections;
}

Result<ByteSpan> SectionBytes(ByteSpan module, const ModuleSection& section,
                              const std::string& what) {
  if (section.offset > module.size() ||
      section.size_bytes > module.size() - section.offset) {
    return InputError("elf: " + what + " at " + HexNumber(section.offset) +
                      " needs " + std::to_string(section.size_bytes) +
                      " bytes, the file has " + std::to_string(module.size()));
  }
  return module.subspan(section.offset, section.size_bytes);
}

// FindModinfo returns the one section of that name.
Result<ModuleSection> FindModinfo(ByteSpan module,
                                  const std::vector<ModuleSection>& sections,
                                  uint64_t names_index) {
  if (sections[names_index].type != kSectionStringTable) {
    return InputError("elf: the section of names has type " +
                      std::to_string(sections[names_index].type) +
                      ", expected 3 (string table)");
  }
  TALLY_ASSIGN(const ByteSpan names_bytes,
               SectionBytes(module, sections[names_index], "section names"));
  constexpr std::string_view kName(".modinfo\0", 9);
  const std::string_view names = AsText(names_bytes);
  std::optional<ModuleSection> found;
  for (const ModuleSection& section : sections) {
    if (section.name > names.size() ||
        names.substr(section.name, kName.size()) != kName) {
      continue;
    }
    if (found) return InputError("elf: two sections '.modinfo'");
    found = section;
  }
  if (!found || found->type != kSectionProgramBits) {
    return InputError("elf: no section '.modinfo': not a kernel module");
  }
  return *found;
}

// AddField files one "key=value" under its key.
Status AddField(std::string_view text, ModuleInfo& info, bool& has_depends) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    return InputError(".modinfo: found " + Quote(text) +
                      ", expected key=value");
  }
  const std::string_view key = text.substr(0, equals);
  const std::string value(text.substr(equals + 1));
  if ((key == "name" && !info.name.empty()) ||
      (key == "depends" && has_depends)) {
    return InputError(".modinfo: " + Quote(key) + " occurs twice");
  }
  if (key == "name") {
    if (value.empty()) return InputError(".modinfo: 'name' is empty");
    info.name = value;
  } else if (key == "depends") {
    has_depends = true;
    if (!value.empty()) info.depends = Split(value, ',');
  } else if (key == "alias") {
    info.aliases.push_back(value);
  } else {
    info.fields.emplace_back(std::string(key), value);
  }
  return Ok();
}

Result<ModuleInfo> ParseStrings(std::string_view strings) {
  if (!strings.empty() && strings.back() != '\0') {
    return InputError(".modinfo: the last string does not end in NUL");
  }
  ModuleInfo info;
  bool has_depends = false;
  while (!strings.empty()) {
    const size_t end = strings.find('\0');
    // Linkers may pad between the strings of two object files.
    if (end > 0) TALLY_TRY(AddField(strings.substr(0, end), info, has_depends));
    strings.remove_prefix(end + 1);
  }
  if (std::ranges::find(info.depends, std::string()) != info.depends.end()) {
    return InputError(".modinfo: 'depends' has an empty name");
  }
  return info;
}

}  // namespace

Result<ModuleInfo> ParseModuleInfo(ByteSpan module) {
  TALLY_ASSIGN(const SectionTable table, ParseModuleHeader(module));
  TALLY_ASSIGN(const std::vector<ModuleSection> sections,
               ParseSections(module, table));
  TALLY_ASSIGN(const ModuleSection modinfo,
               FindModinfo(module, sections, table.names_index));
  if (modinfo.size_bytes > kMaxModinfoBytes) {
    return InputError(
        "elf: section '.modinfo' has " + std::to_string(modinfo.size_bytes) +
        " bytes, expected at most " + std::to_string(kMaxModinfoBytes));
  }
  TALLY_ASSIGN(const ByteSpan strings,
               SectionBytes(module, modinfo, "section '.modinfo'"));
  return ParseStrings(AsText(strings));
}

}  // namespace tally
