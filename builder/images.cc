#include "builder/images.h"

#include <algorithm>
#include <array>

#include "builder/assemble.h"
#include "builder/root.h"
#include "builder/verity_leaves.h"
#include "builder/volumes.h"
#include "common/hash.h"
#include "common/parallel.h"
#include "common/staging_directory.h"
#include "common/text.h"
#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"

namespace tally {
namespace {

// ImageUuid: identities are derived from the lock, so that the same inputs give
// the same identities and different inputs different ones.
Uuid ImageUuid(const Lock& lock, std::string_view label) {
  return DeriveUuid(lock.sha256.span(), label);
}

// WriteArtifact creates `name` with what `fill` writes.
template <typename Fill>
Status WriteArtifact(const fs::path& directory, const std::string& name,
                     const Fill& fill) {
  TALLY_ASSIGN(StagedFile file, StagedFile::Create(directory / name));
  TALLY_TRY(fill(file));
  return file.Close();
}

Status WriteBytes(const fs::path& directory, const std::string& name,
                  ByteSpan bytes) {
  return WriteArtifact(directory, name,
                       [&](ByteSink& sink) { return sink.Append(bytes); });
}

// WriteRoot writes root.erofs and root.verity and returns the root hash.
Result<VerityRootHash> WriteRoot(const ImageInputs& inputs, const Tree& root,
                                 const fs::path& directory) {
  const Lock& lock = inputs.lock;
  const int64_t epoch = inputs.manifest.source_date_epoch;
  TALLY_TRY(WriteArtifact(directory, kRootArtifact, [&](ByteSink& file) {
    return WriteErofs(root.ToFileList(epoch),
                      {.uuid = ImageUuid(lock, "erofs/root"),
                       .volume_name = "root",
                       .build_time = epoch},
                      file);
  }));
  const VerityOptions options = {
      .uuid = ImageUuid(lock, "verity/root"),
      .salt =
          HmacSha256(lock.sha256.span(), AsBytes("verity-salt/root")).array()};
  TALLY_ASSIGN(const MappedFile image,
               MappedFile::Open(directory / kRootArtifact));
  TALLY_ASSIGN(Bytes leaves, HashVerityLeaves(image.bytes(), options.salt,
                                              inputs.num_threads));
  VerityRootHash root_hash;
  const auto write_hashes = [&](ByteSink& file) -> Status {
    TALLY_ASSIGN(root_hash,
                 WriteVerityHashArea(options, std::move(leaves), file));
    return Ok();
  };
  TALLY_TRY(WriteArtifact(directory, kVerityArtifact, write_hashes));
  return root_hash;
}

// DiskPartitions are the two partitions of a disk, in order.
std::vector<GptPartition> DiskPartitions(const ImageInputs& inputs,
                                         uint64_t root_size_bytes,
                                         uint64_t verity_size_bytes) {
  const bool arm64 = inputs.manifest.architecture == "arm64";
  return {{.type_guid = arm64 ? kGptRootArm64 : kGptRootX86_64,
           .unique_guid = ImageUuid(inputs.lock, "gpt/root"),
           .name = "root",
           .size_bytes = root_size_bytes,
           .attributes = kGptReadOnly},
          {.type_guid = arm64 ? kGptRootVerityArm64 : kGptRootVerityX86_64,
           .unique_guid = ImageUuid(inputs.lock, "gpt/root-verity"),
           .name = "root-verity",
           .size_bytes = verity_size_bytes,
           .attributes = kGptReadOnly}};
}

// WriteDisk puts the two finished files into a partitioned disk.
Status WriteDisk(const ImageInputs& inputs, const fs::path& directory) {
  TALLY_ASSIGN(const MappedFile root,
               MappedFile::Open(directory / kRootArtifact));
  TALLY_ASSIGN(const MappedFile verity,
               MappedFile::Open(directory / kVerityArtifact));
  TALLY_ASSIGN(const GptPlan plan,
               PlanGpt(ImageUuid(inputs.lock, "gpt/disk"),
                       DiskPartitions(inputs, root.bytes().size(),
                                      verity.bytes().size())));
  const auto fill = [&](ByteSink& sink) {
    return WriteGptDisk(plan, {root.bytes(), verity.bytes()}, sink);
  };
  return WriteArtifact(directory, kDiskArtifact, fill);
}

// DiskCmdline binds the disk: its hash and where to find it, under the names
// that systemd documents (systemd-veritysetup-generator(8)).
std::string DiskCmdline(const ImageInputs& inputs,
                        const VerityRootHash& root_hash) {
  const auto partition = [&](std::string_view label) {
    return "PARTUUID=" + FormatUuid(ImageUuid(inputs.lock, label));
  };
  const std::string& given = inputs.manifest.disk->cmdline;
  return given + (given.empty() ? "" : " ") + "roothash=" + root_hash.hex() +
         " systemd.verity_root_data=" + partition("gpt/root") +
         " systemd.verity_root_hash=" + partition("gpt/root-verity");
}

std::string EifMetadataText(const ImageInputs& inputs) {
  const Manifest& manifest = inputs.manifest;
  const LockedPackage& kernel = *PackagesOf(inputs.lock, "kernel").at(0);
  return FormatEifMetadata(
      {.image_name = manifest.name,
       .image_version = manifest.version,
       .build_time = FormatUtcTime(manifest.source_date_epoch),
       .build_tool = "tally",
       // Not the program's version: that one must not reach the bytes.
       .build_tool_version =
           "format-epoch-" + std::to_string(inputs.lock.format_epoch),
       .operating_system = "Linux",
       .kernel_version = kernel.version});
}

// WriteEifArtifact packs kernel, command line, initrd and the root as a second
// ramdisk.
Status WriteEifArtifact(const ImageInputs& inputs, const Tree& root,
                        const Content& kernel, const fs::path& directory) {
  const Manifest& manifest = inputs.manifest;
  const std::string ramdisk_name = ".rootfs.cpio";
  const fs::path ramdisk_path = directory / ramdisk_name;
  TALLY_TRY(WriteArtifact(directory, ramdisk_name, [&](ByteSink& sink) {
    return WriteCpio(RamdiskList(root.ToFileList(manifest.source_date_epoch)),
                     sink);
  }));
  TALLY_ASSIGN(const MappedFile ramdisk, MappedFile::Open(ramdisk_path));
  TALLY_ASSIGN(const MappedFile initrd,
               MappedFile::Open(directory / kInitrdArtifact));
  const std::string metadata = EifMetadataText(inputs);
  const Eif eif =
      MakeEif(manifest.architecture == "arm64" ? EifArchitecture::kAarch64
                                               : EifArchitecture::kX86_64,
              {.kernel = kernel.span(),
               .cmdline = manifest.eif->cmdline,
               .metadata = metadata,
               .ramdisks = {initrd.bytes(), ramdisk.bytes()}});
  TALLY_TRY(WriteArtifact(directory, kEifArtifact,
                          [&](ByteSink& sink) { return WriteEif(eif, sink); }));
  std::error_code error;
  if (fs::remove(ramdisk_path, error)) return Ok();
  return IoError("cannot remove " + ramdisk_path.string());
}

// WriteBootFiles writes kernel, initrd and firmware.
Status WriteBootFiles(const ImageInputs& inputs, const Unpacked& unpacked,
                      const Tree& initrd, const Content& kernel,
                      const fs::path& directory) {
  const Manifest& manifest = inputs.manifest;
  TALLY_TRY(WriteBytes(directory, kKernelArtifact, kernel.span()));
  TALLY_TRY(WriteArtifact(directory, kInitrdArtifact, [&](ByteSink& sink) {
    return WriteCpio(initrd.ToFileList(manifest.source_date_epoch), sink);
  }));
  if (!manifest.firmware) return Ok();
  TALLY_ASSIGN(const Content firmware,
               FileOf(unpacked, "firmware", manifest.firmware->file,
                      At(manifest, manifest.firmware->package.where)));
  return WriteBytes(directory, kFirmwareArtifact, firmware.span());
}

// WriteDiskFiles writes the root, the disk, and last the command line, which
// carries the root hash.
Status WriteDiskFiles(const ImageInputs& inputs, const Sources& sources,
                      const BuiltImages& built, const fs::path& directory) {
  TALLY_ASSIGN(const VerityRootHash root_hash,
               WriteRoot(inputs, built.root, directory));
  TALLY_TRY(WriteDisk(inputs, directory));
  TALLY_ASSIGN(const std::vector<VolumeBinding> volumes,
               WriteVolumes(inputs.manifest, inputs.lock, sources,
                            built.volumes, directory));
  std::string cmdline = DiskCmdline(inputs, root_hash);
  for (const VolumeBinding& volume : volumes) {
    cmdline += " " + VolumeWord(volume);
  }
  return WriteBytes(directory, kCmdlineArtifact, AsBytes(cmdline));
}

// DescribeArtifacts hashes every file in `directory`.
Result<std::vector<ArtifactFile>> DescribeArtifacts(const fs::path& directory,
                                                    unsigned num_threads) {
  TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(directory));
  std::vector<ArtifactFile> artifacts(names.size());
  TALLY_TRY(ParallelFor(names.size(), num_threads, [&](size_t i) -> Status {
    artifacts[i].name = names[i];
    TALLY_ASSIGN(artifacts[i].digest, DigestFile(directory / names[i]));
    return Ok();
  }));
  return artifacts;
}

}  // namespace

FileList RamdiskList(FileList root) {
  const int64_t mtime = root.front().mtime;
  for (FileNode& node : root) {
    node.path = node.path.empty() ? "rootfs" : "rootfs/" + node.path;
    if (node.hard_link_of) ++*node.hard_link_of;
  }
  root.insert(root.begin(), FileNode{.path = "",
                                     .type = NodeType::kDirectory,
                                     .mode = 0755,
                                     .mtime = mtime});
  return root;
}

Result<BuiltImages> BuildImages(const ImageInputs& inputs,
                                const fs::path& directory) {
  const Manifest& manifest = inputs.manifest;
  if (!manifest.disk && !manifest.eif) {
    return InputError(manifest.path.string() +
                      ": found neither 'disk' nor 'eif', expected at least one "
                      "image to build");
  }
  TALLY_ASSIGN(
      const Sources sources,
      ReadSources(manifest, inputs.lock, inputs.store, inputs.local_files));
  TALLY_ASSIGN(const Unpacked unpacked,
               UnpackTrees(manifest, inputs.lock, inputs.store,
                           inputs.num_threads, inputs.unpack_order));
  BuiltImages built;

  // The trees are complete, in memory, before any image byte is written.
  TALLY_ASSIGN(built.root, AssembleRoot({.manifest = manifest,
                                         .lock = inputs.lock,
                                         .unpacked = unpacked,
                                         .sources = sources,
                                         .num_threads = inputs.num_threads}));
  TALLY_ASSIGN(built.initrd, AssembleInitrd(manifest, unpacked, sources,
                                            inputs.lock.format_epoch));
  TALLY_ASSIGN(built.volumes, AssembleVolumes(manifest, sources));

  TALLY_ASSIGN(const Content kernel,
               FileOf(unpacked, "kernel", manifest.kernel.image,
                      At(manifest, manifest.kernel.package.where)));
  TALLY_TRY(WriteBootFiles(inputs, unpacked, built.initrd, kernel, directory));
  // The disk and the enclave image share inputs and nothing else.
  TALLY_TRY(ParallelFor(2, inputs.num_threads, [&](size_t i) -> Status {
    if (i == 0 && manifest.disk) {
      return WriteDiskFiles(inputs, sources, built, directory);
    }
    if (i == 1 && manifest.eif) {
      return WriteEifArtifact(inputs, built.root, kernel, directory);
    }
    return Ok();
  }));
  TALLY_TRY(sources.mapped.CheckUnchanged());
  TALLY_ASSIGN(built.artifacts,
               DescribeArtifacts(directory, inputs.num_threads));
  return built;
}

}  // namespace tally
