// The cells of a target for sev-snp, sev-es or sev, as plain launches of the
// finished artifacts.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/file.h"
#include "common/json.h"
#include "manifests/manifest.h"
#include "measure/sev.h"
#include "measure/snp.h"

namespace tally {

// DirectBoot are the files that a direct boot of the disk image launches.
struct DirectBoot {
  MappedFile firmware;
  MappedFile kernel;
  MappedFile initrd;
  std::optional<MappedFile> cmdline;
};

Result<DirectBoot> OpenDirectBoot(const Manifest& manifest,
                                  const fs::path& artifacts);

// CellFacts is one cell of a target's matrix but for the number of vCPUs.
struct CellFacts {
  std::string vmm;
  std::string vcpu_type;  // empty for sev
  uint64_t guest_features = 0;
};

std::vector<CellFacts> CellsOf(const SevTarget& target);

// SevProfile is a cell's profile in measurements.json.
Json SevProfile(const TargetSpec& spec, const CellFacts& facts,
                uint32_t num_vcpus);

// SnpLaunchOf and SevLaunchOf return the launch of a cell. `boot` must outlive
// it.
Result<SnpLaunch> SnpLaunchOf(const SevTarget& target, const CellFacts& facts,
                              const DirectBoot& boot);
Result<SevLaunch> SevLaunchOf(const SevTarget& target, const CellFacts& facts,
                              const DirectBoot& boot);

}  // namespace tally
