// What is inside an image, before it is written in anybody's format.
//
// The facts are those of the lock and of the finished artifacts. Licences and
// copyright are not read yet, and nothing here pretends otherwise.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/digest.h"
#include "manifests/lock.h"

namespace tally {

// ArtifactKind says what a built file is for.
enum class ArtifactKind {
  kKernel,
  kInitrd,
  kCommandLine,
  kRootImage,  // file system, with or without its verity tree
  kDiskImage,  //
  kUnifiedKernelImage,
  kSystemPartition,  // ESP
  kEnclaveImage,     // EIF
  kFirmware,
  kVolumeImage,  // a disk with one file system and its verity tree
  kOther,
};

// BuiltArtifact is a file of the release, as release.json lists it.
struct BuiltArtifact {
  std::string name;  // "artifacts/kernel": unique
  ArtifactKind kind = ArtifactKind::kOther;
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

// SbomInput is everything that an SBOM is made from.
struct SbomInput {
  std::string name;  // of the image
  std::string version;
  int64_t source_date_epoch = 0;
  std::vector<BuiltArtifact> artifacts;
};

// SbomPackage is a Debian package in one or more of the images.
struct SbomPackage {
  std::string ref;   // unique in the document: the purl without `upstream`
  std::string purl;  // with `upstream` if the source differs
  std::string name;
  std::string version;
  std::string architecture;
  std::string supplier;  // "Debian"
  std::string archive;
  std::string suite;
  std::string path;  // of the .deb in the archive
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
  std::string source_ref;          // SbomSource::purl
  std::vector<std::string> trees;  // "firmware", "initrd", "kernel", "root"
  // Refs of packages that it is known to depend on. The lock has one chain per
  // tree and package, so this is true but not all.
  std::vector<std::string> known_dependencies;
};

// SbomSource is a source package; its `purl` is its ref as well.
struct SbomSource {
  std::string purl;
  std::string name;
  std::string version;
  std::string supplier;
};

// SbomFile is a file, a directory or a download that enters an image, or a
// built artifact. A directory's digest is that of its listing
// (docs/sources.md).
struct SbomFile {
  std::string ref;   // "file:etc/service.conf" or "artifact:artifacts/kernel"
  std::string purl;  // pkg:generic/… with a checksum
  std::string name;
  std::string kind;  // "local file", "directory", "download", or the artifact's
  std::optional<ArtifactKind> artifact;  // nothing: it is from outside
  std::string url;                       // of a download
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

// SbomLayer is a layer of an OCI image, as it is transferred.
struct SbomLayer {
  std::string ref;   // "oci:app:layer-1": the lowest is 1
  std::string name;  // "app layer 1"
  LockedLayer locked;
};

// SbomOciImage is an OCI image of which files enter an image.
struct SbomOciImage {
  std::string ref;   // "oci:app"
  std::string purl;  // pkg:oci/… with the digest of its manifest
  std::string name;  // in the manifest of this image
  std::string from;  // "layout oci/app" or "registry registry.example.org/app"
  std::optional<LockedBlob> index;
  LockedBlob manifest;
  LockedBlob config;
  std::vector<SbomLayer> layers;  // lowest first
};

struct SbomDocument {
  std::string name;
  std::string version;
  std::string architecture;
  int64_t source_date_epoch = 0;
  int format_epoch = 0;
  Sha256Digest lock_sha256;
  std::string ref;   // of the image: its purl
  std::string uuid;  // from the lock digest, the name and the version
  std::vector<SbomPackage> packages;     // sorted by ref
  std::vector<SbomSource> sources;       // sorted by purl
  std::vector<SbomFile> files;           // sorted by ref
  std::vector<SbomOciImage> oci_images;  // sorted by ref
};

// DescribeImage gathers the document. InputError: text that is not UTF-8, a
// package without evidence in the lock, two components with one ref.
Result<SbomDocument> DescribeImage(const Lock& lock, const SbomInput& input);

// ArtifactKindName returns "kernel", "command line" …, for people.
std::string ArtifactKindName(ArtifactKind kind);

// Uuid8 derives a UUID of version 8 (RFC 9562 section 5.8) from a SHA-256:
// version 5 would need SHA-1.
std::string Uuid8(const Sha256Digest& seed);

// kSbomToolName and SbomToolVersion name the maker of the document. The version
// is that of the byte forms, not of the program, so that two rebuilders with
// different programs write the same document.
inline constexpr const char* kSbomToolName = "tally";
std::string SbomToolVersion(int format_epoch);

}  // namespace tally
