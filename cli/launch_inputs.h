// From the flags of `measure` and `why` to the measurers' plain structs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/measure_flags.h"
#include "measure/sev.h"
#include "measure/snp.h"

namespace tally {

// LaunchInputs holds the files that a launch looks at. Not to be moved while
// the launches are in use.
struct LaunchInputs {
  MappedFile firmware;
  std::optional<MappedFile> svsm;
  // For LaunchKind::kSnp.
  SnpLaunch snp;
  std::optional<SnpLaunchDigest> firmware_digest;  // of --snp-ovmf-hash
  // For the other kinds.
  SevLaunch sev;
  // Of options that have no effect, or that contradict each other.
  std::vector<std::string> warnings;
};

// OpenLaunch checks the flags against each other, opens the firmware and hashes
// the kernel's files in pieces. UsageError: flags that do not go together. What
// sev-snp-measure overlooks is a warning here.
Result<LaunchInputs> OpenLaunch(const LaunchFlags& flags);

// Measuring names the launch's files for Error::While: "measuring 'OVMF.fd'".
std::string Measuring(const LaunchFlags& flags);

}  // namespace tally
