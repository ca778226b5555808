// What firmware boots: a unified kernel image, and the EFI system partition
// that holds it. See docs/formats/uki.md and docs/formats/fat32.md.
#pragma once

#include <string>
#include <string_view>

#include "builder/content.h"
#include "builder/images.h"

namespace tally {

// DefaultBootPath is where firmware looks on a disk that nobody has told it
// about (UEFI 2.10, section 3.5.1.1): "EFI/BOOT/BOOTX64.EFI".
std::string DefaultBootPath(std::string_view architecture);

// BootPrograms are the two programs of a boot, from their packages.
struct BootPrograms {
  Content kernel;
  Content stub;  // empty without a unified kernel image
};

// WriteUkiFile writes the unified kernel image of the stub, the kernel, and the
// initrd and command line that are in `directory`. Its os-release is that of
// `root`.
Status WriteUkiFile(const ImageInputs& inputs, const Tree& root,
                    const BootPrograms& programs, const fs::path& directory);

// WriteEspFile writes the EFI system partition with the unified kernel image in
// `directory`.
Status WriteEspFile(const ImageInputs& inputs, const fs::path& directory);

}  // namespace tally
