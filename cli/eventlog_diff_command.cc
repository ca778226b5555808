// tally eventlog diff: the first event at which a boot parted from what was
// expected, register by register.

#include "cli/eventlog_diff_command.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "builder/images.h"
#include "cli/boot_comparison_text.h"
#include "cli/release_boots.h"
#include "common/text.h"
#include "measure/boot_comparison.h"
#include "release/release.h"

namespace tally {
namespace {

// Expectation is what the log is compared with.
struct Expectation {
  // "prediction", a cell of the release, or the other log's path.
  std::string what;
  ExpectedBoot boot;
};

bool IsRelease(const fs::path& path) { return fs::exists(path / kReleaseJson); }

// UseArtifact sets a path that was not given to the release's file, if it has
// one of that name.
void UseArtifact(const fs::path& release, const char* name, fs::path* path) {
  const fs::path file = release / kArtifactsDirectory / name;
  if (path->empty() && fs::exists(file)) *path = file;
}

Result<Expectation> PredictPcrs(const EventLogDiffFlags& flags,
                                std::span<const HashAlgorithm> banks) {
  MeasureTpmFlags tpm = flags.tpm;
  if (!flags.expected.empty()) {
    UseArtifact(flags.expected, kUkiArtifact, &tpm.uki);
    UseArtifact(flags.expected, kDiskArtifact, &tpm.disk);
    if (tpm.firmware.empty()) {
      UseArtifact(flags.expected, kFirmwareVarsArtifact, &tpm.vars);
    }
  }
  if (tpm.uki.empty()) {
    return InputError("no unified kernel image, which PCRs are predicted from")
        .Hint("--uki names it");
  }
  TALLY_ASSIGN(const TpmPrediction prediction, PredictTpmBoot(tpm, banks));
  return Expectation{
      "prediction", PredictedBoot(prediction.events, prediction.not_predictable,
                                  LogRegisters::kPcrs)};
}

// UseKernel takes kernel, initrd and command line from the release.
Status UseKernel(const fs::path& release, MeasureTdxFlags* tdx) {
  UseArtifact(release, kKernelArtifact, &tdx->kernel);
  UseArtifact(release, kInitrdArtifact, &tdx->initrd);
  const fs::path file = release / kArtifactsDirectory / kCmdlineArtifact;
  if (tdx->cmdline || !fs::exists(file)) return Ok();
  constexpr uint64_t kMaxBytes = 64 << 10;
  TALLY_ASSIGN(const Bytes line, ReadFile(file, kMaxBytes));
  tdx->cmdline = std::string(AsText(line));
  return Ok();
}

Result<Expectation> PredictRtmrs(const EventLogDiffFlags& flags) {
  MeasureTdxFlags tdx = flags.tdx;
  if (!flags.expected.empty()) {
    UseArtifact(flags.expected, kFirmwareArtifact, &tdx.firmware);
    UseArtifact(flags.expected, kFirmwareVarsArtifact, &tdx.vars);
    if (tdx.kernel.empty()) {
      UseArtifact(flags.expected, kUkiArtifact, &tdx.uki);
    }
    if (!tdx.uki.empty()) UseArtifact(flags.expected, kDiskArtifact, &tdx.disk);
    if (tdx.uki.empty()) TALLY_TRY(UseKernel(flags.expected, &tdx));
  }
  TALLY_ASSIGN(const TdxPrediction prediction, PredictTdxBoot(tdx));
  return Expectation{
      "prediction", PredictedBoot(prediction.events, prediction.not_predictable,
                                  LogRegisters::kRtmrs)};
}

Result<Expectation> ExpectLog(const fs::path& path, const OpenedLog& found) {
  TALLY_ASSIGN(const OpenedLog expected, OpenEventLog(path, "auto"));
  if (expected.registers != found.registers) {
    return InputError("one log is of a TPM, the other of a TDX guest")
        .Hint("--format says what they are");
  }
  Expectation expectation = {.what = path.string(), .boot = {}};
  TALLY_ASSIGN(expectation.boot.histories,
               LoggedHistories(expected.log, expected.registers));
  return expectation;
}

// Expect returns what the boot may be: one thing, or the cells of a release.
Result<std::vector<Expectation>> Expect(const EventLogDiffFlags& flags,
                                        const OpenedLog& found,
                                        std::span<const HashAlgorithm> banks) {
  std::vector<Expectation> expectations;
  const bool is_release = !flags.expected.empty() && IsRelease(flags.expected);
  if (is_release && !flags.has_inputs) {
    TALLY_ASSIGN(std::vector<ReleaseBoot> boots,
                 PredictReleaseBoots(flags.expected, found.registers));
    for (ReleaseBoot& one : boots) {
      expectations.push_back({std::move(one.what), std::move(one.boot)});
    }
    if (!expectations.empty()) return expectations;
    if (found.registers == LogRegisters::kRtmrs) {
      return InputError(Quote(flags.expected.string()) +
                        " has no target of platform tdx")
          .Hint("say what was launched: --memory, --firmware, --uki …");
    }
  }
  const auto expect = [&]() -> Result<Expectation> {
    if (!flags.expected.empty() && !is_release) {
      return ExpectLog(flags.expected, found);
    }
    if (found.registers == LogRegisters::kRtmrs) return PredictRtmrs(flags);
    return PredictPcrs(flags, banks);
  };
  TALLY_ASSIGN(Expectation one, expect());
  expectations.push_back(std::move(one));
  return expectations;
}

Result<std::vector<HashAlgorithm>> Banks(const EventLogDiffFlags& flags,
                                         const EventLog& log) {
  TALLY_ASSIGN(std::vector<HashAlgorithm> banks,
               ParseHashNames(flags.banks, "--bank"));
  if (!banks.empty()) return banks;
  for (const EventLogAlgorithm& algorithm : EventLogAlgorithms(log)) {
    const auto hash = HashOfTpmAlgorithm(algorithm.id);
    if (hash) banks.push_back(*hash);
  }
  std::ranges::sort(banks);
  return banks;
}

// Compared is the answer, and what the log was compared with.
struct Compared {
  std::string expected;
  BootComparison comparison;
};

// NumSame counts the events that are as expected.
size_t NumSame(const BootComparison& comparison) {
  size_t count = 0;
  for (const RegisterDifference& difference : comparison.differences) {
    count += static_cast<size_t>(std::ranges::count(
        difference.steps, EventChange::kSame, &EventStep::change));
  }
  return count;
}

// Compare holds the log against each expectation and returns the one of which
// it has the most events: one that knows few registers is no better for that.
Result<Compared> Compare(const EventLogDiffFlags& flags) {
  TALLY_ASSIGN(const OpenedLog found, OpenEventLog(flags.log, flags.format));
  TALLY_ASSIGN(const std::vector<HashAlgorithm> banks, Banks(flags, found.log));
  TALLY_ASSIGN(const RegisterHistories histories,
               LoggedHistories(found.log, found.registers));
  TALLY_ASSIGN(std::vector<Expectation> expectations,
               Expect(flags, found, banks));
  std::optional<Compared> nearest;
  for (Expectation& expected : expectations) {
    TALLY_ASSIGN(BootComparison comparison,
                 CompareBoots(found.registers, std::move(expected.boot),
                              histories, banks));
    if (nearest && NumSame(comparison) <= NumSame(nearest->comparison))
      continue;
    nearest = Compared{std::move(expected.what), std::move(comparison)};
  }
  return *std::move(nearest);
}

Error Parted(const BootComparison& comparison, const EventDifference& first) {
  const BootEvent& event = comparison.NamedEvent(first.index, first.step);
  return MismatchError(
      "the boot is not the expected one from " +
      LogRegisterName(first.index, comparison.registers) +
      " on: " + std::string(EventChangeName(first.step.change)) + " " +
      BootEventTypeName(event.type) + " " + event.what);
}

}  // namespace

Status RunEventLogDiff(const EventLogDiffFlags& flags, Console& console) {
  Result<Compared> compared = Compare(flags);
  if (!compared) {
    return std::move(compared).error().While("comparing " +
                                             Quote(flags.log.string()));
  }
  const BootComparison& comparison = compared->comparison;
  const auto first = FindFirstDifference(comparison);
  console.Answer(
      "expected=" + compared->expected + "\n" + ComparisonText(comparison),
      Json::Object{{"equal", !first.has_value()},
                   {"expected", PathJson(compared->expected)},
                   {"first_difference",
                    first ? FirstDifferenceRecord(comparison, *first) : Json()},
                   {"registers", ComparisonRecord(comparison)}});
  if (first) return Parted(comparison, *first);
  return Ok();
}

}  // namespace tally
