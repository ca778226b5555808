// Programs and libraries made by hand.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally::test {

// ElfSpec is what a dynamic loader would see. Layout of the file: header,
// program headers, interpreter, property note, dynamic segment, strings.
struct ElfSpec {
  bool is_64 = true;
  uint16_t type = 3;      // shared
  uint16_t machine = 62;  // x86-64
  std::string interpreter;
  bool dynamic = true;
  std::optional<std::string> soname;
  std::vector<std::string> needed;
  std::optional<std::string> rpath;
  std::optional<std::string> runpath;
  uint32_t isa_needed = 0;  // bits of GNU_PROPERTY_X86_ISA_1_NEEDED
};

Bytes MakeElf(const ElfSpec& spec);

}  // namespace tally::test
