// Volumes: file systems on disks of their own, bound by the command line. See
// docs/volumes.md.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "builder/sources/sources.h"
#include "builder/tree.h"
#include "formats/gpt.h"
#include "formats/verity.h"
#include "manifests/lock.h"
#include "manifests/manifest.h"

namespace tally {

// VolumeArtifact returns "volume-NAME.img".
std::string VolumeArtifact(const std::string& name);

// VolumeTreeName returns "volume-NAME", the tree's name in files.json.
std::string VolumeTreeName(const std::string& name);

// VolumeBinding is what the command line says of one volume.
struct VolumeBinding {
  std::string name;
  VerityRootHash root_hash;
  Uuid data;          // partition of the file system
  Uuid hashes;        // partition of its hash tree
  std::string mount;  // absolute, in the root

  bool operator==(const VolumeBinding&) const = default;
};

// VolumeWord returns
// "tally.volume=NAME:ROOTHASH:DATA-PARTUUID:HASH-PARTUUID:PATH".
std::string VolumeWord(const VolumeBinding& binding);

// ParseVolumeWords returns the volumes of a command line, in order. A word that
// VolumeWord does not write is an InputError.
Result<std::vector<VolumeBinding>> ParseVolumeWords(std::string_view cmdline);

// AssembleVolumes returns the tree of every volume, by name.
Result<std::map<std::string, Tree>> AssembleVolumes(const Manifest& manifest,
                                                    const Sources& sources);

// AddVolumeMountPoints makes the directories of the root where volumes are
// mounted. What is there already must be an empty directory.
Status AddVolumeMountPoints(const Manifest& manifest, Tree* root);

// WriteVolumes writes the artifact of every volume, in the order of the
// manifest. Memory does not grow with the files, only with their number, and by
// 32 bytes for each 4 KiB.
Result<std::vector<VolumeBinding>> WriteVolumes(
    const Manifest& manifest, const Lock& lock, const Sources& sources,
    const std::map<std::string, Tree>& volumes, const fs::path& directory);

// VolumePartitions are the two partitions of a volume's disk, in order.
std::vector<GptPartition> VolumePartitions(const VolumeBinding& binding,
                                           uint64_t data_size_bytes);

// CheckVolumeDisk holds a volume's disk against its binding: two partitions of
// these identities, a hash tree that fits the data and the root hash, and no
// other byte. Returns the file system.
Result<ByteSpan> CheckVolumeDisk(const VolumeBinding& binding, ByteSpan disk);

}  // namespace tally
