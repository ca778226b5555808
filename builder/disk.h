// The disk image: root file system, its hash tree and, if the manifest asks for
// a unified kernel image, the EFI system partition that boots it.
#pragma once

#include "builder/boot_partition.h"
#include "builder/images.h"
#include "builder/sources/sources.h"

namespace tally {

// WriteDiskFiles writes the root, the volumes, the command line, which carries
// their root hashes, what boots with it, and last the disk of all that. The
// initrd is there already.
Status WriteDiskFiles(const ImageInputs& inputs, const Sources& sources,
                      const BuiltImages& built, const BootPrograms& programs,
                      const fs::path& directory);

}  // namespace tally
