#include "builder/locked_inputs.h"

namespace tally {

std::vector<StoredInput> InputsOf(const Lock& lock) {
  std::vector<StoredInput> inputs;
  for (const LockedPackage& package : lock.packages) {
    inputs.push_back({.name = package.name + " " + package.version + " " +
                              package.architecture,
                      .sha256 = package.sha256,
                      .size_bytes = package.size_bytes});
  }
  for (const NamedBlob& named : BlobsOf(lock)) {
    inputs.push_back({.name = named.name,
                      .sha256 = named.blob.sha256,
                      .size_bytes = named.blob.size_bytes});
  }
  return inputs;
}

std::vector<StoredEvidence> EvidenceOf(const Lock& lock) {
  std::vector<StoredEvidence> evidence;
  for (const LockedSuite& suite : lock.suites) {
    const std::string folder = suite.archive + " dists/" + suite.suite + "/";
    evidence.push_back(
        {.name = folder + "InRelease", .sha256 = suite.inrelease_sha256});
    for (const LockedIndex& index : suite.indexes) {
      evidence.push_back({.name = folder + index.path, .sha256 = index.sha256});
    }
  }
  return evidence;
}

}  // namespace tally
