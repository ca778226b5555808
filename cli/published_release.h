// The published side of a match: what a release directory, an index or bare
// values say.
#pragma once

#include <string>
#include <vector>

#include "attest/published.h"
#include "common/file.h"

namespace tally {

// LoadPublished reads measurements.json of a release directory and checks that
// it is the one that release.json names. Nothing else of the release is looked
// at: `tally verify` does that.
Result<std::vector<PublishedTarget>> LoadPublished(const fs::path& release);

// FindReleases returns the release directories at or below `directory`, sorted.
Result<std::vector<fs::path>> FindReleases(const fs::path& directory);

}  // namespace tally
