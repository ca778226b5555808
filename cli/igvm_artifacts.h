// The IGVM files of a release: one for each cell of the targets that ask for
// them, made of the other artifacts.
#pragma once

#include <string>
#include <vector>

#include "builder/images.h"
#include "cli/sev_cells.h"
#include "common/file.h"
#include "manifests/manifest.h"

namespace tally {

// IgvmArtifact returns "snp-epyc-v4-2.igvm", or "snp-epyc-v4-0x21-2.igvm" if
// the guest features are not 0x1.
std::string IgvmArtifact(const TargetSpec& spec, const CellFacts& facts,
                         uint32_t num_vcpus);

// WriteIgvms adds the files to the finished artifacts in `artifacts`. None if
// no target asks.
Result<std::vector<ArtifactFile>> WriteIgvms(const Manifest& manifest,
                                             const fs::path& artifacts);

// CheckIgvms is a mismatch if a file is not what WriteIgvms would write.
Status CheckIgvms(const Manifest& manifest, const fs::path& artifacts);

}  // namespace tally
