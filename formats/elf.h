// ELF files as a dynamic loader sees them: header, interpreter, needed
// libraries, where it looks for them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

enum class ElfClass { k32, k64 };

// e_type
inline constexpr uint16_t kElfRelocatable = 1;
inline constexpr uint16_t kElfExecutable = 2;
inline constexpr uint16_t kElfShared = 3;  // libraries, and most programs

// e_machine
inline constexpr uint16_t kElfMachine386 = 3;
inline constexpr uint16_t kElfMachineArm = 40;
inline constexpr uint16_t kElfMachineX8664 = 62;
inline constexpr uint16_t kElfMachineAarch64 = 183;

inline constexpr uint16_t kElf64SectionHeaderSize = 64;  // Elf64_Shdr

// ElfHeader is the file header (Elf32_Ehdr or Elf64_Ehdr).
struct ElfHeader {
  ElfClass elf_class = ElfClass::k64;
  uint16_t type = 0;
  uint16_t machine = 0;
  uint32_t flags = 0;
  uint64_t program_offset = 0;
  uint64_t section_offset = 0;
  uint16_t program_entry_size = 0;
  uint16_t program_count = 0;
  uint16_t section_entry_size = 0;
  uint16_t section_count = 0;
  uint16_t section_names_index = 0;
};

// ElfFile is what a dynamic loader and ldconfig want to know.
struct ElfFile {
  ElfHeader header;
  std::string interpreter;  // PT_INTERP, "" if there is none
  bool has_dynamic = false;
  std::optional<std::string> soname;
  std::vector<std::string> needed;  // in file order
  // Search paths as written: directories separated by ':', with $ORIGIN.
  std::optional<std::string> rpath;
  std::optional<std::string> runpath;
  // The highest bit of GNU_PROPERTY_X86_ISA_1_NEEDED: 0 is the baseline (or no
  // such property), 1 is x86-64-v2, 2 is v3, 3 is v4.
  unsigned isa_level = 0;
};

// IsElf says whether `file` begins as ELF files do.
bool IsElf(ByteSpan file);

// ParseElfHeader reads the header of a little-endian file of either class;
// anything else is an InputError.
Result<ElfHeader> ParseElfHeader(ByteSpan file);

// ParseElf reads header, program headers and the dynamic segment. A part that
// is outside of the file is an InputError. Section headers are not read.
Result<ElfFile> ParseElf(ByteSpan file);

}  // namespace tally
