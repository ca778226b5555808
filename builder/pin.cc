#include "builder/pin.h"

#include <algorithm>
#include <thread>

#include "builder/archive.h"
#include "builder/root.h"
#include "builder/scripts/classify.h"
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

// PinTrees unpacks every new package once, which fills the cache for a build.
Status PinTrees(const Store& store, const Lock* previous, unsigned num_threads,
                std::vector<LockedPackage>& packages) {
  return ParallelFor(packages.size(), num_threads, [&](size_t i) -> Status {
    LockedPackage& package = packages[i];
    if (const LockedPackage* known = SamePackage(previous, package)) {
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
  TALLY_ASSIGN(
      const Sources sources,
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
  const unsigned num_threads =
      std::max(1u, std::thread::hardware_concurrency());
  TALLY_TRY(PinScripts(manifest, store, lock.packages));
  TALLY_TRY(PinTrees(store, previous, num_threads, lock.packages));
  return PinIds(manifest, store, previous, num_threads, lock);
}

}  // namespace tally
