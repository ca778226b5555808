#include "cli/match_why.h"

#include <algorithm>
#include <span>
#include <utility>

#include "cli/boot_comparison_text.h"
#include "cli/difference_records.h"
#include "cli/inputs.h"
#include "cli/launch_search.h"
#include "cli/sev_cells.h"
#include "cli/tdx_cells.h"
#include "cli/tpm_cells.h"
#include "common/text.h"
#include "measure/tdx_why.h"
#include "release/release.h"

namespace tally {
namespace {

// Mismatch is what there is to explain.
struct Mismatch {
  const ReleaseFiles& files;
  const TargetSpec& spec;
  const Evidence& evidence;
  const TargetVerdict& verdict;

  bool is_cell(const Json& profile) const {
    return ProfileText(profile) == verdict.target.profile;
  }
};

// Differing returns the attested values of the registers that differ.
std::vector<RegisterVerdict> Differing(const TargetVerdict& verdict) {
  std::vector<RegisterVerdict> differing;
  std::ranges::copy_if(verdict.registers, std::back_inserter(differing),
                       [](const RegisterVerdict& one) {
                         return one.outcome == RegisterOutcome::kDiffers;
                       });
  return differing;
}

// DifferingIndices returns 4 for a "pcr4" that differs.
std::vector<uint32_t> DifferingIndices(const TargetVerdict& verdict,
                                       const std::string& prefix) {
  std::vector<uint32_t> indices;
  for (const RegisterVerdict& one : Differing(verdict)) {
    if (!one.name.starts_with(prefix)) continue;
    const auto index = ParseUnsigned(one.name.substr(prefix.size()));
    if (index) indices.push_back(static_cast<uint32_t>(*index));
  }
  return indices;
}

// AddFirstDifference holds the guest's log against the prediction.
Status AddFirstDifference(
    const Mismatch& mismatch, std::span<const BootEvent> events,
    const std::map<uint32_t, std::string>& not_predictable,
    LogRegisters registers, MatchWhy* why) {
  if (!mismatch.evidence.event_log) return Ok();
  TALLY_ASSIGN(const EventLog log, ParseEventLog(*mismatch.evidence.event_log));
  TALLY_ASSIGN(RegisterHistories found, LoggedHistories(log, registers));
  TALLY_ASSIGN(
      const BootComparison comparison,
      CompareBoots(registers, PredictedBoot(events, not_predictable, registers),
                   std::move(found), {}));
  const bool is_pcr = registers == LogRegisters::kPcrs;
  const std::vector<uint32_t> indices =
      DifferingIndices(mismatch.verdict, is_pcr ? "pcr" : "rtmr");
  if (indices.empty()) return Ok();
  const auto first = FindFirstDifference(comparison, indices);
  if (!first) return Ok();
  why->first_difference = FirstDifferenceText(comparison, *first);
  why->first_difference_record = FirstDifferenceRecord(comparison, *first);
  return Ok();
}

// --- TDX

Result<TdxSearch> SearchFor(const Mismatch& mismatch, const TdxCells& opened,
                            const TdxCell& cell) {
  TdxSearch search = {.boot = opened.boot,
                      .memory_bytes = cell.memory_bytes,
                      .page_order = opened.page_order};
  if (cell.acpi.origin != AcpiOrigin::kNone) {
    search.boot.acpi = cell.acpi.tables;
  }
  for (const RegisterVerdict& one : Differing(mismatch.verdict)) {
    if (one.name == "mrtd") search.mrtd = one.attested;
  }
  constexpr uint32_t kRtmrsOfTheBoot = 3;
  for (const uint32_t index : DifferingIndices(mismatch.verdict, "rtmr")) {
    if (index >= kRtmrsOfTheBoot) continue;
    search.rtmrs[index] = std::ranges::find(mismatch.verdict.registers,
                                            "rtmr" + std::to_string(index),
                                            &RegisterVerdict::name)
                              ->attested;
  }
  if (mismatch.evidence.event_log) {
    TALLY_ASSIGN(const EventLog log,
                 ParseEventLog(*mismatch.evidence.event_log));
    TALLY_ASSIGN(search.log, LogBootEvents(log, LogRegisters::kRtmrs));
  }
  return search;
}

Status AddTdxSearch(const TdxSearch& search, MatchWhy* why) {
  if (!search.mrtd && search.rtmrs.empty()) return Ok();
  TALLY_ASSIGN(const std::vector<TdxRegisterWhy> registers, ExplainTdx(search));
  for (const TdxRegisterWhy& found : registers) {
    RegisterWhy& one = why->registers.emplace_back();
    one.name = found.name;
    one.left = found.left;
    one.differences = found.differences;
  }
  return Ok();
}

Status ExplainTdxCell(const Mismatch& mismatch, MatchWhy* why) {
  TALLY_ASSIGN(TdxCells opened,
               OpenTdxCells(mismatch.files.manifest, *mismatch.spec.tdx,
                            mismatch.files.artifacts, mismatch.files.sources));
  std::erase_if(opened.cells, [&](const TdxCell& cell) {
    return !mismatch.is_cell(cell.profile);
  });
  if (opened.cells.size() != 1) {
    return InputError("the manifest has no such cell");
  }
  TALLY_ASSIGN(const std::vector<TdxPrediction> predictions,
               PredictTdxCells(opened));
  const TdxPrediction& prediction = predictions.front();
  TALLY_TRY(AddFirstDifference(mismatch, prediction.events,
                               prediction.not_predictable, LogRegisters::kRtmrs,
                               why));
  TALLY_ASSIGN(const TdxSearch search,
               SearchFor(mismatch, opened, opened.cells.front()));
  return AddTdxSearch(search, why);
}

// --- SEV-SNP

// FindSnpCell returns the launch of the verdict's cell, without its digest.
Result<SnpQuestion> FindSnpCell(const Mismatch& mismatch,
                                const DirectBoot& boot) {
  const SevTarget& target = *mismatch.spec.sev;
  for (const CellFacts& facts : CellsOf(target)) {
    for (const uint32_t num_vcpus : target.vcpus) {
      if (!mismatch.is_cell(SevProfile(mismatch.spec, facts, num_vcpus))) {
        continue;
      }
      SnpQuestion question{.num_vcpus = num_vcpus};
      TALLY_ASSIGN(question.launch, SnpLaunchOf(target, facts, boot));
      if (boot.cmdline) question.cmdline = AsText(boot.cmdline->bytes());
      return question;
    }
  }
  return InputError("the manifest has no such cell");
}

Status ExplainSnpCell(const Mismatch& mismatch, MatchWhy* why) {
  const std::vector<RegisterVerdict> differing = Differing(mismatch.verdict);
  if (differing.empty()) return Ok();
  if (mismatch.spec.sev->igvm_policy) {
    return InputError("launches of IGVM files are not searched");
  }
  TALLY_ASSIGN(const DirectBoot boot, OpenDirectBoot(mismatch.files.manifest,
                                                     mismatch.files.artifacts));
  TALLY_ASSIGN(SnpQuestion question, FindSnpCell(mismatch, boot));
  TALLY_ASSIGN(question.expected,
               SnpLaunchDigest::FromBytes(differing.front().attested));
  TALLY_ASSIGN(const LaunchAnswer answer, SearchSnp(question));
  RegisterWhy& one = why->registers.emplace_back();
  one.name = differing.front().name;
  if (answer.found) {
    one.differences = answer.found->differences;
  } else {
    one.left = Join(answer.notes, "; ");
  }
  return Ok();
}

// --- TPM

Status ExplainTpmCell(const Mismatch& mismatch, MatchWhy* why) {
  TALLY_ASSIGN(const TpmCells opened,
               OpenTpmCells(mismatch.files.manifest, *mismatch.spec.tpm,
                            mismatch.files.artifacts));
  TALLY_ASSIGN(const TpmPrediction prediction, PredictTpm(opened.boot));
  return AddFirstDifference(mismatch, prediction.events,
                            prediction.not_predictable, LogRegisters::kPcrs,
                            why);
}

Status ExplainCell(const Mismatch& mismatch, MatchWhy* why) {
  if (mismatch.spec.sev) return ExplainSnpCell(mismatch, why);
  if (mismatch.spec.tdx) return ExplainTdxCell(mismatch, why);
  if (mismatch.spec.tpm) return ExplainTpmCell(mismatch, why);
  return Ok();
}

Status Explain(const ReleaseFiles& files, const Evidence& evidence,
               const TargetVerdict& verdict, MatchWhy* why) {
  const auto& targets = files.manifest.targets;
  const auto spec =
      std::ranges::find(targets, verdict.target.target, &TargetSpec::name);
  if (spec == targets.end()) {
    return InputError("the manifest has no such target");
  }
  return ExplainCell(
      {.files = files, .spec = *spec, .evidence = evidence, .verdict = verdict},
      why);
}

std::string RegisterWhyText(const RegisterWhy& why) {
  if (!why.differences) {
    return "  not explained     " + why.name + ": " + why.left + "\n";
  }
  if (why.differences->empty()) {
    return "  explained         " + why.name +
           ": the release's artifacts give the attested value; "
           "measurements.json "
           "is not theirs\n";
  }
  std::string text;
  for (const LaunchDifference& difference : *why.differences) {
    text += "  explained         " + why.name + ": " + difference.input +
            ": expected " + difference.given + ", attested " +
            difference.found + "\n";
  }
  return text;
}

}  // namespace

MatchWhy ExplainMismatch(const ReleaseFiles& files, const Evidence& evidence,
                         const TargetVerdict& verdict) {
  MatchWhy why;
  const Status status = Explain(files, evidence, verdict, &why);
  if (!status) why.why_not = status.error().message();
  return why;
}

MatchWhy ExplainMismatch(const fs::path& release, const Evidence& evidence,
                         const TargetVerdict& verdict) {
  MatchWhy why;
  // The others' registers say themselves which part of an image differs.
  const std::string& platform = verdict.target.platform;
  if (platform != "sev-snp" && platform != "tdx" && platform != "tpm") {
    return why;
  }
  const Result<Inputs> inputs = LoadInputs(release);
  if (!inputs) {
    why.why_not = inputs.error().message();
    return why;
  }
  return ExplainMismatch({.manifest = inputs->manifest,
                          .artifacts = release / kArtifactsDirectory,
                          .sources = release / kSourcesDirectory},
                         evidence, verdict);
}

std::string MatchWhyText(const MatchWhy& why) {
  std::string text;
  if (!why.first_difference.empty()) {
    text += "  first difference  " + why.first_difference + "\n";
  }
  for (const RegisterWhy& one : why.registers) text += RegisterWhyText(one);
  if (!why.why_not.empty()) {
    text += "  not explained     " + why.why_not + "\n";
  }
  return text;
}

Json ExplanationRecords(const MatchWhy& why) {
  Json::Array records;
  for (const RegisterWhy& one : why.registers) {
    records.push_back(
        Json::Object{{"differences", DifferenceRecords(one.differences)},
                     {"explained", one.differences.has_value()},
                     {"left", one.left.empty() ? Json() : Json(one.left)},
                     {"register", one.name}});
  }
  return records;
}

}  // namespace tally
