#include "cli/image_checks.h"

#include <algorithm>

#include "builder/files_json.h"
#include "builder/images.h"
#include "builder/volumes.h"
#include "cli/boot_checks.h"
#include "cli/igvm_artifacts.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/cpio.h"
#include "formats/eif.h"
#include "formats/erofs.h"
#include "formats/gpt.h"
#include "formats/verity.h"
#include "release/release.h"

namespace tally {
namespace {

// OnlyWord returns the value of `name`= in a command line that has it once.
Result<std::string> OnlyWord(const std::string& cmdline,
                             const std::string& name) {
  std::vector<std::string> values;
  for (const std::string& word : Split(cmdline, ' ')) {
    if (word.starts_with(name + "=")) {
      values.push_back(word.substr(name.size() + 1));
    }
  }
  if (values.size() == 1) return values.front();
  return MismatchError("the command line has " + name + "= " +
                       std::to_string(values.size()) + " times, expected once");
}

// BootFiles are the artifacts that the checks below read.
struct BootFiles {
  MappedFile root;
  MappedFile verity;
  std::optional<MappedFile> esp;
  std::string cmdline;
};

// CheckRoot: the root hash in the command line is that of the root image.
Status CheckRoot(const BootFiles& files) {
  TALLY_ASSIGN(const VerityRootHash root_hash,
               VerifyVerity(files.root.bytes(), files.verity.bytes()));
  TALLY_ASSIGN(const std::string named, OnlyWord(files.cmdline, "roothash"));
  if (named == root_hash.hex()) return Ok();
  return DigestMismatch("the command line names another root", named,
                        root_hash.hex());
}

// CheckDisk: the disk is the EFI system partition, if there is one, the root
// and its hashes, in partitions that the command line names, and nothing else.
Status CheckDisk(const BootFiles& files, ByteSpan disk) {
  TALLY_ASSIGN(const Gpt gpt, ParseGpt(disk));
  std::vector<ByteSpan> contents;
  if (files.esp) contents.push_back(files.esp->bytes());
  const size_t first_named = contents.size();
  contents.push_back(files.root.bytes());
  contents.push_back(files.verity.bytes());
  if (gpt.partitions.size() != contents.size()) {
    return MismatchError(
        "'artifacts/disk.img' has " + std::to_string(gpt.partitions.size()) +
        " partitions, expected " + std::to_string(contents.size()));
  }
  const std::vector<std::string> words = {"systemd.verity_root_data",
                                          "systemd.verity_root_hash"};
  for (size_t i = 0; i < words.size(); ++i) {
    TALLY_ASSIGN(const std::string named, OnlyWord(files.cmdline, words[i]));
    const std::string found =
        "PARTUUID=" + FormatUuid(gpt.partitions[first_named + i].unique_guid);
    if (named == found) continue;
    return DigestMismatch("the command line names another partition", named,
                          found);
  }
  TALLY_ASSIGN(const GptPlan plan, PlanGpt(gpt.disk_guid, gpt.partitions));
  HashSink expected;
  TALLY_TRY(WriteGptDisk(plan, contents, expected));
  if (expected.Finish() == Sha256(disk)) return Ok();
  return MismatchError(
      files.esp ? "'artifacts/disk.img' is not the EFI system partition, the "
                  "root image and its hash tree"
                : "'artifacts/disk.img' is not the root image and its hash "
                  "tree");
}

// CheckEif: the enclave image has this kernel, this initrd, and the same root.
Status CheckEif(const Inputs& inputs, const ErofsImage* root,
                const fs::path& artifacts) {
  TALLY_ASSIGN(const MappedFile file,
               MappedFile::Open(artifacts / kEifArtifact));
  TALLY_ASSIGN(const MappedFile kernel,
               MappedFile::Open(artifacts / kKernelArtifact));
  TALLY_ASSIGN(const MappedFile initrd,
               MappedFile::Open(artifacts / kInitrdArtifact));
  TALLY_ASSIGN(const Eif eif, ParseEif(file.bytes()));
  std::vector<ByteSpan> ramdisks;
  bool same = true;
  for (const EifSection& section : eif.sections) {
    if (section.type == EifSectionType::kRamdisk) {
      ramdisks.push_back(section.bytes);
    } else if (section.type == EifSectionType::kKernel) {
      same = same && std::ranges::equal(section.bytes, kernel.bytes());
    } else if (section.type == EifSectionType::kCmdline) {
      same = same && AsText(section.bytes) == inputs.manifest.eif->cmdline;
    }
  }
  same = same && ramdisks.size() == 2 &&
         std::ranges::equal(ramdisks[0], initrd.bytes());
  if (same && root != nullptr) {
    HashSink expected;
    TALLY_TRY(WriteCpio(RamdiskList(root->files), expected));
    same = expected.Finish() == Sha256(ramdisks[1]);
  }
  if (same) return Ok();
  return MismatchError(
      "'artifacts/image.eif' is not made of this release's kernel, command "
      "line, initrd and root");
}

// CheckListed holds one tree of files.json against an image. Where a file comes
// from is not in an image: only a rebuild shows that.
Status CheckListed(const Json& listed, const std::string& tree,
                   const FileList& files, int format_epoch) {
  const Json* records = listed.Find(tree);
  const size_t num_records =
      records != nullptr && records->array() ? records->array()->size() : 0;
  for (size_t i = 0; i < files.size() && i < num_records; ++i) {
    const FileNode& node = files[i];
    const ByteSpan content =
        node.hard_link_of ? files[*node.hard_link_of].content : node.content;
    Json::Object expected =
        FileRecord(node, content.size(), Sha256(content), format_epoch);
    Json found = (*records->array())[i];
    if (found.object() != nullptr) found.object()->erase("origin");
    if (found != Json(std::move(expected))) {
      return MismatchError("'files.json' does not say what is at " +
                           Quote("/" + node.path) + " of " + tree);
    }
  }
  if (num_records == files.size()) return Ok();
  return MismatchError("'files.json' lists " + std::to_string(num_records) +
                       " entries of " + tree + ", expected " +
                       std::to_string(files.size()));
}

// InitrdFiles returns what the initrd holds, as a list with its root.
Result<FileList> InitrdFiles(ByteSpan archive) {
  TALLY_ASSIGN(const std::vector<CpioEntry> entries, ParseCpio(archive));
  FileList files = {{.path = "", .type = NodeType::kDirectory, .mode = 0755}};
  for (const CpioEntry& entry : entries) {
    FileNode node{.path = entry.name,
                  .mode = entry.mode & 07777,
                  .uid = entry.uid,
                  .gid = entry.gid};
    const uint32_t type = entry.mode & 0170000;
    if (type == 0040000) {
      node.type = NodeType::kDirectory;
    } else if (type == 0120000) {
      node.type = NodeType::kSymlink;
      node.symlink_target = AsText(entry.content);
    } else {
      node.content = entry.content;
    }
    if (node.path == ".") {
      node.path = "";
      files.front() = std::move(node);
    } else {
      files.push_back(std::move(node));
    }
  }
  return files;
}

// CheckVolume: the disk is the volume that the command line names, and has the
// files that files.json lists.
Status CheckVolume(const VolumeBinding& binding, const Json& listed,
                   const fs::path& path) {
  TALLY_ASSIGN(const MappedFile disk, MappedFile::Open(path));
  TALLY_ASSIGN(const ByteSpan data, CheckVolumeDisk(binding, disk.bytes()));
  TALLY_ASSIGN(const ErofsImage image, ReadErofs(data));
  return CheckListed(listed, VolumeTreeName(binding.name), image.files,
                     kFormatEpoch);
}

// CheckVolumes: every volume of the manifest is bound, and is what it should
// be.
Status CheckVolumes(const Manifest& manifest, const std::string& cmdline,
                    const Json& listed, const fs::path& artifacts) {
  TALLY_ASSIGN(const std::vector<VolumeBinding> bindings,
               ParseVolumeWords(cmdline));
  if (!std::ranges::equal(bindings, manifest.volumes, {}, &VolumeBinding::name,
                          &VolumeSpec::name)) {
    return MismatchError(
        "the command line names other volumes than the manifest");
  }
  for (const VolumeBinding& binding : bindings) {
    const std::string name = VolumeArtifact(binding.name);
    Status same = CheckVolume(binding, listed, artifacts / name);
    if (same) continue;
    return std::move(same).error().While(
        "checking " + Quote(std::string(kArtifactsDirectory) + "/" + name));
  }
  return Ok();
}

}  // namespace

Status CheckImages(const fs::path& directory, const Inputs& inputs) {
  const fs::path artifacts = directory / kArtifactsDirectory;
  const int epoch = inputs.lock.format_epoch;
  TALLY_ASSIGN(const std::string text,
               ReadTextFile(directory / kFilesJson, kMaxDocumentBytes));
  TALLY_ASSIGN(const Json listed, ParseJson(text));
  TALLY_ASSIGN(const MappedFile initrd,
               MappedFile::Open(artifacts / kInitrdArtifact));
  TALLY_ASSIGN(const FileList initrd_files, InitrdFiles(initrd.bytes()));
  TALLY_TRY(CheckListed(listed, "initrd", initrd_files, epoch));
  TALLY_TRY(CheckIgvms(inputs.manifest, artifacts));
  if (!inputs.manifest.disk) {
    if (!inputs.manifest.eif) return Ok();
    return CheckEif(inputs, nullptr, artifacts);
  }
  TALLY_ASSIGN(MappedFile root, MappedFile::Open(artifacts / kRootArtifact));
  TALLY_ASSIGN(MappedFile verity,
               MappedFile::Open(artifacts / kVerityArtifact));
  TALLY_ASSIGN(std::string cmdline,
               ReadTextFile(artifacts / kCmdlineArtifact, 1 << 16));
  BootFiles files{.root = std::move(root),
                  .verity = std::move(verity),
                  .cmdline = std::move(cmdline)};
  if (inputs.manifest.uki) {
    TALLY_TRY(CheckBootFiles(inputs, artifacts));
    TALLY_ASSIGN(files.esp, MappedFile::Open(artifacts / kEspArtifact));
  }
  TALLY_TRY(CheckRoot(files));
  TALLY_ASSIGN(const MappedFile disk,
               MappedFile::Open(artifacts / kDiskArtifact));
  TALLY_TRY(CheckDisk(files, disk.bytes()));
  TALLY_ASSIGN(const ErofsImage image, ReadErofs(files.root.bytes()));
  TALLY_TRY(CheckListed(listed, "root", image.files, epoch));
  TALLY_TRY(CheckVolumes(inputs.manifest, files.cmdline, listed, artifacts));
  if (!inputs.manifest.eif) return Ok();
  return CheckEif(inputs, &image, artifacts);
}

}  // namespace tally
