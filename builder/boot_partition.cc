#include "builder/boot_partition.h"

#include <string>
#include <vector>

#include "builder/artifact_writer.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/bzimage.h"
#include "formats/fat32.h"
#include "formats/gpt.h"
#include "formats/uki.h"

namespace tally {
namespace {

constexpr char kEspLabel[] = "ESP";
constexpr std::string_view kBootDirectory = "EFI/BOOT";

// ReadOsRelease follows the links of the root as systemd does: /etc first
// (os-release(5)).
Result<Content> ReadOsRelease(const ImageInputs& inputs, const Tree& root) {
  for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
    const TreeNode* node = root.Resolve(path);
    if (node != nullptr && node->type == NodeType::kFile) return node->content;
  }
  return InputError(At(inputs.manifest, inputs.manifest.uki->where) +
                    ": found no /etc/os-release in the root, expected one to "
                    "name the unified kernel image (package base-files)");
}

// KernelRelease is what `uname -r` will print; only x86 kernels say it.
Result<std::string> KernelRelease(const ImageInputs& inputs,
                                  const Content& kernel) {
  if (inputs.manifest.architecture != "amd64") return std::string();
  TALLY_ASSIGN(const BzImage image, ParseBzImage(kernel.span()));
  return image.release;
}

uint32_t EspVolumeId(const Lock& lock) {
  const Sha256Digest id = HmacSha256(lock.sha256.span(), AsBytes("fat32/esp"));
  ByteReader reader("volume id", id.span());
  return reader.U32Le("first bytes");
}

}  // namespace

std::string DefaultBootPath(std::string_view architecture) {
  return std::string(kBootDirectory) +
         (architecture == "arm64" ? "/BOOTAA64.EFI" : "/BOOTX64.EFI");
}

Status WriteUkiFile(const ImageInputs& inputs, const Tree& root,
                    const BootPrograms& programs, const fs::path& directory) {
  TALLY_ASSIGN(const Content os_release, ReadOsRelease(inputs, root));
  TALLY_ASSIGN(const std::string release,
               KernelRelease(inputs, programs.kernel));
  TALLY_ASSIGN(const MappedFile cmdline,
               MappedFile::Open(directory / kCmdlineArtifact));
  TALLY_ASSIGN(const MappedFile initrd,
               MappedFile::Open(directory / kInitrdArtifact));
  std::vector<UkiSection> sections = {{".osrel", os_release.span()},
                                      {".cmdline", cmdline.bytes()},
                                      {".initrd", initrd.bytes()},
                                      {".linux", programs.kernel.span()}};
  if (!release.empty()) sections.push_back({".uname", AsBytes(release)});
  return WriteArtifact(directory, kUkiArtifact, [&](ByteSink& sink) {
    return WriteUki(programs.stub.span(), sections, sink);
  });
}

Status WriteEspFile(const ImageInputs& inputs, const fs::path& directory) {
  TALLY_ASSIGN(const MappedFile uki,
               MappedFile::Open(directory / kUkiArtifact));
  const Fat32Nodes nodes = {
      {.path = "EFI", .type = NodeType::kDirectory},
      {.path = std::string(kBootDirectory), .type = NodeType::kDirectory},
      {.path = DefaultBootPath(inputs.manifest.architecture),
       .size_bytes = uki.bytes().size()}};
  const Fat32Options options = {.volume_label = kEspLabel,
                                .volume_id = EspVolumeId(inputs.lock),
                                .time = inputs.manifest.source_date_epoch,
                                .partition_offset = kGptFirstPartition};
  return WriteArtifact(directory, kEspArtifact, [&](ByteSink& sink) {
    const auto source = [&](size_t, ByteSink& file) {
      return file.Append(uki.bytes());
    };
    return WriteFat32(nodes, options, source, sink);
  });
}

}  // namespace tally
