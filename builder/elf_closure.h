// Programs and libraries of an image whose interpreter or libraries are not in
// the image.
#pragma once

#include <string>
#include <vector>

#include "builder/tree.h"

namespace tally {

// MissingLibrary is one thing that would fail when a file is run or loaded.
struct MissingLibrary {
  enum class Kind {
    kLibrary,            // DT_NEEDED that no search path leads to
    kInterpreter,        // PT_INTERP, the dynamic loader
    kScriptInterpreter,  // the program after "#!"
    kUnreadable,         // an ELF file that is cut off or contradicts itself
  };
  std::string path;  // of the file, in the tree: "usr/bin/x"
  Kind kind = Kind::kLibrary;
  std::string needed;  // "libx.so.1", "/lib64/ld-linux-x86-64.so.2"; what is
                       // wrong with an unreadable file
  Origin origin;       // of the file

  bool operator==(const MissingLibrary&) const = default;
};

// Sentence returns the problem as one line for people: "'/usr/bin/x' (package
// x) needs library 'libx.so.1', which is not in the image".
std::string Sentence(const MissingLibrary& missing);

// FindElfProblems looks at every regular file of the finished tree. The result
// is sorted by path, kind and name.
//
// A library is searched as glibc's loader does, by DT_RPATH or DT_RUNPATH,
// /etc/ld.so.conf (if there is a cache) and the default directories, and must
// be for the same machine. What cannot be known from files alone is decided in
// favour of the file: see the comments in elf_closure.cc. Kernel modules and
// static programs need nothing.
std::vector<MissingLibrary> FindElfProblems(const Tree& tree);

}  // namespace tally
