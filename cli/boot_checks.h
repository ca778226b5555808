// Compares what firmware boots with the artifacts it is made of.
#pragma once

#include "cli/inputs.h"

namespace tally {

// CheckBootFiles: the unified kernel image holds this kernel, initrd and
// command line, and the EFI system partition holds it and nothing else, in the
// bytes that we write. The first difference is a MismatchError.
Status CheckBootFiles(const Inputs& inputs, const fs::path& artifacts);

}  // namespace tally
