#include "builder/volumes.h"

#include <algorithm>

#include "builder/merged_path.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/erofs.h"

namespace tally {
namespace {

constexpr std::string_view kWord = "tally.volume=";

// Identities are derived from the lock, as those of the root are.
Uuid VolumeUuid(const Lock& lock, const std::string& label,
                const std::string& name) {
  return DeriveUuid(lock.sha256.span(), label + "/volume/" + name);
}

// MountPath is the place in the root, through merged-/usr.
Result<std::string> MountPath(const Manifest& manifest,
                              const VolumeSpec& volume) {
  Result<std::string> path = MergedPath("." + volume.path);
  if (path) return path;
  return InputError(At(manifest, volume.where) + ": " + path.error().message());
}

// PadTo writes zeros up to an offset.
Status PadTo(uint64_t offset, uint64_t* at, ByteSink& sink) {
  static const Bytes kZeros(1 << 16);
  while (*at < offset) {
    const uint64_t size = std::min<uint64_t>(offset - *at, kZeros.size());
    TALLY_TRY(sink.Append(ByteSpan(kZeros).first(size)));
    *at += size;
  }
  return Ok();
}

// WriteVolumeDisk writes the whole disk in one pass and returns the root hash.
Result<VerityRootHash> WriteVolumeDisk(
    const GptPlan& plan, const FileList& files, const ErofsOptions& erofs,
    const VerityOptions& verity_options, uint64_t data_size_bytes,
    const MappedFiles& mapped, ByteSink& sink) {
  TALLY_TRY(sink.Append(plan.primary));
  uint64_t at = plan.primary.size();
  TALLY_TRY(PadTo(plan.partition_offsets[0], &at, sink));
  VerityBuilder verity(verity_options);
  TeeSink both({&sink, &verity});
  // Outermost: pages are given back when both have had them.
  ReleasingSink releasing(both, mapped);
  TALLY_TRY(WriteErofs(files, erofs, releasing));
  at += data_size_bytes;
  TALLY_TRY(PadTo(plan.partition_offsets[1], &at, sink));
  TALLY_ASSIGN(const VerityRootHash root_hash, verity.Finish(sink));
  at += VerityHashAreaSize(data_size_bytes);
  TALLY_TRY(PadTo(plan.backup_offset, &at, sink));
  TALLY_TRY(sink.Append(plan.backup));
  return root_hash;
}

Result<VolumeBinding> WriteVolume(const Manifest& manifest, const Lock& lock,
                                  const Sources& sources,
                                  const VolumeSpec& volume, const Tree& tree,
                                  const fs::path& directory) {
  const std::string& name = volume.name;
  TALLY_ASSIGN(const std::string mount, MountPath(manifest, volume));
  VolumeBinding binding = {.name = name,
                           .root_hash = {},
                           .data = VolumeUuid(lock, "gpt-data", name),
                           .hashes = VolumeUuid(lock, "gpt-hash", name),
                           .mount = "/" + mount};
  const ErofsOptions erofs = {.uuid = VolumeUuid(lock, "erofs", name),
                              .volume_name = name,
                              .build_time = manifest.source_date_epoch};
  const VerityOptions verity = {
      .uuid = VolumeUuid(lock, "verity", name),
      .salt =
          HmacSha256(lock.sha256.span(), AsBytes("verity-salt/volume/" + name))
              .array()};
  const FileList files = tree.ToFileList(manifest.source_date_epoch);
  TALLY_ASSIGN(const uint64_t data_size_bytes, ErofsSize(files, erofs));
  TALLY_ASSIGN(const GptPlan plan,
               PlanGpt(VolumeUuid(lock, "gpt-disk", name),
                       VolumePartitions(binding, data_size_bytes)));
  TALLY_ASSIGN(FileSink file,
               FileSink::Create(directory / VolumeArtifact(name)));
  TALLY_ASSIGN(binding.root_hash,
               WriteVolumeDisk(plan, files, erofs, verity, data_size_bytes,
                               sources.mapped, file));
  TALLY_ASSIGN(const FileDigest digest, file.Close());
  if (digest.size_bytes == plan.size_bytes) return binding;
  return IoError("wrote " + std::to_string(digest.size_bytes) +
                 " bytes of volume " + Quote(name) + ", expected " +
                 std::to_string(plan.size_bytes));
}

Result<VolumeBinding> ParseBinding(std::string_view value) {
  const std::vector<std::string> fields = Split(value, ':');
  if (fields.size() != 5) {
    return InputError("found volume " + Quote(value) +
                      ", expected NAME:ROOTHASH:DATA:HASH:PATH");
  }
  VolumeBinding binding = {.name = fields[0],
                           .root_hash = {},
                           .data = {},
                           .hashes = {},
                           .mount = fields[4]};
  TALLY_ASSIGN(binding.root_hash, VerityRootHash::FromHex(fields[1]));
  TALLY_ASSIGN(binding.data, ParseUuid(fields[2]));
  TALLY_ASSIGN(binding.hashes, ParseUuid(fields[3]));
  return binding;
}

Error NotTheVolume(const VolumeBinding& binding, const std::string& text) {
  return MismatchError("'" + VolumeArtifact(binding.name) + "' " + text);
}

}  // namespace

std::string VolumeArtifact(const std::string& name) {
  return "volume-" + name + ".img";
}

std::string VolumeTreeName(const std::string& name) { return "volume-" + name; }

std::string VolumeWord(const VolumeBinding& binding) {
  return std::string(kWord) + binding.name + ":" + binding.root_hash.hex() +
         ":" + FormatUuid(binding.data) + ":" + FormatUuid(binding.hashes) +
         ":" + binding.mount;
}

Result<std::vector<VolumeBinding>> ParseVolumeWords(std::string_view cmdline) {
  std::vector<VolumeBinding> bindings;
  for (const std::string& word : Split(cmdline, ' ')) {
    if (!word.starts_with(kWord)) continue;
    TALLY_ASSIGN(VolumeBinding binding,
                 ParseBinding(std::string_view(word).substr(kWord.size())));
    if (VolumeWord(binding) != word) {
      return InputError("found volume " + Quote(word) +
                        ", expected the one form of its values");
    }
    bindings.push_back(std::move(binding));
  }
  return bindings;
}

Result<std::map<std::string, Tree>> AssembleVolumes(const Manifest& manifest,
                                                    const Sources& sources) {
  std::map<std::string, Tree> volumes;
  for (const VolumeSpec& volume : manifest.volumes) {
    Tree& tree = volumes[volume.name];
    TALLY_TRY(AddSourceTrees(manifest, volume.tree, sources, PathRule::kPlain,
                             &tree));
    TALLY_TRY(ApplySpec(manifest, volume.tree, sources.local_files, &tree,
                        sources.downloads, PathRule::kPlain));
    for (const auto& [path, node] : tree.nodes()) {
      const std::string& owner = node.user.empty() ? node.group : node.user;
      if (owner.empty()) continue;
      return InputError(At(manifest, volume.where) + ": " + Quote("/" + path) +
                        " of volume " + Quote(volume.name) + " has owner " +
                        Quote(owner) +
                        ", expected a number: a volume has no accounts");
    }
  }
  return volumes;
}

Status AddVolumeMountPoints(const Manifest& manifest, Tree* root) {
  for (const VolumeSpec& volume : manifest.volumes) {
    TALLY_ASSIGN(const std::string path, MountPath(manifest, volume));
    const TreeNode* found = root->Find(path);
    if (found == nullptr) {
      TALLY_TRY(root->Add(path, GeneratedDirectory("volumes")));
      continue;
    }
    const std::vector<std::string> names = root->Children(path);
    if (found->type == NodeType::kDirectory && names.empty()) continue;
    return InputError(
        At(manifest, volume.where) + ": " + Quote("/" + path) +
        " in the root " +
        (names.empty() ? "is no directory"
                       : "has " + Quote(names.front()) + " in it") +
        ", expected an empty directory for volume " + Quote(volume.name));
  }
  return Ok();
}

Result<std::vector<VolumeBinding>> WriteVolumes(
    const Manifest& manifest, const Lock& lock, const Sources& sources,
    const std::map<std::string, Tree>& volumes, const fs::path& directory) {
  std::vector<VolumeBinding> bindings;
  for (const VolumeSpec& volume : manifest.volumes) {
    Result<VolumeBinding> binding = WriteVolume(
        manifest, lock, sources, volume, volumes.at(volume.name), directory);
    if (!binding) {
      return std::move(binding).error().While("writing volume " +
                                              Quote(volume.name));
    }
    bindings.push_back(*std::move(binding));
  }
  return bindings;
}

std::vector<GptPartition> VolumePartitions(const VolumeBinding& binding,
                                           uint64_t data_size_bytes) {
  return {{.type_guid = kGptLinuxData,
           .unique_guid = binding.data,
           .name = "volume-" + binding.name,
           .size_bytes = data_size_bytes,
           .attributes = kGptReadOnly},
          {.type_guid = kGptLinuxData,
           .unique_guid = binding.hashes,
           .name = "volume-" + binding.name + "-verity",
           .size_bytes = VerityHashAreaSize(data_size_bytes),
           .attributes = kGptReadOnly}};
}

Result<ByteSpan> CheckVolumeDisk(const VolumeBinding& binding, ByteSpan disk) {
  TALLY_ASSIGN(const Gpt gpt, ParseGpt(disk));
  if (gpt.partitions.size() != 2 ||
      gpt.partitions[0].unique_guid != binding.data ||
      gpt.partitions[1].unique_guid != binding.hashes) {
    return NotTheVolume(binding,
                        "has other partitions than the command line names");
  }
  const ByteSpan data =
      disk.subspan(gpt.partition_offsets[0], gpt.partitions[0].size_bytes);
  const ByteSpan hashes =
      disk.subspan(gpt.partition_offsets[1], gpt.partitions[1].size_bytes);
  TALLY_ASSIGN(const VerityRootHash found, VerifyVerity(data, hashes));
  if (found != binding.root_hash) {
    return DigestMismatch(
        "the command line names another volume " + Quote(binding.name),
        binding.root_hash.hex(), found.hex());
  }
  TALLY_ASSIGN(const GptPlan plan, PlanGpt(gpt.disk_guid, gpt.partitions));
  HashSink expected;
  TALLY_TRY(WriteGptDisk(plan, {data, hashes}, expected));
  if (expected.Finish() == Sha256(disk)) return data;
  return NotTheVolume(binding, "is not its file system and its hash tree");
}

}  // namespace tally
