// A release directory: its layout, release.json, and the check that the files
// are what release.json says. Layout and fields: docs/formats/release.md.
#pragma once

#include <string>
#include <vector>

#include "common/digest.h"
#include "common/file.h"
#include "common/json.h"

namespace tally {

// Names in a release directory.
inline constexpr char kReleaseJson[] = "release.json";
inline constexpr char kManifestFile[] = "manifest.yaml";
inline constexpr char kLockFile[] = "lock.yaml";
inline constexpr char kArtifactsDirectory[] = "artifacts";
inline constexpr char kSourcesDirectory[] = "sources";
inline constexpr char kAttestationsDirectory[] = "attestations";
inline constexpr char kFilesJson[] = "files.json";
inline constexpr char kMeasurementsJson[] = "measurements.json";
inline constexpr char kCycloneDxJson[] = "sbom.cdx.json";
inline constexpr char kSpdxJson[] = "sbom.spdx.json";
inline constexpr char kSha256Sums[] = "SHA256SUMS";
inline constexpr char kRunJson[] = "run.json";

// ListedFile is one file of a release; `name` is its path in the directory.
struct ListedFile {
  std::string name;
  uint64_t size_bytes = 0;
  Sha256Digest sha256;

  bool operator==(const ListedFile&) const = default;
};

// Release is release.json: no time, host or signer is in it.
struct Release {
  std::string name;
  std::string version;
  int format_epoch = 0;
  Sha256Digest manifest_sha256;
  Sha256Digest lock_sha256;
  // Every file that a rebuild must reproduce, but for release.json itself and
  // SHA256SUMS; sorted by name.
  std::vector<ListedFile> files;
};

// FormatReleaseJson returns the canonical JSON (RFC 8785), with a final
// newline. Its SHA-256 is the release digest.
std::string FormatReleaseJson(const Release& release);

// ParseReleaseJson accepts only what FormatReleaseJson writes.
Result<Release> ParseReleaseJson(std::string_view text);

struct LoadedRelease {
  Release release;
  std::string text;
  Sha256Digest digest;  // the release digest
};
// LoadRelease reads release.json of a release directory, which must hold plain
// files and directories only.
Result<LoadedRelease> LoadRelease(const fs::path& directory);

// DescribeFiles lists the files below `directory` that belong into
// Release::files, with their digests. `known` are files that the caller has
// just hashed; the others are hashed here, several at once.
Result<std::vector<ListedFile>> DescribeFiles(
    const fs::path& directory, const std::vector<ListedFile>& known = {});

// FormatSha256Sums returns the text that `sha256sum --check` reads.
std::string FormatSha256Sums(const LoadedRelease& release);

// CheckFiles holds the files of the directory against release.json. The first
// difference (missing, other bytes, not listed, wrong SHA256SUMS) is a
// MismatchError that names the file.
Status CheckFiles(const fs::path& directory, const LoadedRelease& release);

// FirstDifference returns what differs first between two lists, or "" if
// nothing does: "artifacts/disk.img\n  expected …\n       got …".
std::string FirstDifference(const std::vector<ListedFile>& expected,
                            const std::vector<ListedFile>& got);

// IsOfRelease says whether a path of the directory belongs to the release:
// listed, derived, or volatile.
bool IsOfRelease(const Release& release, const std::string& name);

// IsVolatile says whether a path of a release is not part of what is compared:
// run.json and attestations/.
bool IsVolatile(const std::string& name);

}  // namespace tally
