#include "cli/measure_targets.h"

#include <algorithm>
#include <map>
#include <optional>

#include "builder/images.h"
#include "builder/volumes.h"
#include "cli/boot_cells.h"
#include "cli/igvm_artifacts.h"
#include "cli/sev_cells.h"
#include "cli/snp_igvm.h"
#include "cli/tdx_cells.h"
#include "cli/tpm_cells.h"
#include "common/text.h"
#include "formats/snp_policy.h"
#include "measure/nitro.h"
#include "measure/sev.h"
#include "measure/snp.h"
#include "measure/vcpu_types.h"

namespace tally {
namespace {

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

// BindDirectBoot says what the launch digest binds.
void BindDirectBoot(const Manifest& manifest,
                    const std::vector<Coverage>& coverage,
                    MeasuredTarget* cell) {
  const bool has_disk = manifest.disk.has_value();
  const std::map<std::string, std::string> inputs = {
      {kFirmwareArtifact, "firmware"},
      {kKernelArtifact, "kernel"},
      {kInitrdArtifact, "initrd"},
      {kCmdlineArtifact, "cmdline"}};
  for (const auto& [artifact, input] : inputs) {
    if (artifact == kCmdlineArtifact && !has_disk) continue;
    Bind(artifact, *FindCoverage(coverage, input), cell);
  }
  if (has_disk) {
    const Coverage& cmdline = *FindCoverage(coverage, "cmdline");
    BindThroughCmdline(manifest, !cmdline.registers.empty(), cell);
  }
}

// AddCells turns one measurement, of any of the three platforms, into cells.
template <typename Measurement>
void AddCells(const Manifest& manifest, const TargetSpec& spec,
              const CellFacts& facts, const Measurement& measurement,
              std::vector<MeasuredTarget>* cells) {
  std::vector<size_t> lengths;
  for (const auto& cell : measurement.cells) lengths.push_back(cell.num_events);
  const std::vector<Sha256Digest> events_sha256 =
      DigestEventPrefixes(measurement.events, lengths);
  for (size_t i = 0; i < measurement.cells.size(); ++i) {
    const auto& cell = measurement.cells[i];
    MeasuredTarget target{
        .name = spec.name,
        .platform = spec.sev->platform,
        .profile = SevProfile(spec, facts, cell.num_vcpus),
        .registers = {
            {.name = "launch_digest",
             .algorithm = spec.sev->platform == "sev-snp" ? "sha384" : "sha256",
             .value = cell.launch_digest.hex(),
             .events_sha256 = events_sha256[i]}}};
    BindDirectBoot(manifest, measurement.coverage, &target);
    cells->push_back(std::move(target));
  }
}

Status MeasureSnpCell(const Manifest& manifest, const TargetSpec& spec,
                      const CellFacts& facts, const DirectBoot& boot,
                      const fs::path& artifacts,
                      std::vector<MeasuredTarget>* cells) {
  TALLY_ASSIGN(const SnpLaunch launch, SnpLaunchOf(*spec.sev, facts, boot));
  if (!spec.sev->igvm_policy) {
    TALLY_ASSIGN(const SnpMeasurement measurement,
                 MeasureSnp(launch, spec.sev->vcpus));
    AddCells(manifest, spec, facts, measurement, cells);
    return Ok();
  }
  for (const uint32_t num_vcpus : spec.sev->vcpus) {
    const std::string name = IgvmArtifact(spec, facts, num_vcpus);
    TALLY_ASSIGN(const MappedFile file, MappedFile::Open(artifacts / name));
    TALLY_ASSIGN(const SnpMeasurement measurement,
                 MeasureSnpIgvm(file.bytes(), launch, {&num_vcpus, 1}));
    AddCells(manifest, spec, facts, measurement, cells);
  }
  return Ok();
}

Status MeasureSevCell(const Manifest& manifest, const TargetSpec& spec,
                      const CellFacts& facts, const DirectBoot& boot,
                      std::vector<MeasuredTarget>* cells) {
  TALLY_ASSIGN(const SevLaunch launch, SevLaunchOf(*spec.sev, facts, boot));
  TALLY_ASSIGN(const SevMeasurement measurement,
               MeasureSev(launch, spec.sev->vcpus));
  AddCells(manifest, spec, facts, measurement, cells);
  return Ok();
}

Result<std::vector<MeasuredTarget>> MeasureSevTarget(
    const Manifest& manifest, const TargetSpec& spec,
    const fs::path& artifacts) {
  TALLY_ASSIGN(const DirectBoot boot, OpenDirectBoot(manifest, artifacts));
  std::vector<MeasuredTarget> cells;
  for (const CellFacts& facts : CellsOf(*spec.sev)) {
    if (spec.sev->platform == "sev-snp") {
      TALLY_TRY(MeasureSnpCell(manifest, spec, facts, boot, artifacts, &cells));
    } else {
      TALLY_TRY(MeasureSevCell(manifest, spec, facts, boot, &cells));
    }
  }
  return cells;
}

// The EIF holds all that boots; each part is bound by what binds the image.
Result<std::vector<MeasuredTarget>> MeasureNitroTarget(
    const TargetSpec& spec, const fs::path& artifacts) {
  TALLY_ASSIGN(const MappedFile eif,
               MappedFile::Open(artifacts / kEifArtifact));
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

Result<std::vector<MeasuredTarget>> MeasureTarget(const Manifest& manifest,
                                                  const TargetSpec& spec,
                                                  const fs::path& artifacts,
                                                  const fs::path& sources) {
  if (spec.sev) return MeasureSevTarget(manifest, spec, artifacts);
  if (spec.tdx) return MeasureTdxTarget(manifest, spec, artifacts, sources);
  if (spec.tpm) return MeasureTpmTarget(manifest, spec, artifacts);
  return MeasureNitroTarget(spec, artifacts);
}

Json RegisterRecord(const MeasuredTarget& target,
                    const MeasuredRegister& found) {
  const bool is_known = !found.value.empty();
  Json::Object record{
      {"algorithm", found.algorithm},
      {"value", is_known ? Json(found.value) : Json()},
      {"status", found.status},
      {"events_sha256", is_known ? Json(found.events_sha256.hex()) : Json()}};
  // The other platforms' registers always have a value.
  if (target.platform == "tdx" || target.platform == "tpm") {
    record["why"] = found.why.empty() ? Json() : Json(found.why);
  }
  return record;
}

Json TargetRecord(const MeasuredTarget& target) {
  Json::Object registers;
  for (const MeasuredRegister& found : target.registers) {
    registers[found.name] = RegisterRecord(target, found);
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
    const Status boot = CheckBootTarget(target);
    if (!boot) {
      return InputError(At(manifest, target.where) + ": " +
                        boot.error().message());
    }
    if (!target.sev) continue;
    for (const std::string& name : target.sev->vcpu_types) {
      if (name.empty()) continue;
      const Result<VcpuType> type = FindVcpuType(name);
      if (!type) {
        return InputError(At(manifest, target.where) + ": " +
                          type.error().message());
      }
    }
    if (!target.sev->igvm_policy) continue;
    const Status policy = CheckSnpPolicy(*target.sev->igvm_policy);
    if (!policy) {
      return InputError(At(manifest, target.where) + ": " +
                        policy.error().message());
    }
  }
  return Ok();
}

void BindThroughCmdline(const Manifest& manifest, bool is_cmdline_bound,
                        MeasuredTarget* target) {
  std::vector<std::string> artifacts = {kRootArtifact, kVerityArtifact,
                                        kDiskArtifact};
  for (const VolumeSpec& volume : manifest.volumes) {
    artifacts.push_back(VolumeArtifact(volume.name));
  }
  for (const std::string& artifact : artifacts) {
    target->coverage.push_back(
        {.artifact = artifact,
         .bound_by = is_cmdline_bound ? kCmdlineArtifact : "",
         .why_not = is_cmdline_bound
                        ? ""
                        : "its root hash is in the command line, which is "
                          "not covered"});
  }
}

Result<std::vector<MeasuredTarget>> MeasureTargets(const Manifest& manifest,
                                                   const fs::path& artifacts,
                                                   const fs::path& sources) {
  std::vector<MeasuredTarget> all;
  for (const TargetSpec& spec : manifest.targets) {
    Result<std::vector<MeasuredTarget>> cells =
        MeasureTarget(manifest, spec, artifacts, sources);
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
  std::vector<std::string> facts;
  for (const char* key : {"vmm", "vcpu_type", "firmware_profile", "bank"}) {
    const Json* fact = target.profile.Find(key);
    if (fact != nullptr) facts.push_back(*fact->text());
  }
  if (const Json* memory = target.profile.Find("memory_bytes")) {
    facts.push_back(std::to_string(*memory->integer() >> 20) + " MiB");
  }
  if (const Json* vcpus = target.profile.Find("vcpus")) {
    facts.push_back(std::to_string(*vcpus->integer()) +
                    (*vcpus->integer() == 1 ? " vCPU" : " vCPUs"));
  }
  const Json* features = target.profile.Find("guest_features");
  if (features != nullptr && *features->text() != "0x1") {
    facts.push_back("features " + *features->text());
  }
  if (facts.empty()) return target.name;
  return target.name + " (" + Join(facts, ", ") + ")";
}

}  // namespace tally
