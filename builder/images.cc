#include "builder/images.h"

#include <algorithm>
#include <array>

#include "builder/init_script.h"
#include "builder/local_files.h"
#include "builder/merged_path.h"
#include "builder/modules.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"

namespace tally {
namespace {

// ImageUuids are derived from the lock, so that the same inputs give the same
// identities and different inputs different ones.
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

// Unpacked is every package of the lock that an image needs, unpacked.
struct Unpacked {
  std::vector<UnpackedPackage> root;
  std::vector<UnpackedPackage> initrd;
  UnpackedPackage kernel;
  std::optional<UnpackedPackage> firmware;
};

PathFilter TreeFilter(const TreeSpec& spec) {
  return [&spec](const std::string& path) {
    const std::string absolute = "/" + path;
    const auto matches = [&](const std::string& glob) {
      return GlobMatches(glob, absolute);
    };
    const bool included =
        spec.include.empty() || std::ranges::any_of(spec.include, matches);
    return included && std::ranges::none_of(spec.exclude, matches);
  };
}

// UnpackEverything decompresses all packages of all trees in one parallel run.
Result<Unpacked> UnpackEverything(const ImageInputs& inputs) {
  const Manifest& manifest = inputs.manifest;
  TALLY_ASSIGN(const std::string kernel_image,
               MergedPath("." + manifest.kernel.image));
  const PathFilter kernel_files = [&](const std::string& path) {
    return path == kernel_image || path.starts_with("usr/lib/modules/");
  };
  const PathFilter firmware_file = [&](const std::string& path) {
    return manifest.firmware && "/" + path == manifest.firmware->file;
  };
  const std::vector<std::pair<std::string, PathFilter>> trees = {
      {"root", TreeFilter(manifest.root)},
      {"initrd", TreeFilter(manifest.initrd.tree)},
      {"kernel", kernel_files},
      {"firmware", firmware_file}};
  std::vector<UnpackJob> jobs;
  std::vector<size_t> ends;
  for (const auto& [tree, filter] : trees) {
    for (const LockedPackage* package : PackagesOf(inputs.lock, tree)) {
      jobs.push_back({.package = package, .wanted = filter});
    }
    ends.push_back(jobs.size());
  }
  TALLY_ASSIGN(std::vector<UnpackedPackage> packages,
               UnpackAll(inputs.store, jobs, inputs.num_threads));

  const auto slice = [&](size_t tree) {
    const size_t begin = tree == 0 ? 0 : ends[tree - 1];
    return std::vector<UnpackedPackage>(
        std::make_move_iterator(packages.begin() +
                                static_cast<std::ptrdiff_t>(begin)),
        std::make_move_iterator(packages.begin() +
                                static_cast<std::ptrdiff_t>(ends[tree])));
  };
  Unpacked unpacked{.root = slice(0), .initrd = slice(1)};
  unpacked.kernel = std::move(slice(2).at(0));
  if (manifest.firmware) unpacked.firmware = std::move(slice(3).at(0));
  return unpacked;
}

// FileOf returns one file of a package, following no links.
Result<Content> FileOf(const UnpackedPackage& package,
                       const std::string& path) {
  TALLY_ASSIGN(const std::string merged, MergedPath("." + path));
  for (const UnpackedEntry& entry : package.entries) {
    if (entry.path == merged && entry.type == NodeType::kFile) {
      return entry.content;
    }
  }
  return InputError("package '" + package.name + "' has no file " +
                    Quote(path));
}

using LocalFiles = std::map<std::string, Content>;

Result<Tree> AssembleRoot(const Manifest& manifest,
                          const std::vector<UnpackedPackage>& packages,
                          const LocalFiles& local_files) {
  Tree tree;
  TALLY_TRY(AddPackages(manifest.root, packages, &tree));
  TALLY_TRY(AddUsrMergeLinks(&tree));
  TALLY_TRY(ApplySpec(manifest, manifest.root, local_files, &tree));
  TALLY_TRY(CheckOwners(tree));
  // Our init mounts file systems here; the root is read-only by then.
  for (const char* mount_point : {"dev", "proc", "run", "sys", "tmp"}) {
    if (tree.Find(mount_point) != nullptr) continue;
    const bool sticky = std::string_view(mount_point) == "tmp";
    TALLY_TRY(tree.Add(mount_point,
                       TreeNode{.type = NodeType::kDirectory,
                                .mode = sticky ? 01777u : 0755u,
                                .origin = {"generator", "mount-points"}}));
  }
  return tree;
}

TreeNode GeneratedFile(unsigned mode, std::string_view text,
                       const std::string& generator) {
  return TreeNode{.type = NodeType::kFile,
                  .mode = mode,
                  .content = MakeContent(ToBytes(AsBytes(text))),
                  .origin = {"generator", generator}};
}

Result<Tree> AssembleInitrd(const Manifest& manifest, const Unpacked& unpacked,
                            const LocalFiles& local_files) {
  const TreeSpec& spec = manifest.initrd.tree;
  Tree tree;
  TALLY_TRY(AddPackages(spec, unpacked.initrd, &tree));
  TALLY_TRY(AddUsrMergeLinks(&tree));
  for (const char* directory : {"dev", "proc", "run", "sys", "sysroot"}) {
    if (tree.Find(directory) != nullptr) continue;
    TALLY_TRY(
        tree.Add(directory, TreeNode{.type = NodeType::kDirectory,
                                     .mode = 0755,
                                     .origin = {"generator", "mount-points"}}));
  }
  TALLY_ASSIGN(const std::vector<KernelModule> modules,
               SelectModules(unpacked.kernel, manifest.initrd.modules));
  std::string module_list;
  for (const KernelModule& module : modules) {
    module_list += "/" + module.path + "\n";
    TALLY_TRY(tree.Add(module.path,
                       TreeNode{.type = NodeType::kFile,
                                .mode = 0644,
                                .content = module.content,
                                .origin = {"package", unpacked.kernel.name}}));
  }
  std::string payload =
      manifest.payload.mode == PayloadMode::kPid1 ? "pid1\n" : "service\n";
  for (const std::string& arg : manifest.payload.run) payload += arg + "\n";

  TALLY_TRY(tree.Add("init", GeneratedFile(0755, InitScript(), "init")));
  TALLY_TRY(tree.Add("etc/tally/modules",
                     GeneratedFile(0644, module_list, "modules")));
  TALLY_TRY(
      tree.Add("etc/tally/payload", GeneratedFile(0644, payload, "payload")));
  TALLY_TRY(ApplySpec(manifest, spec, local_files, &tree));
  TALLY_TRY(CheckOwners(tree));
  return tree;
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
  const std::array<ByteSpan, 2> contents = {root.bytes(), verity.bytes()};
  const auto fill = [&](ByteSink& sink) -> Status {
    TALLY_TRY(sink.Append(plan.primary));
    uint64_t at = plan.primary.size();
    for (size_t i = 0; i < contents.size(); ++i) {
      TALLY_TRY(AppendZeros(sink, plan.partition_offsets[i] - at));
      TALLY_TRY(sink.Append(contents[i]));
      at = plan.partition_offsets[i] + contents[i].size();
    }
    TALLY_TRY(AppendZeros(sink, plan.backup_offset - at));
    return sink.Append(plan.backup);
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

// RamdiskList puts the root below /rootfs, where our init looks for it if there
// is no disk.
FileList RamdiskList(const Tree& root, int64_t mtime) {
  FileList list = root.ToFileList(mtime);
  for (FileNode& node : list) {
    node.path = node.path.empty() ? "rootfs" : "rootfs/" + node.path;
    if (node.hard_link_of) ++*node.hard_link_of;
  }
  list.insert(list.begin(), FileNode{.path = "",
                                     .type = NodeType::kDirectory,
                                     .mode = 0755,
                                     .mtime = mtime});
  return list;
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
  TALLY_TRY(
      WriteCpio(RamdiskList(root, manifest.source_date_epoch), ramdisk_sink));
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
  fs::remove(ramdisk_path);
  return Ok();
}

}  // namespace

Result<BuiltImages> BuildImages(const ImageInputs& inputs,
                                const fs::path& directory) {
  const Manifest& manifest = inputs.manifest;
  TALLY_ASSIGN(const LocalFiles local_files,
               ReadLocalFiles(inputs.lock, inputs.local_files));
  TALLY_ASSIGN(const Unpacked unpacked, UnpackEverything(inputs));
  BuiltImages built;
  std::vector<ArtifactFile>* artifacts = &built.artifacts;

  // The trees are complete, in memory, before any image byte is written.
  TALLY_ASSIGN(built.root, AssembleRoot(manifest, unpacked.root, local_files));
  TALLY_ASSIGN(built.initrd, AssembleInitrd(manifest, unpacked, local_files));

  TALLY_ASSIGN(const Content kernel,
               FileOf(unpacked.kernel, manifest.kernel.image));
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
                 FileOf(*unpacked.firmware, manifest.firmware->file));
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
