// tally bundle export, tally bundle import: everything a build needs, in one
// file, for machines without a network.

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "builder/input_bundle.h"
#include "cli/commands.h"
#include "cli/inputs.h"
#include "common/staging_directory.h"
#include "common/text.h"
#include "release/release.h"

namespace tally {
namespace {

// PartialFile is a file that takes its name once it is complete. It is in a
// directory of its own beside that name: two exports never share it, and the
// next one removes what a dead one left.
class PartialFile {
 public:
  static Result<PartialFile> Create(const fs::path& path) {
    TALLY_ASSIGN(StagingDirectory directory, StagingDirectory::Create(path));
    return PartialFile(path, std::move(directory));
  }

  fs::path partial() const { return directory_.path() / "bundle"; }

  Status Publish() {
    if (renameat2(AT_FDCWD, partial().c_str(), AT_FDCWD, path_.c_str(),
                  RENAME_NOREPLACE) != 0) {
      return ErrnoError("cannot rename to " + Quote(path_.string()), errno);
    }
    // The parent of the two.
    return SyncDirectory(directory_.path().parent_path());
  }

 private:
  PartialFile(fs::path path, StagingDirectory directory)
      : path_(std::move(path)), directory_(std::move(directory)) {}

  fs::path path_;
  StagingDirectory directory_;
};

// SourcesOf returns where the local files of a manifest or release are.
fs::path SourcesOf(const fs::path& path, const Manifest& manifest) {
  return IsDirectory(path) ? path / kSourcesDirectory
                           : manifest.path.parent_path();
}

std::string FilesText(uint64_t count) {
  return std::to_string(count) + (count == 1 ? " file" : " files");
}

// CheckOutput refuses what is there. A run that was killed right after it came
// to its end has left its staging directory: the next one removes it.
Status CheckOutput(const fs::path& output) {
  if (IsAbsent(output)) return Ok();
  (void)StagingDirectory::Create(output);
  return UsageError("output " + Quote(output.string()) +
                    " exists, expected a new name");
}

}  // namespace

Status RunBundleExport(const BundleExportFlags& flags, Console& console) {
  if (flags.output.empty()) return UsageError("the output has no name");
  TALLY_TRY(CheckOutput(flags.output));
  // A release must be what it says: the bundle is to rebuild it.
  if (IsDirectory(flags.manifest) && !IsAbsent(flags.manifest / kReleaseJson)) {
    TALLY_ASSIGN(const LoadedRelease release, LoadRelease(flags.manifest));
    console.Detail("release digest " + release.digest.hex());
  }
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(flags.manifest));
  TALLY_ASSIGN(const Store store, OpenStore(flags.store));

  TALLY_ASSIGN(PartialFile file, PartialFile::Create(flags.output));
  TALLY_ASSIGN(FileSink sink, FileSink::Create(file.partial()));
  TALLY_TRY(WriteInputBundle(
      {.manifest = inputs.manifest,
       .lock = inputs.lock,
       .store = store,
       .local_files = SourcesOf(flags.manifest, inputs.manifest),
       .evidence = flags.no_evidence ? BundledEvidence::kWithout
                                     : BundledEvidence::kWith},
      sink));
  TALLY_ASSIGN(const FileDigest digest, sink.Close());
  TALLY_TRY(file.Publish());

  console.Answer(flags.output.string() + ": " + FormatBytes(digest.size_bytes) +
                     ", sha256:" + digest.sha256.hex() + "\n",
                 Json::Object{{"bundle", PathJson(flags.output)},
                              {"size", digest.size_bytes},
                              {"sha256", digest.sha256.hex()},
                              {"lock_sha256", inputs.lock.sha256.hex()},
                              {"evidence", !flags.no_evidence}});
  return Ok();
}

Status RunBundleImport(const BundleImportFlags& flags, Console& console) {
  std::optional<StagingDirectory> staging;
  if (!flags.output.empty()) {
    TALLY_TRY(CheckOutput(flags.output));
    TALLY_ASSIGN(staging, StagingDirectory::Create(flags.output));
  }
  TALLY_ASSIGN(Store store, OpenStore(flags.store));
  TALLY_ASSIGN(const MappedFile bundle, MappedFile::Open(flags.bundle));
  Result<BundleReport> report = ReadInputBundle(
      bundle.bytes(), store, staging ? staging->path() : fs::path());
  if (!report) {
    return std::move(report).error().While("importing " +
                                           Quote(flags.bundle.string()));
  }
  if (staging) TALLY_TRY(staging->Publish(Existing::kRefuse));

  std::string text = report->name + " " + report->version + ": " +
                     FilesText(report->num_added) + " added (" +
                     FormatBytes(report->added_bytes) + "), " +
                     std::to_string(report->num_present) + " in the store\n";
  if (staging) {
    text += "manifest=" + (flags.output / kManifestFile).string() + "\n";
  }
  console.Answer(
      text,
      Json::Object{{"name", report->name},
                   {"version", report->version},
                   {"lock_sha256", report->lock_sha256.hex()},
                   {"added", report->num_added},
                   {"added_bytes", report->added_bytes},
                   {"present", report->num_present},
                   {"evidence", report->has_evidence},
                   {"manifest", staging ? PathJson(flags.output / kManifestFile)
                                        : Json(nullptr)}});
  return Ok();
}

}  // namespace tally
