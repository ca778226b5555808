// The suites of a manifest, fetched and verified.
#pragma once

#include <string>
#include <vector>

#include "builder/catalog.h"
#include "builder/locker.h"
#include "manifests/lock.h"

namespace tally {

// LoadedSuite is a suite whose Release is signed by a key of the keyring, and
// whose Packages files are the ones that the Release lists.
struct LoadedSuite {
  LockedSuite locked;
  std::vector<std::string> bases;  // URLs of the archive, in order
  struct Packages {
    std::string subject;  // for error text
    Bytes text;
  };
  std::vector<Packages> packages;  // one for each component

  // Parse returns the packages, which point into this object.
  Result<SuiteIndex> Parse(const std::string& architecture) const;
};

// LoadSuites returns all suites of all archives, in the manifest's order.
Result<std::vector<LoadedSuite>> LoadSuites(const Manifest& manifest,
                                            Store& store,
                                            const LockOptions& options);

// AsOf describes the archive of a locked suite at that suite's date.
Result<ArchiveAsOf> AsOf(const LockedSuite& suite);

}  // namespace tally
