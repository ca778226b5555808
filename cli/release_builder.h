// Builds a whole release into a directory: images, measurements, SBOMs,
// release.json. `tally build` publishes it, `tally rebuild` compares it.
#pragma once

#include <vector>

#include "builder/package.h"
#include "builder/store.h"
#include "cli/console.h"
#include "cli/inputs.h"
#include "cli/measure_targets.h"
#include "release/release.h"

namespace tally {

struct ReleaseInputs {
  const Inputs& inputs;
  const Store& store;
  fs::path local_files;  // where the lock's local files are
  unsigned num_threads = 1;
  UnpackOrder unpack_order = UnpackOrder::kLargestFirst;
};

struct BuiltRelease {
  LoadedRelease release;
  std::vector<MeasuredTarget> targets;
};

// BuildRelease fills the existing, empty `directory` with everything but
// run.json and attestations.
Result<BuiltRelease> BuildRelease(const ReleaseInputs& inputs,
                                  const fs::path& directory, Console& console);

struct SbomTexts {
  std::string cyclonedx;
  std::string spdx;
};
// DescribeInSboms returns the two SBOM documents for a release whose artifacts
// have the given digests.
Result<SbomTexts> DescribeInSboms(const Inputs& inputs,
                                  const std::vector<ListedFile>& artifacts);

// WarningsJson returns the same warnings for a record.
Json WarningsJson(const std::vector<MeasuredTarget>& targets);

// WarnAboutCoverage prints every target's warnings, once each.
void WarnAboutCoverage(const std::vector<MeasuredTarget>& targets,
                       Console& console);

}  // namespace tally
