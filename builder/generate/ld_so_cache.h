// /etc/ld.so.cache and missing SONAME links, as ldconfig makes them. See
// docs/generators/ld-so-cache.md.
#pragma once

#include "builder/tree.h"

namespace tally {

// GenerateLdSoCache scans the library directories of the tree, adds links named
// by SONAME where there are none, and writes the cache. A tree without dynamic
// loader gets nothing. `architecture` is Debian's name: amd64 or arm64. A
// library that can not be read, or whose SONAME is no file name, is an
// InputError.
Status GenerateLdSoCache(std::string_view architecture, Tree* tree);

}  // namespace tally
