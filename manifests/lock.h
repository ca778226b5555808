// The lock: facts about every byte that enters an image. The machine writes it,
// people review it. Format: docs/formats/lock.md.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/digest.h"
#include "common/result.h"
#include "manifests/manifest.h"

namespace tally {

// kFormatEpoch names the byte forms that new locks get. Older ones stay
// buildable:
// 1: no generators; scripts are digests only.
// 2: scripts have dispositions and native actions, accounts have pinned ids,
//    packages have the digest of what they unpack to.
inline constexpr int kFormatEpoch = 2;
inline constexpr int kOldestFormatEpoch = 1;

// LockedIndex is one Packages file that the suite's Release lists.
struct LockedIndex {
  std::string path;  // relative to the suite: "main/binary-amd64/Packages.xz"
  Sha256Digest sha256;
};

// LockedSuite is the evidence that an archive vouched for its packages.
struct LockedSuite {
  std::string archive;  // ArchiveSpec::name
  std::string suite;    // as in the manifest
  std::string origin;   // Release field Origin: "Debian"
  std::string codename;
  std::string date;  // Release field Date, as RFC 3339 in UTC
  Sha256Digest inrelease_sha256;
  std::vector<std::string> signed_by;  // OpenPGP fingerprints, upper case
  std::vector<LockedIndex> indexes;
};

// Why a package is in the lock: tree name ("root", "initrd", "kernel",
// "firmware", "stub") -> dependency chain from the manifest, "curl > libcurl4 >
// libc6".
using Reasons = std::map<std::string, std::string>;

// What became of a maintainer script. None ever runs.
enum class ScriptDisposition {
  kNone,          // it has nothing to do on a fresh, read-only system
  kKnown,         // it was recognised; `actions` is all it would do
  kAcknowledged,  // the manifest says, by digest, what is done in its place
};

// LockedScript is one control file that dpkg would act on: a maintainer script,
// or "triggers".
struct LockedScript {
  std::string name;  // "postinst"
  Sha256Digest sha256;
  ScriptDisposition disposition = ScriptDisposition::kNone;
  std::vector<std::string> actions;  // in order; builder/action.h
};

struct LockedPackage {
  std::string name;
  std::string version;
  std::string architecture;
  std::string archive;
  std::string suite;
  // LockedSuite::date of the evidence that vouched for it. The text of epoch 1
  // has no such key, as it has one date for each suite.
  std::string date;
  std::string path;  // relative to the archive: "pool/main/…"
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
  std::string source;  // source package
  std::string source_version;
  Reasons why;
  // What it unpacks to: digest of the canonical listing (builder/package.h) and
  // number of entries. Epoch 1 has neither.
  Sha256Digest tree_sha256;
  uint64_t num_entries = 0;
  std::vector<LockedScript> scripts;  // sorted by name
};

// LockedAccounts pins the ids of accounts whose number nobody fixed.
struct LockedAccounts {
  std::map<std::string, uint32_t> users;
  std::map<std::string, uint32_t> groups;

  bool operator==(const LockedAccounts&) const = default;
};

// LockedFile is a file beside the manifest that enters an image.
struct LockedFile {
  std::string path;  // relative to the manifest
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

// LockedDownload is a file from a URL.
struct LockedDownload {
  std::string name;  // DownloadSpec::name
  std::string url;
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

// LockedDirectory is a directory beside the manifest: `sha256` is the digest of
// its canonical listing (docs/sources.md).
struct LockedDirectory {
  std::string path;  // relative to the manifest
  uint64_t num_entries = 0;
  uint64_t size_bytes = 0;  // of all files together
  Sha256Digest sha256;
};

// LockedBlob is a piece of an OCI image, by digest.
struct LockedBlob {
  Sha256Digest sha256;
  uint64_t size_bytes = 0;

  bool operator==(const LockedBlob&) const = default;
};

struct LockedLayer {
  LockedBlob blob;
  std::string media_type;

  bool operator==(const LockedLayer&) const = default;
};

// LockedOciImage is one image for the lock's architecture. The manifest's
// `digest` is that of the index if there is one, else that of the manifest.
struct LockedOciImage {
  std::string name;                   // OciImageSpec::name
  std::optional<std::string> layout;  // where it is from: one of the two
  std::optional<std::string> registry;
  std::optional<LockedBlob> index;
  LockedBlob manifest;
  LockedBlob config;
  std::vector<LockedLayer> layers;  // lowest first
};

struct Lock {
  std::filesystem::path path;
  Sha256Digest sha256;  // of the file's bytes: "the lock digest"

  int format_epoch = kFormatEpoch;
  std::string architecture;
  // In the manifest's order, those of one suite by date: packages that stayed
  // keep the evidence that vouched for them. Epoch 1 has one for each suite.
  std::vector<LockedSuite> suites;
  std::vector<LockedPackage> packages;  // sorted by name
  LockedAccounts accounts;
  std::vector<LockedFile> files;  // sorted by path
  // Each section is in the text only if there is something in it.
  std::vector<LockedDownload> downloads;     // sorted by name
  std::vector<LockedDirectory> directories;  // sorted by path
  std::vector<LockedOciImage> oci_images;    // sorted by name
};

// NameOf returns "none", "known" or "acknowledged".
std::string_view NameOf(ScriptDisposition disposition);

// FormatLock returns the one text for a lock, in the form of its format epoch.
// `path` and `sha256` are not part of it.
std::string FormatLock(const Lock& lock);

// ParseLock is strict, as ParseManifest is, and accepts only what FormatLock
// writes: FormatLock(ParseLock(text)) == text.
Result<Lock> ParseLock(std::string_view text,
                       const std::filesystem::path& path);

// LoadLock reads at most 64 MiB and parses it.
Result<Lock> LoadLock(const std::filesystem::path& path);

// LockPathFor returns the lock that belongs beside `manifest_path`: "lock.yaml"
// in the same directory.
std::filesystem::path LockPathFor(const std::filesystem::path& manifest_path);

// CheckLockBelongs refuses a lock that was not made for this manifest, naming
// the first entry that is missing, superfluous or different: architecture,
// suites, requested packages (and their suite), trees, local files' paths.
Status CheckLockBelongs(const Manifest& manifest, const Lock& lock);

// NamedBlob is a store entry that a lock names, besides its packages.
struct NamedBlob {
  std::string name;  // for people: "download model-card"
  LockedBlob blob;
};

// BlobsOf returns every one of them: downloads and the parts of OCI images.
std::vector<NamedBlob> BlobsOf(const Lock& lock);

// EvidenceFor returns the entry of `lock.suites` that vouched for a package,
// null if there is none.
const LockedSuite* EvidenceFor(const Lock& lock, const LockedPackage& package);

// PackagesOf returns the packages of one tree, in lock order.
std::vector<const LockedPackage*> PackagesOf(const Lock& lock,
                                             const std::string& tree);

}  // namespace tally
