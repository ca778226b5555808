#include "builder/images.h"

#include <algorithm>
#include <array>

#include "builder/artifact_writer.h"
#include "builder/assemble.h"
#include "builder/disk.h"
#include "builder/root.h"
#include "builder/volumes.h"
#include "common/hash.h"
#include "common/parallel.h"
#include "common/staging_directory.h"
#include "common/text.h"
#include "formats/cpio.h"
#include "formats/eif.h"

namespace tally {
namespace {

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
  const std::string where = At(manifest, manifest.firmware->package.where);
  TALLY_ASSIGN(const Content firmware,
               FileOf(unpacked, "firmware", manifest.firmware->file, where));
  TALLY_TRY(WriteBytes(directory, kFirmwareArtifact, firmware.span()));
  if (!manifest.firmware->vars) return Ok();
  TALLY_ASSIGN(const Content vars,
               FileOf(unpacked, "firmware", *manifest.firmware->vars, where));
  return WriteBytes(directory, kFirmwareVarsArtifact, vars.span());
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
  BootPrograms programs = {.kernel = kernel};
  if (manifest.uki) {
    TALLY_ASSIGN(programs.stub, FileOf(unpacked, "stub", manifest.uki->stub,
                                       At(manifest, manifest.uki->where)));
  }
  // The disk and the enclave image share inputs and nothing else.
  TALLY_TRY(ParallelFor(2, inputs.num_threads, [&](size_t i) -> Status {
    if (i == 0 && manifest.disk) {
      return WriteDiskFiles(inputs, sources, built, programs, directory);
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
