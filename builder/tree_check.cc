#include "builder/tree_check.h"

#include "builder/package.h"
#include "builder/package_listing.h"
#include "common/hash.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"

namespace tally {
namespace {

Status CheckTreeDigest(const Store& store, const LockedPackage& package) {
  if (package.tree_sha256 == Sha256Digest()) return Ok();  // epoch 1
  TALLY_TRY(CheckInterrupted());
  TALLY_ASSIGN(const MappedFile deb,
               store.Read(package.sha256, package.size_bytes));
  TALLY_ASSIGN(const UnpackedPackage unpacked,
               UnpackPackage(package.name, deb.bytes(),
                             [](const std::string&) { return true; }));
  const Sha256Digest got = Sha256(EncodeListing(unpacked));
  if (got != package.tree_sha256) {
    return InputError("package " + Quote(package.name) + " unpacks to " +
                      got.hex() + ", expected " + package.tree_sha256.hex() +
                      " as in the lock");
  }
  if (unpacked.entries.size() == package.num_entries) return Ok();
  return InputError("package " + Quote(package.name) + " unpacks to " +
                    std::to_string(unpacked.entries.size()) +
                    " entries, expected " +
                    std::to_string(package.num_entries) + " as in the lock");
}

}  // namespace

Status CheckTreeDigests(const Store& store,
                        const std::vector<LockedPackage>& packages,
                        unsigned num_threads) {
  return ParallelFor(packages.size(), num_threads, [&](size_t i) {
    return CheckTreeDigest(store, packages[i]);
  });
}

}  // namespace tally
