#include "cli/measure_targets.h"

#include <algorithm>
#include <map>
#include <optional>

#include "builder/images.h"
#include "builder/volumes.h"
#include "common/text.h"
#include "formats/ovmf.h"
#include "measure/nitro.h"
#include "measure/snp.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

// OpenArtifact maps a file that this release holds.
Result<MappedFile> OpenArtifact(const fs::path& artifacts, const char* name) {
  return MappedFile::Open(artifacts / name);
}

// FindCoverage returns what a measurer said about one of its inputs.
const Coverage* FindCoverage(const std::vector<Coverage>& coverage,
                             const std::string& input) {
  const auto found = std::ranges::find(coverage, input, &Coverage::input);
  return found == coverage.end() ? nullptr : &*found;
}

// Bind records what a measurer says about one artifact.
void Bind(const std::string& artifact, const Coverage& coverage,
          MeasuredTarget* target) {
  target->coverage.push_back(
      {.artifact = artifact,
       .bound_by = coverage.registers.empty() ? "" : coverage.registers.front(),
       .why_not = coverage.why_not});
}

// BindThroughCmdline records what the root hash in the command line binds, if
// the command line itself is bound.
void BindThroughCmdline(const Manifest& manifest, const Coverage& cmdline,
                        MeasuredTarget* target) {
  const bool bound = !cmdline.registers.empty();
  std::vector<std::string> artifacts = {kRootArtifact, kVerityArtifact,
                                        kDiskArtifact};
  for (const VolumeSpec& volume : manifest.volumes) {
    artifacts.push_back(VolumeArtifact(volume.name));
  }
  for (const std::string& artifact : artifacts) {
    target->coverage.push_back(
        {.artifact = artifact,
         .bound_by = bound ? kCmdlineArtifact : "",
         .why_not = bound ? ""
                          : "its root hash is in the command line, which is "
                            "not covered"});
  }
}

// The bytes that a direct boot of the disk image launches.
struct DirectBoot {
  MappedFile firmware;
  MappedFile kernel;
  MappedFile initrd;
  std::optional<MappedFile> cmdline;
};

Result<DirectBoot> OpenDirectBoot(const Manifest& manifest,
                                  const fs::path& artifacts) {
  TALLY_ASSIGN(MappedFile firmware, OpenArtifact(artifacts, kFirmwareArtifact));
  TALLY_ASSIGN(MappedFile kernel, OpenArtifact(artifacts, kKernelArtifact));
  TALLY_ASSIGN(MappedFile initrd, OpenArtifact(artifacts, kInitrdArtifact));
  DirectBoot boot{.firmware = std::move(firmware),
                  .kernel = std::move(kernel),
                  .initrd = std::move(initrd)};
  if (manifest.disk) {
    TALLY_ASSIGN(boot.cmdline, OpenArtifact(artifacts, kCmdlineArtifact));
  }
  return boot;
}

// SnpLaunchFrom maps a manifest's target and its artifacts to the measurer's
// struct. QEMU puts kernel hashes into the guest if the firmware has a table
// for them; without one, it loads the kernel unmeasured.
Result<SnpLaunch> SnpLaunchFrom(const SnpTarget& target,
                                const DirectBoot& boot) {
  SnpLaunch launch{.firmware = boot.firmware.bytes(),
                   .guest_features = target.guest_features};
  TALLY_ASSIGN(launch.vmm, FindSnpVmm(target.vmm));
  TALLY_ASSIGN(const VcpuType vcpu_type, FindVcpuType(target.vcpu_type));
  launch.vcpu_signature = vcpu_type.signature();
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(boot.firmware.bytes()));
  if (ProfileOf(launch.vmm).measures_kernel && HasKernelHashesTable(layout)) {
    launch.kernel_hashes = HashKernelInputs(
        boot.kernel.bytes(), boot.initrd.bytes(),
        boot.cmdline ? AsText(boot.cmdline->bytes()) : std::string_view());
  }
  return launch;
}

MeasuredTarget SnpTargetCell(const Manifest& manifest, const std::string& name,
                             const SnpTarget& target,
                             const SnpMeasurement& measurement,
                             const SnpCell& snp) {
  const bool has_disk = manifest.disk.has_value();
  MeasuredTarget cell{
      .name = name,
      .platform = "sev-snp",
      .profile =
          Json::Object{{"vmm", target.vmm},
                       {"vcpu_type", target.vcpu_type},
                       {"vcpus", int64_t{snp.num_vcpus}},
                       {"guest_features", HexNumber(target.guest_features)}},
      .registers = {
          {.name = "launch_digest",
           .value = snp.launch_digest.hex(),
           .events_sha256 = DigestEvents(measurement.EventsOf(snp))}}};
  const std::map<std::string, std::string> inputs = {
      {kFirmwareArtifact, "firmware"},
      {kKernelArtifact, "kernel"},
      {kInitrdArtifact, "initrd"},
      {kCmdlineArtifact, "cmdline"}};
  for (const auto& [artifact, input] : inputs) {
    if (artifact == kCmdlineArtifact && !has_disk) continue;
    Bind(artifact, *FindCoverage(measurement.coverage, input), &cell);
  }
  if (has_disk) {
    BindThroughCmdline(manifest, *FindCoverage(measurement.coverage, "cmdline"),
                       &cell);
  }
  return cell;
}

Result<std::vector<MeasuredTarget>> MeasureSnpTarget(
    const Manifest& manifest, const TargetSpec& spec,
    const fs::path& artifacts) {
  TALLY_ASSIGN(const DirectBoot boot, OpenDirectBoot(manifest, artifacts));
  TALLY_ASSIGN(const SnpLaunch launch, SnpLaunchFrom(*spec.snp, boot));
  TALLY_ASSIGN(const SnpMeasurement measurement,
               MeasureSnp(launch, spec.snp->vcpus));
  std::vector<MeasuredTarget> cells;
  for (const SnpCell& snp : measurement.cells) {
    cells.push_back(
        SnpTargetCell(manifest, spec.name, *spec.snp, measurement, snp));
  }
  return cells;
}

// The EIF holds all that boots; each part is bound by what binds the image.
Result<std::vector<MeasuredTarget>> MeasureNitroTarget(
    const TargetSpec& spec, const fs::path& artifacts) {
  TALLY_ASSIGN(const MappedFile eif, OpenArtifact(artifacts, kEifArtifact));
  TALLY_ASSIGN(const NitroMeasurement measurement, MeasureNitro(eif.bytes()));
  MeasuredTarget target{
      .name = spec.name, .platform = "nitro", .profile = Json::Object{}};
  for (const NitroRegister& pcr : measurement.registers) {
    target.registers.push_back({.name = pcr.name,
                                .value = pcr.value.hex(),
                                .events_sha256 = DigestEvents(pcr.events)});
  }
  for (const Coverage& input : measurement.coverage) {
    if (!input.affects_boot) continue;
    Bind(std::string(kEifArtifact) + "/" + input.input, input, &target);
  }
  return std::vector<MeasuredTarget>{std::move(target)};
}

Json TargetRecord(const MeasuredTarget& target) {
  Json::Object registers;
  for (const MeasuredRegister& value : target.registers) {
    registers[value.name] =
        Json::Object{{"algorithm", "sha384"},
                     {"value", value.value},
                     {"status", "predicted"},
                     {"events_sha256", value.events_sha256.hex()}};
  }
  Json::Object coverage;
  for (const BoundArtifact& bound : target.coverage) {
    coverage[bound.artifact] =
        bound.bound_by.empty() ? Json() : Json(bound.bound_by);
  }
  const std::vector<std::string> lines = CoverageWarnings(target);
  Json::Array warnings(lines.begin(), lines.end());
  return Json::Object{{"name", target.name},
                      {"platform", target.platform},
                      {"profile", target.profile},
                      {"registers", std::move(registers)},
                      {"coverage", std::move(coverage)},
                      {"warnings", std::move(warnings)}};
}

}  // namespace

Status CheckTargetNames(const Manifest& manifest) {
  for (const TargetSpec& target : manifest.targets) {
    if (!target.snp) continue;
    const Result<VcpuType> type = FindVcpuType(target.snp->vcpu_type);
    if (!type) {
      return InputError(At(manifest, target.where) + ": " +
                        type.error().message());
    }
  }
  return Ok();
}

Result<std::vector<MeasuredTarget>> MeasureTargets(const Manifest& manifest,
                                                   const fs::path& artifacts) {
  std::vector<MeasuredTarget> all;
  for (const TargetSpec& spec : manifest.targets) {
    Result<std::vector<MeasuredTarget>> cells =
        spec.snp ? MeasureSnpTarget(manifest, spec, artifacts)
                 : MeasureNitroTarget(spec, artifacts);
    if (!cells) {
      return std::move(cells).error().While("measuring target '" + spec.name +
                                            "'");
    }
    for (MeasuredTarget& cell : *cells) {
      const std::vector<std::string> warnings = CoverageWarnings(cell);
      if (spec.require_full_coverage && !warnings.empty()) {
        return InputError(At(manifest, spec.where) + ": target '" + spec.name +
                          "' requires full coverage, but " + warnings.front());
      }
      all.push_back(std::move(cell));
    }
  }
  return all;
}

std::vector<std::string> CoverageWarnings(const MeasuredTarget& target) {
  std::vector<std::string> warnings;
  for (const BoundArtifact& artifact : target.coverage) {
    if (!artifact.bound_by.empty()) continue;
    warnings.push_back(artifact.artifact + ": not covered; " +
                       artifact.why_not);
  }
  return warnings;
}

std::vector<std::string> CoverageSummary(const MeasuredTarget& target) {
  std::vector<std::string> reasons;
  std::map<std::string, std::vector<std::string>> artifacts;
  for (const BoundArtifact& artifact : target.coverage) {
    if (!artifact.bound_by.empty()) continue;
    std::vector<std::string>& names = artifacts[artifact.why_not];
    if (names.empty()) reasons.push_back(artifact.why_not);
    names.push_back(artifact.artifact);
  }
  std::vector<std::string> lines;
  for (const std::string& reason : reasons) {
    lines.push_back("not covered: " + Join(artifacts[reason], ", ") + " (" +
                    reason + ")");
  }
  return lines;
}

std::string FormatMeasurements(const std::vector<MeasuredTarget>& targets) {
  Json::Array records;
  for (const MeasuredTarget& target : targets) {
    records.push_back(TargetRecord(target));
  }
  return Json(Json::Object{{"targets", std::move(records)}}).Pretty();
}

std::string TargetLabel(const MeasuredTarget& target) {
  const Json* vcpus = target.profile.Find("vcpus");
  if (vcpus == nullptr) return target.name;
  return target.name + " (" + *target.profile.Find("vmm")->text() + ", " +
         *target.profile.Find("vcpu_type")->text() + ", " +
         std::to_string(*vcpus->integer()) +
         (*vcpus->integer() == 1 ? " vCPU)" : " vCPUs)");
}

}  // namespace tally
