// The manifest: what to build. People write it; SCHEMA.md documents every key.
#pragma once

#include <filesystem>
#include <map>
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

// ConflictChoice says who wins a path that two packages ship, or a package and
// a tree from elsewhere.
struct ConflictChoice {
  std::string path;
  std::string
      keep;  // "PACKAGE", or "directory PATH", "download NAME", "oci NAME"
  Location where;
};

// OwnerSpec is who owns a path: a name in the image's own accounts if there is
// one, else the number.
struct OwnerSpec {
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::string user;
  std::string group;
};

// Paths in an image are absolute and normal: "/usr/bin/x", no "." or "..".
struct DirectorySpec {
  std::string path;
  unsigned mode = 0755;
  OwnerSpec owner;
  Location where;
};

// FileSpec is a file that is not from a package: its bytes are in the manifest
// (`content`), in a file beside it (`source`, a relative path without ".."), or
// a DownloadSpec by name (`download`). Exactly one is set.
struct FileSpec {
  std::string path;
  std::optional<std::string> source;
  std::optional<std::string> content;
  std::optional<std::string> download;
  unsigned mode = 0644;
  OwnerSpec owner;
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
  OwnerSpec owner;
  Location where;
};

// TreeSourceSpec puts a whole tree into a directory. Exactly one source is set.
struct TreeSourceSpec {
  std::string path;                      // or "/"
  std::optional<std::string> directory;  // beside the manifest
  std::optional<std::string> download;   // DownloadSpec::name: a tar archive
  std::optional<std::string> oci;        // OciImageSpec::name
  unsigned strip = 0;  // leading path components to leave out, of a download
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
  std::vector<TreeSourceSpec> trees;
};

// DownloadSpec is a file somewhere in the network, known by its digest.
struct DownloadSpec {
  std::string name;
  std::string url;  // http or https
  Sha256Digest sha256;
  Location where;
};

// OciImageSpec is a container image, known by the digest of its manifest or of
// an index of manifests. Exactly one of the places is set.
struct OciImageSpec {
  std::string name;
  std::optional<std::string> layout;    // an OCI layout beside the manifest
  std::optional<std::string> registry;  // "host[:port]/repository"
  Sha256Digest digest;
  Location where;
};

// VolumeSpec is a file system of its own on a disk of its own, mounted
// read-only below the root.
struct VolumeSpec {
  std::string name;
  std::string path;  // where it is mounted
  TreeSpec tree;     // without packages; its paths begin at the volume's root
  Location where;
};

// Account names follow systemd's strict rule: [a-z_][a-z0-9_-]{0,30}.
struct GroupSpec {
  std::string name;
  std::optional<uint32_t> gid;  // none: the lock pins one
  Location where;
};

struct UserSpec {
  std::string name;
  std::optional<uint32_t> uid;      // none: the lock pins one
  std::string group;                // primary; empty: a group of its own name
  std::vector<std::string> groups;  // supplementary
  std::string comment;
  std::string home = "/";
  std::string shell = "/usr/sbin/nologin";
  Location where;
};

// UnitSpec names a systemd unit, "chrony.service".
struct UnitSpec {
  std::string name;
  Location where;
};

struct UnitsSpec {
  std::vector<UnitSpec> enable;
  std::vector<UnitSpec> disable;
  std::vector<UnitSpec> mask;
  std::optional<UnitSpec> default_target;
};

// AlternativeSpec chooses the program of an alternative: name "editor", path
// "/usr/bin/vim.tiny".
struct AlternativeSpec {
  std::string name;
  std::string path;
  Location where;
};

// CapabilitySpec gives a program file capabilities, in the words of
// cap_from_text(3): "cap_net_bind_service=ep".
struct CapabilitySpec {
  std::string path;
  std::string capabilities;
  Location where;
};

// ScriptSpec acknowledges one maintainer script, by digest: it is not run, and
// `actions` (builder/action.h; empty: nothing) is done in its place.
struct ScriptSpec {
  std::string package;
  std::string script;  // "postinst"
  Sha256Digest sha256;
  std::vector<std::string> actions;
  std::string reason;
  Location where;
};

// AllowSpec lets one path pass one guard (builder/guards.h).
struct AllowSpec {
  std::string guard;  // "setuid"
  std::string path;
  std::string reason;
  Location where;
};

// SystemSpec is what the generators put into the root file system, beyond what
// its packages ask for.
struct SystemSpec {
  std::optional<std::string> hostname;
  // "uninitialized", "" (an empty file) or 32 lower-case hexadecimal digits,
  // machine-id(5). None: "uninitialized" if there is systemd, else no file.
  std::optional<std::string> machine_id;
  std::optional<std::string> timezone;  // "Etc/UTC": tzdata's name
  std::optional<std::string> locale;    // "C.UTF-8"
  std::vector<UserSpec> users;
  std::vector<GroupSpec> groups;
  UnitsSpec units;
  std::vector<AlternativeSpec> alternatives;
  std::vector<CapabilitySpec> capabilities;
  std::vector<ScriptSpec> scripts;
  std::vector<AllowSpec> allow;
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
  // Path in the same package: the variable store of a firmware that keeps it
  // apart from its code.
  std::optional<std::string> vars;
};

// UkiSpec asks for a unified kernel image of kernel, initrd and the disk's
// command line, and for an EFI system partition on the disk that boots it.
struct UkiSpec {
  PackageRequest package;  // of the stub
  std::string stub;        // path in the package
  Location where;
};

// SevTarget is a matrix of launches to predict: every VMM with every vCPU type,
// set of guest features and number of vCPUs. Lists that do not apply to the
// platform have one empty element.
struct SevTarget {
  std::string platform;                 // "sev-snp", "sev-es", "sev"
  std::vector<std::string> vmms;        // "qemu"
  std::vector<std::string> vcpu_types;  // "EPYC-v4"
  std::vector<uint32_t> vcpus;          // empty for sev
  std::vector<uint64_t> guest_features;
  // Given if an IGVM file is built for every cell: its guest policy.
  std::optional<uint64_t> igvm_policy;
};

struct NitroTarget {};

// PciDevice is a place on the root bus of a machine.
struct PciDevice {
  uint8_t device = 0;
  uint8_t function = 0;
};

// RuntimeEvent is what an application extends into RTMR 3: a digest, or an
// event of dstack's with its payload. Exactly one of the two is set.
struct RuntimeEvent {
  std::optional<std::string> sha384;
  std::optional<std::string> dstack_event;
  std::optional<std::string> payload_hex;
};

// TdxTarget is a matrix of memory sizes and numbers of vCPUs, of a launch by
// QEMU; a cloud has neither.
struct TdxTarget {
  std::string vmm;  // "qemu", "gce", "azure"
  std::string qemu_version;
  std::string firmware_profile;
  bool firmware_has_secure_boot = false;
  std::string page_order;  // empty: by the QEMU version
  std::string boot;        // "kernel", "uki", "disk"
  std::optional<PciDevice> boot_disk;
  std::vector<uint64_t> memory;  // bytes, ascending
  std::vector<uint32_t> vcpus;   // ascending
  // A directory beside the manifest with ACPI tables
  // (docs/measurements/tdx.md).
  std::optional<std::string> acpi;
  // None: what applications extend is not said.
  std::optional<std::vector<RuntimeEvent>> rtmr3;
};

// TpmTarget is a boot of the unified kernel image from the disk, for each bank.
struct TpmTarget {
  std::string firmware_profile;
  std::optional<std::string> secure_boot_support;  // "built-in", "none"
  std::vector<std::string> banks;                  // "sha256"
  std::optional<PciDevice> boot_disk;
  unsigned failed_boot_options = 0;
  std::vector<std::string> phases;  // "enter-initrd"
};

struct TargetSpec {
  std::string name;
  // Exactly one is set, after the key `platform`.
  std::optional<SevTarget> sev;        // "sev-snp", "sev-es", "sev"
  std::optional<NitroTarget> nitro;    // "nitro"
  std::optional<TdxTarget> tdx;        // "tdx"
  std::optional<TpmTarget> tpm;        // "tpm"
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
  std::vector<DownloadSpec> downloads;
  std::vector<OciImageSpec> oci_images;
  std::vector<VolumeSpec> volumes;
  SystemSpec system;
  PayloadSpec payload;
  std::optional<DiskSpec> disk;
  std::optional<UkiSpec> uki;
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

// TreesOf returns every tree of the manifest: initrd, root, volumes.
std::vector<const TreeSpec*> TreesOf(const Manifest& manifest);

// DirectoriesOf returns every directory beside the manifest that it names, with
// the place of the first mention: trees, and ACPI tables of targets.
std::map<std::string, Location> DirectoriesOf(const Manifest& manifest);

// At formats "path:line:column" for errors about a value of this manifest.
std::string At(const Manifest& manifest, const Location& where);

}  // namespace tally
