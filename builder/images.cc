#include "builder/images.h"

#include <algorithm>
#include <array>

#include "builder/assemble.h"
#include "builder/local_files.h"
#include "common/hash.h"
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

// WriteArtifact creates `name` and records what `fill` wrote.
template <typename Fill>
Status WriteArtifact(const fs::path& directory, const std::string& name,
                     const Fill& fill, std::vector<ArtifactFile>* artifacts) {
  TALLY_ASSIGN(FileSink sink, FileSink::Create(directory / name));
  TALLY_TRY(fill(sink));
  TALLY_ASSIGN(const FileDigest digest, sink.Close());
  artifacts->push_back({.name = name, .digest = digest});
  return Ok();
}

Status WriteBytes(const fs::path& directory, const std::string& name,
                  ByteSpan bytes, std::vector<ArtifactFile>* artifacts) {
  return WriteArtifact(
      directory, name, [&](ByteSink& sink) { return sink.Append(bytes); },
      artifacts);
}

// WriteRoot writes root.erofs and root.verity in one pass and returns the root
// hash.
Result<VerityRootHash> WriteRoot(const ImageInputs& inputs, const Tree& root,
                                 const fs::path& directory,
                                 std::vector<ArtifactFile>* artifacts) {
  const Lock& lock = inputs.lock;
  const int64_t epoch = inputs.manifest.source_date_epoch;
  VerityBuilder verity(
      {.uuid = ImageUuid(lock, "verity/root"),
       .salt = HmacSha256(lock.sha256.span(), AsBytes("verity-salt/root"))
                   .array()});
  const auto write_data = [&](ByteSink& file) {
    TeeSink both({&file, &verity});
    return WriteErofs(root.ToFileList(epoch),
                      {.uuid = ImageUuid(lock, "erofs/root"),
                       .volume_name = "root",
                       .build_time = epoch},
                      both);
  };
  TALLY_TRY(WriteArtifact(directory, kRootArtifact, write_data, artifacts));
  VerityRootHash root_hash;
  const auto write_hashes = [&](ByteSink& file) -> Status {
    TALLY_ASSIGN(root_hash, verity.Finish(file));
    return Ok();
  };
  TALLY_TRY(WriteArtifact(directory, kVerityArtifact, write_hashes, artifacts));
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
Status WriteDisk(const ImageInputs& inputs, const fs::path& directory,
                 std::vector<ArtifactFile>* artifacts) {
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
  return WriteArtifact(directory, kDiskArtifact, fill, artifacts);
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
                        const Content& kernel, const fs::path& directory,
                        std::vector<ArtifactFile>* artifacts) {
  const Manifest& manifest = inputs.manifest;
  const fs::path ramdisk_path = directory / ".rootfs.cpio";
  TALLY_ASSIGN(FileSink ramdisk_sink, FileSink::Create(ramdisk_path));
  TALLY_TRY(WriteCpio(RamdiskList(root.ToFileList(manifest.source_date_epoch)),
                      ramdisk_sink));
  TALLY_ASSIGN(const FileDigest ignored, ramdisk_sink.Close());
  (void)ignored;
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
  TALLY_TRY(WriteArtifact(
      directory, kEifArtifact,
      [&](ByteSink& sink) { return WriteEif(eif, sink); }, artifacts));
  std::error_code error;
  if (fs::remove(ramdisk_path, error)) return Ok();
  return IoError("cannot remove " + ramdisk_path.string());
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
  TALLY_ASSIGN(const LocalFiles local_files,
               ReadLocalFiles(inputs.lock, inputs.local_files));
  TALLY_ASSIGN(
      const Unpacked unpacked,
      UnpackTrees(manifest, inputs.lock, inputs.store, inputs.num_threads));
  BuiltImages built;
  std::vector<ArtifactFile>* artifacts = &built.artifacts;

  // The trees are complete, in memory, before any image byte is written.
  TALLY_ASSIGN(built.root, AssembleRoot(manifest, unpacked, local_files));
  TALLY_ASSIGN(built.initrd, AssembleInitrd(manifest, unpacked, local_files));

  TALLY_ASSIGN(const Content kernel,
               FileOf(unpacked, "kernel", manifest.kernel.image,
                      At(manifest, manifest.kernel.package.where)));
  TALLY_TRY(WriteBytes(directory, kKernelArtifact, kernel.span(), artifacts));
  TALLY_TRY(WriteArtifact(
      directory, kInitrdArtifact,
      [&](ByteSink& sink) {
        return WriteCpio(built.initrd.ToFileList(manifest.source_date_epoch),
                         sink);
      },
      artifacts));
  if (manifest.firmware) {
    TALLY_ASSIGN(const Content firmware,
                 FileOf(unpacked, "firmware", manifest.firmware->file,
                        At(manifest, manifest.firmware->package.where)));
    TALLY_TRY(
        WriteBytes(directory, kFirmwareArtifact, firmware.span(), artifacts));
  }

  // The command line comes last: it carries the root hash.
  if (manifest.disk) {
    TALLY_ASSIGN(const VerityRootHash root_hash,
                 WriteRoot(inputs, built.root, directory, artifacts));
    TALLY_TRY(WriteDisk(inputs, directory, artifacts));
    TALLY_TRY(WriteBytes(directory, kCmdlineArtifact,
                         AsBytes(DiskCmdline(inputs, root_hash)), artifacts));
  }
  if (manifest.eif) {
    TALLY_TRY(
        WriteEifArtifact(inputs, built.root, kernel, directory, artifacts));
  }
  std::ranges::sort(*artifacts, {}, &ArtifactFile::name);
  return built;
}

}  // namespace tally
