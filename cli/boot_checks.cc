#include "cli/boot_checks.h"

#include <algorithm>

#include "builder/boot_partition.h"
#include "builder/images.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/fat32.h"
#include "formats/uki.h"

namespace tally {
namespace {

// CheckUki: each section that comes from an artifact is that artifact.
Status CheckUki(ByteSpan file, const fs::path& artifacts) {
  TALLY_ASSIGN(const Uki uki, ReadUki(file));
  const std::pair<const char*, const char*> parts[] = {
      {".linux", kKernelArtifact},
      {".initrd", kInitrdArtifact},
      {".cmdline", kCmdlineArtifact}};
  for (const auto& [section, artifact] : parts) {
    const UkiSection* found = FindUkiSection(uki, section);
    TALLY_ASSIGN(const MappedFile expected,
                 MappedFile::Open(artifacts / artifact));
    if (found != nullptr &&
        std::ranges::equal(found->content, expected.bytes())) {
      continue;
    }
    return MismatchError("section " + Quote(section) +
                         " of 'artifacts/uki.efi' is not 'artifacts/" +
                         artifact + "'");
  }
  return Ok();
}

// CheckEsp: one file, under the name that firmware looks for, in our form.
Status CheckEsp(std::string_view architecture, ByteSpan esp, ByteSpan uki) {
  TALLY_ASSIGN(const Fat32Image image, ReadFat32(esp));
  const std::string path = DefaultBootPath(architecture);
  std::vector<std::string> files;
  for (size_t i = 0; i < image.nodes.size(); ++i) {
    if (image.nodes[i].type != NodeType::kFile) continue;
    files.push_back(image.nodes[i].path);
    if (image.nodes[i].path == path &&
        std::ranges::equal(image.contents[i], uki)) {
      continue;
    }
    return MismatchError("file " + Quote(image.nodes[i].path) +
                         " in 'artifacts/esp.img' is not 'artifacts/uki.efi' "
                         "at " +
                         Quote(path));
  }
  if (files.empty()) {
    return MismatchError("'artifacts/esp.img' has no file " + Quote(path));
  }
  HashSink expected;
  const auto source = [&image](size_t node, ByteSink& sink) {
    return sink.Append(image.contents[node]);
  };
  TALLY_TRY(WriteFat32(image.nodes, image.options, source, expected));
  if (expected.Finish() == Sha256(esp)) return Ok();
  return MismatchError(
      "'artifacts/esp.img' holds 'uki.efi', but not in the canonical form");
}

}  // namespace

Status CheckBootFiles(const Inputs& inputs, const fs::path& artifacts) {
  TALLY_ASSIGN(const MappedFile uki,
               MappedFile::Open(artifacts / kUkiArtifact));
  TALLY_TRY(CheckUki(uki.bytes(), artifacts));
  TALLY_ASSIGN(const MappedFile esp,
               MappedFile::Open(artifacts / kEspArtifact));
  return CheckEsp(inputs.manifest.architecture, esp.bytes(), uki.bytes());
}

}  // namespace tally
