#include "cli/igvm_command.h"

#include "cli/launch_inputs.h"
#include "cli/measure_answer.h"
#include "cli/option_value.h"
#include "cli/snp_igvm.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/snp_policy.h"

namespace tally {
namespace {

std::string AnswerText(const SnpMeasurement& measurement) {
  std::string text;
  for (const SnpCell& cell : measurement.cells) {
    // One value is printed bare, as `measure snp` does.
    if (measurement.cells.size() > 1) {
      text += "vcpus=" + std::to_string(cell.num_vcpus) + " launch_digest=";
    }
    text += cell.launch_digest.hex() + "\n";
  }
  return text;
}

Json AnswerRecord(const SnpMeasurement& measurement, const fs::path& output,
                  ByteSpan file) {
  Json::Array cells;
  for (const SnpCell& cell : measurement.cells) {
    cells.push_back(Json::Object{{"vcpus", int64_t{cell.num_vcpus}},
                                 {"launch_digest", cell.launch_digest.hex()}});
  }
  return Json::Object{{"file", PathJson(output)},
                      {"size", static_cast<uint64_t>(file.size())},
                      {"sha256", Sha256(file).hex()},
                      {"cells", std::move(cells)}};
}

struct BuiltIgvm {
  Bytes file;
  SnpMeasurement measurement;
};

Result<BuiltIgvm> BuildAndMeasure(const SnpLaunch& launch, uint64_t policy,
                                  std::span<const uint32_t> vcpus) {
  BuiltIgvm built;
  TALLY_ASSIGN(built.file, BuildSnpIgvm(launch, policy));
  TALLY_ASSIGN(built.measurement, MeasureSnpIgvm(built.file, launch, vcpus));
  return built;
}

}  // namespace

Status RunIgvmBuild(const IgvmBuildFlags& flags, Console& console) {
  if (flags.output.empty()) return UsageError("the output has no name");
  TALLY_ASSIGN(const uint64_t policy,
               OfOption("--policy", ParseSnpPolicy(flags.policy)));
  TALLY_ASSIGN(const LaunchInputs inputs, OpenLaunch(flags.launch));
  if (inputs.snp.vmm != SnpVmm::kQemu) {
    return UsageError("--vmm-type: QEMU alone is known to load such files");
  }
  for (const std::string& warning : inputs.warnings) console.Warn(warning);
  Result<BuiltIgvm> built =
      BuildAndMeasure(inputs.snp, policy, flags.launch.vcpus);
  if (!built) {
    return std::move(built).error().While(
        "building " + Quote(flags.output.string()) + " of " +
        Quote(flags.launch.ovmf.string()));
  }
  TALLY_TRY(WriteFileAtomic(flags.output, built->file));
  WarnUncovered(built->measurement.coverage, console);
  console.Answer(AnswerText(built->measurement),
                 AnswerRecord(built->measurement, flags.output, built->file));
  return Ok();
}

}  // namespace tally
