// The lock: facts about every byte that enters an image. The machine writes it,
// people review it. Format: docs/formats/lock.md.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/digest.h"
#include "common/result.h"
#include "manifests/manifest.h"

namespace tally {

// kFormatEpoch names the byte forms of all writers of this version.
inline constexpr int kFormatEpoch = 1;

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
// "firmware") -> dependency chain from the manifest, "curl > libcurl4 > libc6".
using Reasons = std::map<std::string, std::string>;

struct LockedPackage {
  std::string name;
  std::string version;
  std::string architecture;
  std::string archive;
  std::string suite;
  std::string path;  // relative to the archive: "pool/main/…"
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
  std::string source;  // source package
  std::string source_version;
  Reasons why;
  // Maintainer scripts: "postinst" -> digest. They never run.
  std::map<std::string, Sha256Digest> scripts;
};

// LockedFile is a file beside the manifest that enters an image.
struct LockedFile {
  std::string path;  // relative to the manifest
  uint64_t size_bytes = 0;
  Sha256Digest sha256;
};

struct Lock {
  std::filesystem::path path;
  Sha256Digest sha256;  // of the file's bytes: "the lock digest"

  int format_epoch = kFormatEpoch;
  std::string architecture;
  std::vector<LockedSuite> suites;      // by archive and suite, manifest order
  std::vector<LockedPackage> packages;  // sorted by name
  std::vector<LockedFile> files;        // sorted by path
};

// FormatLock returns the one text for a lock. `path` and `sha256` are not part
// of it.
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

// PackagesOf returns the packages of one tree, in lock order.
std::vector<const LockedPackage*> PackagesOf(const Lock& lock,
                                             const std::string& tree);

}  // namespace tally
