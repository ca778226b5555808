#include "cli/release_boots.h"

#include <utility>

#include "attest/published.h"
#include "cli/inputs.h"
#include "cli/tdx_cells.h"
#include "cli/tpm_cells.h"
#include "release/release.h"

namespace tally {
namespace {

std::string CellName(const TargetSpec& target, const Json& profile) {
  const std::string text = ProfileText(profile);
  return "target " + target.name + (text.empty() ? "" : " (" + text + ")");
}

Status AddTdxBoots(const Manifest& manifest, const TargetSpec& target,
                   const fs::path& release, std::vector<ReleaseBoot>* boots) {
  TALLY_ASSIGN(
      const TdxCells opened,
      OpenTdxCells(manifest, *target.tdx, release / kArtifactsDirectory,
                   release / kSourcesDirectory));
  TALLY_ASSIGN(const std::vector<TdxPrediction> predictions,
               PredictTdxCells(opened));
  for (size_t i = 0; i < predictions.size(); ++i) {
    const TdxPrediction& prediction = predictions[i];
    boots->push_back(
        {CellName(target, opened.cells[i].profile),
         PredictedBoot(prediction.events, prediction.not_predictable,
                       LogRegisters::kRtmrs)});
  }
  return Ok();
}

Status AddTpmBoot(const Manifest& manifest, const TargetSpec& target,
                  const fs::path& release, std::vector<ReleaseBoot>* boots) {
  TALLY_ASSIGN(
      const TpmCells opened,
      OpenTpmCells(manifest, *target.tpm, release / kArtifactsDirectory));
  TALLY_ASSIGN(const TpmPrediction prediction, PredictTpm(opened.boot));
  boots->push_back({CellName(target, Json()),
                    PredictedBoot(prediction.events, prediction.not_predictable,
                                  LogRegisters::kPcrs)});
  return Ok();
}

}  // namespace

Result<std::vector<ReleaseBoot>> PredictReleaseBoots(const fs::path& release,
                                                     LogRegisters registers) {
  TALLY_ASSIGN(const Inputs inputs, LoadInputs(release));
  const bool is_tdx = registers == LogRegisters::kRtmrs;
  std::vector<ReleaseBoot> boots;
  for (const TargetSpec& target : inputs.manifest.targets) {
    if (is_tdx && target.tdx) {
      TALLY_TRY(AddTdxBoots(inputs.manifest, target, release, &boots));
    }
    if (!is_tdx && target.tpm) {
      TALLY_TRY(AddTpmBoot(inputs.manifest, target, release, &boots));
    }
  }
  return boots;
}

}  // namespace tally
