#include "tests/support/make_module.h"

namespace tally::test {

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

}  // namespace tally::test
