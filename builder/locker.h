// Makes a lock from a manifest, and brings what a lock names into the store.
// How resolution, signatures and mirrors work: docs/lock.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "builder/fetch.h"
#include "builder/mirrors.h"
#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// SignatureDate says whose signatures the new lock shows.
enum class SignatureDate {
  kKeep,     // those of the previous lock, as long as the packages are the same
  kRefresh,  // today's
};

// Versions says what becomes of the packages of the previous lock.
enum class Versions {
  kKeep,    // they stay as long as the manifest asks for them and they fit
  kNewest,  // everything is resolved as if there were no lock
};

struct LockOptions {
  Mirrors mirrors;
  FetchOptions fetch;
  // Told what git does not have of local directories. May be empty.
  std::function<void(const std::string& text)> warn = {};
  SignatureDate evidence = SignatureDate::kKeep;
  Versions versions = Versions::kKeep;
  // Packages of the previous lock that do not stay, with what must move with
  // them.
  std::vector<std::string> updated;
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

// FetchLocked brings every package of `lock` into the store, and everything
// else that it names (builder/sources/lock_sources.h). `local_files` is where
// OCI layouts are.
Result<FetchReport> FetchLocked(const Lock& lock, Store& store,
                                const Mirrors& mirrors,
                                const FetchOptions& options,
                                const fs::path& local_files = {});

}  // namespace tally
