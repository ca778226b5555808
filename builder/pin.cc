#include "builder/pin.h"

#include <algorithm>

#include "builder/archive.h"
#include "builder/root.h"
#include "builder/scripts/classify.h"
#include "builder/tree_cache.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

// CheckControl refuses a .deb that is another package than its archive says.
Status CheckControl(const LockedPackage& package, const std::string& text) {
  TALLY_ASSIGN(const Deb822Paragraph control, ParseDeb822One("control", text));
  const std::vector<std::pair<const char*, std::string>> fields = {
      {"Package", package.name},
      {"Version", package.version},
      {"Architecture", package.architecture}};
  for (const auto& [name, expected] : fields) {
    if (control.Value(name) != expected) {
      return InputError("found " + std::string(name) + " " +
                        Quote(control.Value(name)) + " in control, expected " +
                        Quote(expected) + " as in Packages");
    }
  }
  return Ok();
}

Result<DebControl> ReadControl(const Store& store,
                               const LockedPackage& package) {
  TALLY_ASSIGN(const MappedFile deb,
               store.Read(package.sha256, package.size_bytes));
  TALLY_ASSIGN(DebControl control, ReadDebControl(deb.bytes()));
  TALLY_TRY(CheckControl(package, control.control_text));
  return control;
}

ScriptUse UseOf(const LockedPackage& package) {
  return package.why.contains("root") ? ScriptUse::kSystem
                                      : ScriptUse::kFilesOnly;
}

Status PinScripts(const Manifest& manifest, const Store& store,
                  std::vector<LockedPackage>& packages) {
  ScriptClassifier classifier(manifest);
  for (LockedPackage& package : packages) {
    Result<DebControl> control = ReadControl(store, package);
    if (!control) {
      return std::move(control).error().While(
          "reading the control files of " + package.name + " " +
          package.version + " " + package.architecture);
    }
    package.scripts = classifier.Classify(package, *control, UseOf(package));
  }
  return classifier.Finish();
}

const LockedPackage* SamePackage(const Lock* lock,
                                 const LockedPackage& package) {
  if (lock == nullptr || lock->format_epoch != kFormatEpoch) return nullptr;
  const auto found =
      std::ranges::find_if(lock->packages, [&](const LockedPackage& p) {
        return p.name == package.name && p.sha256 == package.sha256;
      });
  return found == lock->packages.end() ? nullptr : &*found;
}

// PinTrees unpacks every package that is new or not in the cache once, which
// fills the cache for a build.
Status PinTrees(const Store& store, const Lock* previous, unsigned num_threads,
                std::vector<LockedPackage>& packages) {
  return ParallelFor(packages.size(), num_threads, [&](size_t i) -> Status {
    LockedPackage& package = packages[i];
    const LockedPackage* known = SamePackage(previous, package);
    // Whatever is not at hand is unpacked, so that a wrong digest in the lock
    // does not stay there.
    if (known != nullptr &&
        !IsAbsent(CachedTreePath(store, known->tree_sha256))) {
      package.tree_sha256 = known->tree_sha256;
      package.num_entries = known->num_entries;
      return Ok();
    }
    TALLY_TRY(CheckInterrupted());
    TALLY_ASSIGN(const PackageForLock unpacked, UnpackForLock(store, package));
    package.tree_sha256 = unpacked.tree_sha256;
    package.num_entries = unpacked.num_entries;
    return Ok();
  });
}

// PinIds gives every account without a number one, the same as before if it
// had one.
Status PinIds(const Manifest& manifest, const Store& store,
              const Lock* previous, unsigned num_threads, Lock& lock) {
  TALLY_ASSIGN(const Sources sources,
               ReadSources(manifest, lock, store, manifest.path.parent_path()));
  TALLY_ASSIGN(const Unpacked unpacked,
               UnpackTrees(manifest, lock, store, num_threads));
  TALLY_ASSIGN(
      lock.accounts,
      PinAccounts({.manifest = manifest,
                   .lock = lock,
                   .unpacked = unpacked,
                   .sources = sources},
                  previous != nullptr ? previous->accounts : LockedAccounts{}));
  return Ok();
}

}  // namespace

Status PinFacts(const Manifest& manifest, const Store& store,
                const Lock* previous, Lock& lock) {
  const unsigned num_threads = NumProcessors();
  TALLY_TRY(PinScripts(manifest, store, lock.packages));
  TALLY_TRY(PinTrees(store, previous, num_threads, lock.packages));
  return PinIds(manifest, store, previous, num_threads, lock);
}

Result<std::vector<std::string>> DifferentActions(const Manifest& manifest,
                                                  const Store& store,
                                                  const Lock& lock) {
  std::vector<std::string> sentences;
  if (lock.format_epoch == 1) return sentences;  // has no actions
  ScriptClassifier classifier(manifest);
  for (const LockedPackage* package : PackagesOf(lock, "root")) {
    TALLY_ASSIGN(const DebControl control, ReadControl(store, *package));
    const std::vector<LockedScript> found =
        classifier.Classify(*package, control, ScriptUse::kSystem);
    for (const LockedScript& script : package->scripts) {
      const bool same = std::ranges::any_of(found, [&](const LockedScript& f) {
        return f.name == script.name && f.sha256 == script.sha256 &&
               f.disposition == script.disposition &&
               f.actions == script.actions;
      });
      if (same) continue;
      sentences.push_back("the lock's actions for " + script.name + " of " +
                          Quote(package->name) +
                          " are not what this tally finds in that script");
    }
  }
  return sentences;
}

}  // namespace tally
