// The modules of one kernel, in depmod's order and with dependencies.
#pragma once

#include <string>
#include <vector>

#include "builder/tree.h"

namespace tally {

// DepmodModule is one module as depmod knows it.
struct DepmodModule {
  std::string name;  // "dm_verity"
  std::string path;  // below the kernel's directory: "kernel/…/dm-verity.ko.xz"
  std::vector<std::string> aliases;
  std::vector<std::string> softdeps;
  std::vector<std::string> needed_symbols;
  // Indexes of all modules that must be loaded before this one, the nearest
  // first.
  std::vector<size_t> dependencies;
};

// DepmodSymbol is an exported symbol and the index of its module.
struct DepmodSymbol {
  std::string name;
  size_t owner = 0;
};

struct DepmodKernel {
  std::vector<DepmodModule> modules;  // in the order of modules.order
  std::vector<DepmodSymbol> symbols;  // in the order of depmod's hash table
};

// LoadKernel reads every module below `directory`, "usr/lib/modules/VERSION",
// on `num_threads` threads.
Result<DepmodKernel> LoadKernel(const std::string& directory, const Tree& tree,
                                unsigned num_threads);

// ModuleNameOf returns the file name up to the first dot, with '_' for '-'.
std::string ModuleNameOf(std::string_view path);

}  // namespace tally
