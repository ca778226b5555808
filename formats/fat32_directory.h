// The entries of one FAT directory, with their long names.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/fat32_format.h"

namespace tally::fat32 {

// Named is a directory entry with the name that it has for the user.
struct Named {
  std::string name;
  Entry entry;
  bool is_directory() const { return (entry.attributes & kDirectory) != 0; }
};

// ParseDirectory returns the entries in use, the label and dots included.
// Offsets count from the directory's begin.
Result<std::vector<Named>> ParseDirectory(ByteSpan bytes);

}  // namespace tally::fat32
