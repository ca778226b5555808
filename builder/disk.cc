#include "builder/disk.h"

#include <vector>

#include "builder/artifact_writer.h"
#include "builder/boot_partition.h"
#include "builder/verity_leaves.h"
#include "builder/volumes.h"
#include "common/hash.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"

namespace tally {
namespace {

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

// DiskFile is one partition and the artifact that fills it.
struct DiskFile {
  GptPartition partition;
  std::string artifact;
};

// DiskFiles are the partitions of the disk, in order; their sizes are those of
// the artifacts.
std::vector<DiskFile> DiskFiles(const ImageInputs& inputs) {
  const bool arm64 = inputs.manifest.architecture == "arm64";
  std::vector<DiskFile> files;
  if (inputs.manifest.uki) {
    files.push_back({{.type_guid = kGptEfiSystem,
                      .unique_guid = ImageUuid(inputs.lock, "gpt/esp"),
                      .name = "esp"},
                     kEspArtifact});
  }
  files.push_back({{.type_guid = arm64 ? kGptRootArm64 : kGptRootX86_64,
                    .unique_guid = ImageUuid(inputs.lock, "gpt/root"),
                    .name = "root",
                    .attributes = kGptReadOnly},
                   kRootArtifact});
  files.push_back(
      {{.type_guid = arm64 ? kGptRootVerityArm64 : kGptRootVerityX86_64,
        .unique_guid = ImageUuid(inputs.lock, "gpt/root-verity"),
        .name = "root-verity",
        .attributes = kGptReadOnly},
       kVerityArtifact});
  return files;
}

// WriteDisk puts the finished files into a partitioned disk.
Status WriteDisk(const ImageInputs& inputs, const fs::path& directory) {
  std::vector<MappedFile> mapped;
  std::vector<GptPartition> partitions;
  std::vector<ByteSpan> contents;
  for (DiskFile& file : DiskFiles(inputs)) {
    TALLY_ASSIGN(MappedFile bytes, MappedFile::Open(directory / file.artifact));
    file.partition.size_bytes = bytes.bytes().size();
    partitions.push_back(file.partition);
    contents.push_back(bytes.bytes());
    mapped.push_back(std::move(bytes));
  }
  TALLY_ASSIGN(const GptPlan plan,
               PlanGpt(ImageUuid(inputs.lock, "gpt/disk"), partitions));
  return WriteArtifact(directory, kDiskArtifact, [&](ByteSink& sink) {
    return WriteGptDisk(plan, contents, sink);
  });
}

// DiskCmdline binds the disk: its hash and where to find it, under the names
// that systemd documents (systemd-veritysetup-generator(8)).
std::string DiskCmdline(const ImageInputs& inputs,
                        const VerityRootHash& root_hash,
                        const std::vector<VolumeBinding>& volumes) {
  const auto partition = [&](std::string_view label) {
    return "PARTUUID=" + FormatUuid(ImageUuid(inputs.lock, label));
  };
  const std::string& given = inputs.manifest.disk->cmdline;
  std::string cmdline =
      given + (given.empty() ? "" : " ") + "roothash=" + root_hash.hex() +
      " systemd.verity_root_data=" + partition("gpt/root") +
      " systemd.verity_root_hash=" + partition("gpt/root-verity");
  for (const VolumeBinding& volume : volumes) {
    cmdline += " " + VolumeWord(volume);
  }
  return cmdline;
}

}  // namespace

Status WriteDiskFiles(const ImageInputs& inputs, const Sources& sources,
                      const BuiltImages& built, const BootPrograms& programs,
                      const fs::path& directory) {
  TALLY_ASSIGN(const VerityRootHash root_hash,
               WriteRoot(inputs, built.root, directory));
  TALLY_ASSIGN(const std::vector<VolumeBinding> volumes,
               WriteVolumes(inputs.manifest, inputs.lock, sources,
                            built.volumes, directory));
  const std::string cmdline = DiskCmdline(inputs, root_hash, volumes);
  TALLY_TRY(WriteBytes(directory, kCmdlineArtifact, AsBytes(cmdline)));
  if (inputs.manifest.uki) {
    TALLY_TRY(WriteUkiFile(inputs, built.root, programs, directory));
    TALLY_TRY(WriteEspFile(inputs, directory));
  }
  return WriteDisk(inputs, directory);
}

}  // namespace tally
