#include "tests/support/make_module.h"

#include <utility>

namespace tally::test {
namespace {

void AddSymbol(ByteWriter& symbols, size_t name, uint16_t section) {
  symbols.U32Le(static_cast<uint32_t>(name)).U8(0x10).U8(0).U16Le(section);
  symbols.U64Le(0).U64Le(0);
}

// AddSection writes an Elf64_Shdr.
void AddSection(ByteWriter& elf, uint32_t name, uint32_t type, uint64_t at,
                uint64_t size_bytes, uint32_t link, uint64_t entry_size) {
  elf.U32Le(name).U32Le(type).U64Le(0).U64Le(0).U64Le(at).U64Le(size_bytes);
  elf.U32Le(link).U32Le(0).U64Le(1).U64Le(entry_size);
}

}  // namespace

Bytes MakeModule(std::string_view modinfo) {
  constexpr std::string_view kNames("\0.modinfo\0.shstrtab\0", 20);
  const uint64_t names_at = 64 + modinfo.size();
  const uint64_t sections_at = AlignUp(names_at + kNames.size(), 8);
  ByteWriter elf;
  elf.Text(
         "\x7f"
         "ELF")
      .U8(2)
      .U8(1)
      .U8(1)
      .Zeros(9);
  elf.U16Le(1).U16Le(62).U32Le(1).U64Le(0).U64Le(0).U64Le(sections_at);
  elf.U32Le(0).U16Le(64).U16Le(0).U16Le(0).U16Le(64).U16Le(3).U16Le(2);
  elf.Text(modinfo).Text(kNames).PadTo(8);
  elf.Zeros(64);
  elf.U32Le(1).U32Le(1).U64Le(2).U64Le(0).U64Le(64).U64Le(modinfo.size());
  elf.U32Le(0).U32Le(0).U64Le(1).U64Le(0);
  elf.U32Le(10).U32Le(3).U64Le(0).U64Le(0).U64Le(names_at).U64Le(kNames.size());
  elf.U32Le(0).U32Le(0).U64Le(1).U64Le(0);
  return std::move(elf).Take();
}

Bytes MakeLinkedModule(std::string_view modinfo, const ModuleLinks& links) {
  constexpr std::string_view kNames(
      "\0.modinfo\0.shstrtab\0.symtab\0.strtab\0__versions\0", 47);
  constexpr uint16_t kAbsolute = 0xfff1;  // SHN_ABS
  std::string strings(1, '\0');
  ByteWriter symbols;
  symbols.Zeros(24);
  for (const std::string& name : links.exported) {
    AddSymbol(symbols, strings.size(), kAbsolute);
    strings += "__crc_" + name + '\0';
  }
  for (const std::string& name : links.needed) {
    AddSymbol(symbols, strings.size(), 0);
    strings += name + '\0';
  }
  ByteWriter versions;
  for (const std::string& name : links.versions) {
    versions.U64Le(0).Text(name).PadTo(64);
  }

  const uint64_t names_at = 64 + modinfo.size();
  const uint64_t symbols_at = AlignUp(names_at + kNames.size(), 8);
  const uint64_t versions_at = symbols_at + symbols.size();
  const uint64_t strings_at = versions_at + versions.size();
  const uint64_t sections_at = AlignUp(strings_at + strings.size(), 8);
  ByteWriter elf;
  elf.U8(0x7f).Text("ELF").U8(2).U8(1).U8(1).Zeros(9);
  elf.U16Le(1).U16Le(62).U32Le(1).U64Le(0).U64Le(0).U64Le(sections_at);
  elf.U32Le(0).U16Le(64).U16Le(0).U16Le(0).U16Le(64).U16Le(6).U16Le(2);
  elf.Text(modinfo).Text(kNames).PadTo(8);
  elf.Raw(symbols.bytes()).Raw(versions.bytes()).Text(strings).PadTo(8);
  elf.Zeros(64);
  AddSection(elf, 1, 1, 64, modinfo.size(), 0, 0);
  AddSection(elf, 10, 3, names_at, kNames.size(), 0, 0);
  AddSection(elf, 20, 2, symbols_at, symbols.size(), 4, 24);
  AddSection(elf, 28, 3, strings_at, strings.size(), 0, 0);
  AddSection(elf, 36, 1, versions_at, versions.size(), 0, 0);
  return std::move(elf).Take();
}

}  // namespace tally::test
