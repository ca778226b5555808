// The manifest: what to build. People write it; SCHEMA.md documents every key.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/digest.h"
#include "common/result.h"

namespace tally {

// Location of a value in a YAML file, both counted from 1.
struct Location {
  int line = 0;
  int column = 0;
};

// ArchiveSpec is a Debian archive: a set of suites signed by the same keys.
struct ArchiveSpec {
  std::string name;  // "debian": also the last path component of its mirrors
  std::vector<std::string> suites;  // in order of preference
  std::vector<std::string> components;
  // OpenPGP keyring: absolute, or relative to the manifest.
  std::string keyring;
  bool allow_expired = false;  // accept a Release whose Valid-Until is past
  Location where;
};

// PackageRequest names a binary package, and the suite if it is not to come
// from the first one that has it.
struct PackageRequest {
  std::string name;
  std::optional<std::string> suite;
  Location where;
};

// ConflictChoice says which package wins a path that two packages ship.
struct ConflictChoice {
  std::string path;
  std::string keep;
  Location where;
};

// Paths in an image are absolute and normal: "/usr/bin/x", no "." or "..".
struct DirectorySpec {
  std::string path;
  unsigned mode = 0755;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Location where;
};

// FileSpec is a file that is not from a package: its bytes are in the manifest
// (`content`), or in a file beside it (`source`, a relative path without "..").
struct FileSpec {
  std::string path;
  std::optional<std::string> source;
  std::optional<std::string> content;
  unsigned mode = 0644;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Location where;
};

struct SymlinkSpec {
  std::string path;
  std::string target;
  Location where;
};

// ModeSpec changes mode and owner of a path that a package ships.
struct ModeSpec {
  std::string path;
  unsigned mode = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  Location where;
};

// TreeSpec is the contents of one file system.
struct TreeSpec {
  std::vector<PackageRequest> packages;
  // Packages that dependencies must not pull in (for instance debconf, which
  // only maintainer scripts use).
  std::vector<std::string> omit;
  // Globs over absolute paths; a path stays if it matches an include (or there
  // is none) and no exclude.
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<ConflictChoice> conflicts;
  std::vector<DirectorySpec> directories;
  std::vector<FileSpec> files;
  std::vector<SymlinkSpec> symlinks;
  std::vector<ModeSpec> modes;
};

struct KernelSpec {
  PackageRequest package;
  std::string image;  // path in the package: "/boot/vmlinuz-…"
};

struct InitrdSpec {
  TreeSpec tree;
  // Kernel modules by name, with '_' or '-'; dependencies are added.
  std::vector<std::string> modules;
  Location where;
};

// PayloadMode says who is process 1 once the root is mounted.
enum class PayloadMode {
  kService,  // our init stays; it powers the machine off when the payload ends
  kPid1,     // the payload replaces it (an init system)
};

struct PayloadSpec {
  std::vector<std::string> run;  // argv; run[0] is absolute in the root
  PayloadMode mode = PayloadMode::kService;
  Location where;
};

// DiskSpec asks for a GPT disk with the root and its dm-verity hashes, and a
// command line that names the root hash.
struct DiskSpec {
  std::string cmdline;
};

// EifSpec asks for an AWS Nitro enclave image.
struct EifSpec {
  std::string cmdline;
};

struct FirmwareSpec {
  PackageRequest package;
  std::string file;  // path in the package
};

// SnpTarget is a set of launches to predict, one per vCPU count.
struct SnpTarget {
  std::string vmm;        // "qemu"
  std::string vcpu_type;  // "EPYC-v4"
  std::vector<uint32_t> vcpus;
  uint64_t guest_features = 1;
};

struct NitroTarget {};

struct TargetSpec {
  std::string name;
  // Exactly one is set, after the key `platform`.
  std::optional<SnpTarget> snp;        // "sev-snp"
  std::optional<NitroTarget> nitro;    // "nitro"
  bool require_full_coverage = false;  // `require_coverage: full`
  Location where;
};

struct Manifest {
  std::filesystem::path path;  // as given; errors begin with it
  Sha256Digest sha256;         // of the file's bytes

  std::string name;               // [a-z0-9][a-z0-9.+-]*
  std::string version;            // the same characters and '~', upper case too
  std::string architecture;       // Debian's name: "amd64"
  int64_t source_date_epoch = 0;  // seconds; every time stamp in an image

  std::vector<ArchiveSpec> archives;
  std::vector<std::string> prefer;  // packages to prefer among alternatives

  std::optional<FirmwareSpec> firmware;
  KernelSpec kernel;
  InitrdSpec initrd;
  TreeSpec root;
  PayloadSpec payload;
  std::optional<DiskSpec> disk;
  std::optional<EifSpec> eif;
  std::vector<TargetSpec> targets;
};

// ParseManifest parses and checks the text of a manifest. Unknown and duplicate
// keys, wrong types and inconsistent values are InputErrors of the form
// "path:line:column: found …, expected …".
Result<Manifest> ParseManifest(std::string_view text,
                               const std::filesystem::path& path);

// LoadManifest reads at most 1 MiB and parses it.
Result<Manifest> LoadManifest(const std::filesystem::path& path);

// At formats "path:line:column" for errors about a value of this manifest.
std::string At(const Manifest& manifest, const Location& where);

}  // namespace tally
