// The same inputs at another place, for the second build of `tally check`.
#pragma once

#include "builder/store.h"
#include "cli/inputs.h"

namespace tally {

// CopyProject puts manifest, lock and local files below `to`, the last one
// first: a directory then lists them in another order, too. Returns the
// manifest.
Result<fs::path> CopyProject(const Inputs& inputs, const fs::path& to);

// OtherStore makes a store at `path` with the same files, and without the cache
// of unpacked packages.
Result<fs::path> OtherStore(const Store& store, const fs::path& path);

// GiveTo makes a user (and the group of that number) the owner of everything
// from `path` down; links are not followed.
Status GiveTo(const fs::path& path, uint32_t uid);

// IsOpenTo says whether a user, by the mode bits, can read what is at `path`.
bool IsOpenTo(const fs::path& path, uint32_t uid);

}  // namespace tally
