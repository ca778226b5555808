// The images of a manifest: kernel, initrd, root, disk, UKI, EIF, firmware.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/store.h"
#include "builder/tree.h"
#include "common/file.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// Names of artifacts, the same in every release.
inline constexpr char kKernelArtifact[] = "kernel";
inline constexpr char kInitrdArtifact[] = "initrd";
inline constexpr char kCmdlineArtifact[] = "cmdline";
inline constexpr char kRootArtifact[] = "root.erofs";
inline constexpr char kVerityArtifact[] = "root.verity";
inline constexpr char kDiskArtifact[] = "disk.img";
inline constexpr char kEifArtifact[] = "image.eif";
inline constexpr char kFirmwareArtifact[] = "firmware.fd";
inline constexpr char kFirmwareVarsArtifact[] = "firmware-vars.fd";
inline constexpr char kUkiArtifact[] = "uki.efi";
inline constexpr char kEspArtifact[] = "esp.img";

struct ImageInputs {
  const Manifest& manifest;
  const Lock& lock;  // belongs to the manifest: CheckLockBelongs
  const Store& store;
  fs::path local_files;  // where LockedFile paths begin
  unsigned num_threads = 1;
  UnpackOrder unpack_order = UnpackOrder::kLargestFirst;
};

struct ArtifactFile {
  std::string name;
  FileDigest digest;
};

struct BuiltImages {
  std::vector<ArtifactFile> artifacts;  // sorted by name
  Tree root;
  Tree initrd;
  std::map<std::string, Tree> volumes;  // by name
};

// RamdiskList moves a root file system below /rootfs, where our init looks for
// it if there is no disk: the second ramdisk of an enclave image.
FileList RamdiskList(FileList root);

// BuildImages writes every artifact into the existing empty directory
// `directory`. It starts no program and uses no network; the same inputs give
// the same bytes on every machine.
Result<BuiltImages> BuildImages(const ImageInputs& inputs,
                                const fs::path& directory);

}  // namespace tally
