#include "cli/release_builder.h"

#include <algorithm>
#include <chrono>

#include "builder/files_json.h"
#include "builder/images.h"
#include "builder/sources/lock_sources.h"
#include "builder/volumes.h"
#include "cli/igvm_artifacts.h"
#include "common/hash.h"
#include "common/staging_directory.h"
#include "common/text.h"
#include "sbom/components.h"
#include "sbom/cyclonedx.h"
#include "sbom/spdx.h"

namespace tally {
namespace {

// Stopwatch reports how long each step took, on stderr with -v only.
class Stopwatch {
 public:
  explicit Stopwatch(Console& console) : console_(console) {}

  void Lap(std::string_view step) {
    const auto now = std::chrono::steady_clock::now();
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(now - last_);
    last_ = now;
    console_.Detail(std::string(step) + ": " + std::to_string(took.count()) +
                    " ms");
  }

 private:
  Console& console_;
  std::chrono::steady_clock::time_point last_ =
      std::chrono::steady_clock::now();
};

Status WriteText(const fs::path& path, std::string_view text) {
  TALLY_TRY(CreateDirectories(path.parent_path()));
  TALLY_ASSIGN(StagedFile file, StagedFile::Create(path));
  TALLY_TRY(file.Append(AsBytes(text)));
  return file.Close();
}

// WriteInputs puts manifest, lock and local files into the release, so that it
// can be rebuilt from itself.
Status WriteInputs(const ReleaseInputs& release, const fs::path& directory) {
  const Inputs& inputs = release.inputs;
  TALLY_ASSIGN(const std::string manifest,
               ReadTextFile(inputs.manifest.path, 1 << 20));
  if (Sha256(AsBytes(manifest)) != inputs.manifest.sha256) {
    return IoError(Quote(inputs.manifest.path.string()) +
                   " changed while it was being built");
  }
  TALLY_TRY(WriteText(directory / kManifestFile, manifest));
  TALLY_TRY(WriteText(directory / kLockFile, FormatLock(inputs.lock)));
  return WriteReleaseSources(inputs.lock, release.store, release.local_files,
                             directory / kSourcesDirectory);
}

std::vector<NamedTree> NamedTrees(const BuiltImages& images) {
  std::vector<NamedTree> trees = {{"initrd", &images.initrd},
                                  {"root", &images.root}};
  for (const auto& [name, tree] : images.volumes) {
    trees.push_back({VolumeTreeName(name), &tree});
  }
  return trees;
}

ArtifactKind KindOf(const std::string& name) {
  const std::string base = name.substr(name.rfind('/') + 1);
  if (base == kKernelArtifact) return ArtifactKind::kKernel;
  if (base == kInitrdArtifact) return ArtifactKind::kInitrd;
  if (base == kCmdlineArtifact) return ArtifactKind::kCommandLine;
  if (base == kRootArtifact || base == kVerityArtifact) {
    return ArtifactKind::kRootImage;
  }
  if (base == kDiskArtifact) return ArtifactKind::kDiskImage;
  if (base == kUkiArtifact) return ArtifactKind::kUnifiedKernelImage;
  if (base == kEspArtifact) return ArtifactKind::kSystemPartition;
  if (base == kEifArtifact) return ArtifactKind::kEnclaveImage;
  if (base.starts_with("volume-")) return ArtifactKind::kVolumeImage;
  if (base == kFirmwareArtifact || base == kFirmwareVarsArtifact)
    return ArtifactKind::kFirmware;
  return ArtifactKind::kOther;
}

// Together returns both lists, sorted by name.
std::vector<ArtifactFile> Together(std::vector<ArtifactFile> first,
                                   const std::vector<ArtifactFile>& second) {
  first.insert(first.end(), second.begin(), second.end());
  std::ranges::sort(first, {}, &ArtifactFile::name);
  return first;
}

std::vector<ListedFile> AsReleaseFiles(
    const std::vector<ArtifactFile>& artifacts) {
  std::vector<ListedFile> files;
  for (const ArtifactFile& artifact : artifacts) {
    files.push_back(
        {.name = std::string(kArtifactsDirectory) + "/" + artifact.name,
         .size_bytes = artifact.digest.size_bytes,
         .sha256 = artifact.digest.sha256});
  }
  return files;
}

Status WriteSboms(const Inputs& inputs,
                  const std::vector<ListedFile>& artifacts,
                  const fs::path& directory) {
  TALLY_ASSIGN(const SbomTexts texts, DescribeInSboms(inputs, artifacts));
  TALLY_TRY(WriteText(directory / kCycloneDxJson, texts.cyclonedx));
  return WriteText(directory / kSpdxJson, texts.spdx);
}

// WriteReleaseJson lists what is there, and writes the list and SHA256SUMS.
Result<LoadedRelease> WriteReleaseJson(const Inputs& inputs,
                                       const std::vector<ListedFile>& artifacts,
                                       const fs::path& directory) {
  TALLY_ASSIGN(std::vector<ListedFile> files,
               DescribeFiles(directory, artifacts));
  const Release release{.name = inputs.manifest.name,
                        .version = inputs.manifest.version,
                        .format_epoch = inputs.lock.format_epoch,
                        .manifest_sha256 = inputs.manifest.sha256,
                        .lock_sha256 = inputs.lock.sha256,
                        .files = std::move(files)};
  const std::string text = FormatReleaseJson(release);
  TALLY_TRY(WriteText(directory / kReleaseJson, text));
  LoadedRelease loaded{
      .release = release, .text = text, .digest = Sha256(AsBytes(text))};
  TALLY_TRY(WriteText(directory / kSha256Sums, FormatSha256Sums(loaded)));
  return loaded;
}

// UniqueWarnings: the cells of one target mostly share theirs.
std::vector<std::string> UniqueWarnings(
    const std::vector<MeasuredTarget>& targets) {
  std::vector<std::string> lines;
  for (const MeasuredTarget& target : targets) {
    for (const std::string& warning : CoverageSummary(target)) {
      const std::string line = "target '" + target.name + "': " + warning;
      if (std::ranges::find(lines, line) == lines.end()) lines.push_back(line);
    }
  }
  return lines;
}

}  // namespace

Result<BuiltRelease> BuildRelease(const ReleaseInputs& release,
                                  const fs::path& directory, Console& console) {
  const Inputs& inputs = release.inputs;
  const fs::path artifacts = directory / kArtifactsDirectory;
  Stopwatch stopwatch(console);
  TALLY_TRY(WriteInputs(release, directory));
  TALLY_TRY(CreateDirectories(artifacts));

  TALLY_ASSIGN(const BuiltImages images,
               BuildImages({.manifest = inputs.manifest,
                            .lock = inputs.lock,
                            .store = release.store,
                            .local_files = release.local_files,
                            .num_threads = release.num_threads,
                            .unpack_order = release.unpack_order},
                           artifacts));
  TALLY_TRY(
      WriteText(directory / kFilesJson,
                FormatFilesJson(NamedTrees(images), inputs.lock.format_epoch)));
  TALLY_ASSIGN(const std::vector<ArtifactFile> igvms,
               WriteIgvms(inputs.manifest, artifacts));
  stopwatch.Lap("images");

  // The measurer sees the finished artifacts, never the builder's own state.
  TALLY_ASSIGN(std::vector<MeasuredTarget> targets,
               MeasureTargets(inputs.manifest, artifacts,
                              directory / kSourcesDirectory));
  TALLY_TRY(
      WriteText(directory / kMeasurementsJson, FormatMeasurements(targets)));
  stopwatch.Lap("measurements");

  const std::vector<ListedFile> listed =
      AsReleaseFiles(Together(images.artifacts, igvms));
  TALLY_TRY(WriteSboms(inputs, listed, directory));
  TALLY_ASSIGN(LoadedRelease loaded,
               WriteReleaseJson(inputs, listed, directory));
  stopwatch.Lap("documents");
  return BuiltRelease{.release = std::move(loaded),
                      .targets = std::move(targets)};
}

Result<SbomTexts> DescribeInSboms(const Inputs& inputs,
                                  const std::vector<ListedFile>& artifacts) {
  SbomInput input{.name = inputs.manifest.name,
                  .version = inputs.manifest.version,
                  .source_date_epoch = inputs.manifest.source_date_epoch};
  for (const ListedFile& file : artifacts) {
    input.artifacts.push_back({.name = file.name,
                               .kind = KindOf(file.name),
                               .size_bytes = file.size_bytes,
                               .sha256 = file.sha256});
  }
  TALLY_ASSIGN(const SbomDocument document, DescribeImage(inputs.lock, input));
  return SbomTexts{.cyclonedx = FormatCycloneDx(document),
                   .spdx = FormatSpdx(document)};
}

Json WarningsJson(const std::vector<MeasuredTarget>& targets) {
  Json::Array warnings;
  for (const std::string& warning : UniqueWarnings(targets)) {
    warnings.emplace_back(warning);
  }
  return warnings;
}

void WarnAboutCoverage(const std::vector<MeasuredTarget>& targets,
                       Console& console) {
  for (const std::string& warning : UniqueWarnings(targets)) {
    console.Warn(warning);
  }
}

}  // namespace tally
