// /etc/ld.so.cache: where the dynamic loader of the GNU C Library finds
// libraries by name.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

// LdSoCacheEntry is one library.
struct LdSoCacheEntry {
  std::string soname;
  std::string path;    // absolute
  uint32_t flags = 0;  // FLAG_… of glibc's ldconfig.h: 0x303 is x86-64
  // Name of the glibc-hwcaps subdirectory the library is in, "x86-64-v3", or
  // "", and the ISA level it needs (for those libraries only).
  std::string hwcaps;
  unsigned isa_level = 0;

  bool operator==(const LdSoCacheEntry&) const = default;
};

struct LdSoCache {
  // In the order of search directories; the writer sorts.
  std::vector<LdSoCacheEntry> entries;
  std::string generator;  // shown by `ldconfig -p`, read by nobody else

  bool operator==(const LdSoCache&) const = default;
};

// CompareLibraryNames is the order of names in a cache: less than zero, zero
// (not only for equal names: "1" and "01" are the same number) or greater.
int CompareLibraryNames(std::string_view a, std::string_view b);

// EncodeLdSoCache writes the format that ldconfig writes by default since glibc
// 2.32 ("new"), little endian. A name with a NUL or a byte that is not ASCII,
// or an ISA level over 1023, is an InputError.
Result<Bytes> EncodeLdSoCache(const LdSoCache& cache);

// ParseLdSoCache accepts what EncodeLdSoCache writes, and nothing else.
Result<LdSoCache> ParseLdSoCache(ByteSpan bytes);

}  // namespace tally
