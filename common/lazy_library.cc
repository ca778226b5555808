#include "common/lazy_library.h"

#include <dlfcn.h>

#include <cstdio>
#include <cstdlib>

namespace tally {
namespace {

[[noreturn]] void Fail() {
  const char* why = dlerror();
  std::fprintf(stderr, "tally: error: cannot load a library: %s\n",
               why != nullptr ? why : "unknown reason");
  std::_Exit(4);
}

}  // namespace

void* FindInLibrary(const char* soname, const char* function) {
  // Loaded for good: of the handles that come of further calls none is closed.
  void* library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) Fail();
  void* address = dlsym(library, function);
  if (address == nullptr) Fail();
  return address;
}

}  // namespace tally
