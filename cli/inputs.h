// What commands begin with: a manifest with the lock that belongs to it, the
// store, the mirrors.
#pragma once

#include "builder/mirrors.h"
#include "builder/store.h"
#include "cli/commands.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

struct Inputs {
  Manifest manifest;
  Lock lock;
};

// LoadInputs reads a manifest and the lock beside it, and checks that they
// belong together. `path` may be a release directory.
Result<Inputs> LoadInputs(const fs::path& path);

// ManifestPath returns `path`, or the manifest in it if it is a directory.
fs::path ManifestPath(const fs::path& path);

Result<Store> OpenStore(const StoreFlags& flags);
// OpenStoreThatIs makes no store where there is none: that is an InputError.
Result<Store> OpenStoreThatIs(const StoreFlags& flags);

// LoadMirrors refuses a mirror for an archive that the manifest does not have.
Result<Mirrors> LoadMirrors(const Manifest& manifest,
                            const NetworkFlags& flags);

FetchOptions MakeFetchOptions(const NetworkFlags& flags,
                              FetchProgress* progress);

// RequireStored refuses to begin a build whose packages are not all at hand.
Status RequireStored(const Lock& lock, const Store& store,
                     const fs::path& manifest);

// Threads returns `wanted`, or the number of processors if it is 0.
unsigned Threads(unsigned wanted);

}  // namespace tally
