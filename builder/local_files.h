// Files beside the manifest.
#pragma once

#include <map>
#include <string>

#include "builder/package.h"
#include "common/file.h"
#include "manifests/lock.h"

namespace tally {

// ReadLocalFiles reads every LockedFile below `root` and holds it against the
// lock. A symbolic link on the way out of `root`, a missing file or other bytes
// are errors; bytes that differ name expected and got.
Result<std::map<std::string, Content>> ReadLocalFiles(const Lock& lock,
                                                      const fs::path& root);

}  // namespace tally
