// Input bundles: everything that a build needs, in one file. A machine without
// a network rebuilds from it. See docs/formats/bundle.md.
#pragma once

#include <cstdint>

#include "builder/store.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// BundledEvidence says whether the signed InRelease files and the Packages
// files of the lock go into the bundle as well.
enum class BundledEvidence { kWith, kWithout };

struct BundleInputs {
  const Manifest& manifest;
  const Lock& lock;  // belongs to the manifest: CheckLockBelongs
  const Store& store;
  fs::path local_files;  // where LockedFile paths begin
  BundledEvidence evidence = BundledEvidence::kWith;
};

// WriteInputBundle writes the one bundle of these inputs: the same bytes on
// every machine. What the store lacks is an InputError before anything is
// written; a damaged entry is one as well.
Status WriteInputBundle(const BundleInputs& inputs, ByteSink& sink);

struct BundleReport {
  std::string name;     // of the manifest
  std::string version;  // likewise
  Sha256Digest lock_sha256;
  uint64_t num_added = 0;  // files that the store did not have
  uint64_t added_bytes = 0;
  uint64_t num_present = 0;
  bool has_evidence = false;
};

// ReadInputBundle brings the files of a bundle into the store, each held
// against its digest first, and writes manifest, lock and local files into
// `directory`, which exists and is empty, or nowhere if it is "". Nothing of a
// bundle is believed: names that its own lock does not call for, and files that
// are missing, repeated, too large or of another digest are InputErrors that
// name them.
Result<BundleReport> ReadInputBundle(ByteSpan bundle, Store& store,
                                     const fs::path& directory);

}  // namespace tally
