#include "cli/igvm_artifacts.h"

#include <algorithm>
#include <functional>
#include <map>

#include "builder/artifact_writer.h"
#include "cli/snp_igvm.h"
#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

// Take gets each file: its name and bytes.
using Take = std::function<Status(const std::string& name, ByteSpan file)>;

Status ForEachCell(const TargetSpec& spec, const DirectBoot& boot,
                   const Take& take) {
  for (const CellFacts& facts : CellsOf(*spec.sev)) {
    TALLY_ASSIGN(const SnpLaunch launch, SnpLaunchOf(*spec.sev, facts, boot));
    TALLY_ASSIGN(const Bytes file,
                 BuildSnpIgvm(launch, *spec.sev->igvm_policy));
    for (const uint32_t num_vcpus : spec.sev->vcpus) {
      TALLY_TRY(take(IgvmArtifact(spec, facts, num_vcpus), file));
    }
  }
  return Ok();
}

Status ForEachIgvm(const Manifest& manifest, const fs::path& artifacts,
                   const Take& take) {
  for (const TargetSpec& spec : manifest.targets) {
    if (!spec.sev || !spec.sev->igvm_policy) continue;
    TALLY_ASSIGN(const DirectBoot boot, OpenDirectBoot(manifest, artifacts));
    Status done = ForEachCell(spec, boot, take);
    if (!done) {
      return std::move(done).error().While("building the IGVM files of '" +
                                           spec.name + "'");
    }
  }
  return Ok();
}

}  // namespace

std::string IgvmArtifact(const TargetSpec& spec, const CellFacts& facts,
                         uint32_t num_vcpus) {
  std::string name = spec.name + "-" + facts.vcpu_type;
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (facts.guest_features != 1) name += "-" + HexNumber(facts.guest_features);
  return name + "-" + std::to_string(num_vcpus) + ".igvm";
}

Result<std::vector<ArtifactFile>> WriteIgvms(const Manifest& manifest,
                                             const fs::path& artifacts) {
  std::map<std::string, FileDigest> written;
  TALLY_TRY(ForEachIgvm(
      manifest, artifacts, [&](const std::string& name, ByteSpan file) {
        const FileDigest digest{.size_bytes = file.size(),
                                .sha256 = Sha256(file)};
        if (!written.emplace(name, digest).second) {
          return Status(InputError("two targets would both have " +
                                   Quote(name) + ", expected other names"));
        }
        return WriteBytes(artifacts, name, file);
      }));
  std::vector<ArtifactFile> files;
  for (const auto& [name, digest] : written) files.push_back({name, digest});
  return files;
}

Status CheckIgvms(const Manifest& manifest, const fs::path& artifacts) {
  return ForEachIgvm(
      manifest, artifacts, [&](const std::string& name, ByteSpan expected) {
        Result<MappedFile> file = MappedFile::Open(artifacts / name);
        if (!file) return Status(file.error());
        if (std::ranges::equal(file->bytes(), expected)) return Status(Ok());
        return Status(MismatchError("'artifacts/" + name +
                                    "' is not made of this release's firmware "
                                    "and what it launches"));
      });
}

}  // namespace tally
