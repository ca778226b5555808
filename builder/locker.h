// Makes a lock from a manifest, and brings what a lock names into the store.
// How resolution, signatures and mirrors work: docs/lock.md.
#pragma once

#include <cstdint>

#include "builder/fetch.h"
#include "builder/mirrors.h"
#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Evidence says whose signatures the new lock shows.
enum class Evidence {
  kKeep,     // those of the previous lock, as long as the packages are the same
  kRefresh,  // today's
};

struct LockOptions {
  Mirrors mirrors;
  FetchOptions fetch;
  Evidence evidence = Evidence::kKeep;
  // The current time, seconds since the epoch: for Valid-Until, and as the date
  // to ask the snapshot service for.
  int64_t now = 0;
};

// MakeLock verifies the archives' signatures, resolves the manifest's packages,
// fetches them into the store and returns the lock. `previous` is the lock that
// is there already, or null. Nothing outside the store is written; `path` and
// `sha256` of the result are for the caller to set.
Result<Lock> MakeLock(const Manifest& manifest, const Lock* previous,
                      Store& store, const LockOptions& options);

// FetchLocked brings every package of `lock` into the store.
Result<FetchReport> FetchLocked(const Lock& lock, Store& store,
                                const Mirrors& mirrors,
                                const FetchOptions& options);

}  // namespace tally
