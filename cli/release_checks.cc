#include "cli/release_checks.h"

#include "builder/sources/lock_sources.h"
#include "cli/image_checks.h"
#include "cli/release_builder.h"
#include "common/text.h"

namespace tally {
namespace {

// CheckInputs: release.json names the manifest and lock that lie beside it.
Status CheckInputs(const Release& release, const Inputs& inputs) {
  const auto compare = [](const std::string& what, const Sha256Digest& expected,
                          const Sha256Digest& got) -> Status {
    if (expected == got) return Ok();
    return DigestMismatch(what + " is not the one that release.json names",
                          expected.hex(), got.hex());
  };
  TALLY_TRY(compare("'manifest.yaml'", release.manifest_sha256,
                    inputs.manifest.sha256));
  TALLY_TRY(compare("'lock.yaml'", release.lock_sha256, inputs.lock.sha256));
  if (release.name != inputs.manifest.name ||
      release.version != inputs.manifest.version ||
      release.format_epoch != inputs.lock.format_epoch) {
    return MismatchError(
        "name, version or format epoch in release.json are not those of the "
        "manifest and the lock");
  }
  return Ok();
}

// CheckPlace: every listed file is one that a release has.
Status CheckPlace(const std::string& name) {
  const std::string top = name.substr(0, name.find('/'));
  const bool is_in_directory = top.size() < name.size();
  for (const char* directory : {kArtifactsDirectory, kSourcesDirectory}) {
    if (is_in_directory && top == directory) return Ok();
  }
  for (const char* file : {kManifestFile, kLockFile, kFilesJson,
                           kMeasurementsJson, kCycloneDxJson, kSpdxJson}) {
    if (name == file) return Ok();
  }
  return MismatchError(Quote(name) + " is no part of a release");
}

// CheckDocument: a document is what we compute now, byte for byte.
Status CheckDocument(const fs::path& directory, const char* name,
                     const std::string& expected) {
  TALLY_ASSIGN(const std::string found,
               ReadTextFile(directory / name, kMaxDocumentBytes));
  if (found == expected) return Ok();
  return MismatchError(Quote(name) +
                       " is not what follows from the artifacts and the lock");
}

std::vector<ListedFile> ArtifactsOf(const Release& release) {
  std::vector<ListedFile> artifacts;
  for (const ListedFile& file : release.files) {
    if (file.name.starts_with(std::string(kArtifactsDirectory) + "/")) {
      artifacts.push_back(file);
    }
  }
  return artifacts;
}

}  // namespace

Status CheckSources(const fs::path& directory, const Release& release,
                    const Lock& lock) {
  TALLY_ASSIGN(SourceDigests expected,
               ListReleaseSources(lock, directory / kSourcesDirectory));
  const std::string prefix = std::string(kSourcesDirectory) + "/";
  for (const ListedFile& file : release.files) {
    if (!file.name.starts_with(prefix)) continue;
    const auto named = expected.find(file.name.substr(prefix.size()));
    if (named == expected.end()) {
      return MismatchError("the lock does not name " + Quote(file.name));
    }
    if (named->second != file.sha256) {
      return DigestMismatch(
          Quote(file.name) + " is not the file that the lock names",
          named->second.hex(), file.sha256.hex());
    }
    expected.erase(named);
  }
  if (expected.empty()) return Ok();
  return MismatchError("the release lacks " +
                       Quote(prefix + expected.begin()->first) +
                       ", which the lock names");
}

Result<std::vector<MeasuredTarget>> CheckRelease(const fs::path& directory,
                                                 const LoadedRelease& release,
                                                 const Inputs& inputs) {
  TALLY_TRY(CheckFiles(directory, release));
  for (const ListedFile& file : release.release.files) {
    TALLY_TRY(CheckPlace(file.name));
  }
  TALLY_TRY(CheckInputs(release.release, inputs));
  TALLY_TRY(CheckSources(directory, release.release, inputs.lock));
  const fs::path artifacts = directory / kArtifactsDirectory;
  TALLY_TRY(CheckImages(directory, inputs));

  TALLY_ASSIGN(std::vector<MeasuredTarget> targets,
               MeasureTargets(inputs.manifest, artifacts,
                              directory / kSourcesDirectory));
  TALLY_TRY(
      CheckDocument(directory, kMeasurementsJson, FormatMeasurements(targets)));
  TALLY_ASSIGN(const SbomTexts sboms,
               DescribeInSboms(inputs, ArtifactsOf(release.release)));
  TALLY_TRY(CheckDocument(directory, kCycloneDxJson, sboms.cyclonedx));
  TALLY_TRY(CheckDocument(directory, kSpdxJson, sboms.spdx));
  return targets;
}

}  // namespace tally
