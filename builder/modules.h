// Kernel modules for an initrd, with what they depend on, in loading order.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "builder/package.h"

namespace tally {

// How the file of a module ends, and what one may decompress to.
inline constexpr std::array<std::string_view, 4> kModuleSuffixes = {
    ".ko", ".ko.xz", ".ko.gz", ".ko.zst"};
inline constexpr uint64_t kMaxModuleBytes = 256 << 20;

struct KernelModule {
  std::string name;  // with '_', as the kernel says it
  std::string path;  // in the image, uncompressed: "usr/lib/modules/…/x.ko"
  Content content;
};

// SelectModules returns the modules called `names` ('-' and '_' are the same)
// and, before each, the modules that its .modinfo section names under `depends`
// and `softdep pre:`. Compressed modules are decompressed. A name that is built
// into the kernel needs no module and adds nothing; an unknown one is an
// InputError that suggests the nearest.
Result<std::vector<KernelModule>> SelectModules(
    const UnpackedPackage& kernel, const std::vector<std::string>& names);

}  // namespace tally
