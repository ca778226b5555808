// tally eventlog diff: the first event at which a boot parted from what was
// expected, register by register.

#include "cli/eventlog_diff_command.h"

#include <algorithm>

#include "builder/images.h"
#include "common/text.h"
#include "measure/event_diff.h"
#include "release/release.h"

namespace tally {
namespace {

// Expectation is what the log is compared with.
struct Expectation {
  std::string what;  // "prediction", or the other log's path
  RegisterHistories histories;
  // The registers that were not predicted, with the reason.
  std::map<uint32_t, std::string> unknown;
};

// RegisterDifference is the alignment of one register.
struct RegisterDifference {
  uint32_t index = 0;
  std::string why_not;  // it was not compared
  std::vector<EventStep> steps;

  bool is_equal() const {
    return std::ranges::all_of(steps, [](const EventStep& step) {
      return step.change == EventChange::kSame;
    });
  }
};

// Compared is both sides and what came out.
struct Compared {
  LogRegisters registers = LogRegisters::kPcrs;
  Expectation expected;
  RegisterHistories found;
  std::vector<RegisterDifference> differences;
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
  Expectation expectation = {.what = "prediction"};
  expectation.histories =
      PredictedHistories(prediction.events, LogRegisters::kPcrs);
  expectation.unknown = prediction.not_predictable;
  return expectation;
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
  Expectation expectation = {.what = "prediction"};
  expectation.histories =
      PredictedHistories(prediction.events, LogRegisters::kRtmrs);
  expectation.unknown = prediction.not_predictable;
  expectation.unknown.emplace(3, "applications extend it");
  return expectation;
}

Result<Expectation> ExpectLog(const fs::path& path, const OpenedLog& found) {
  TALLY_ASSIGN(const OpenedLog expected, OpenEventLog(path, "auto"));
  if (expected.registers != found.registers) {
    return InputError("one log is of a TPM, the other of a TDX guest")
        .Hint("--format says what they are");
  }
  Expectation expectation = {.what = path.string()};
  TALLY_ASSIGN(expectation.histories,
               LoggedHistories(expected.log, expected.registers));
  return expectation;
}

Result<Expectation> Expect(const EventLogDiffFlags& flags,
                           const OpenedLog& found,
                           std::span<const HashAlgorithm> banks) {
  if (!flags.expected.empty() && !IsRelease(flags.expected)) {
    return ExpectLog(flags.expected, found);
  }
  if (found.registers == LogRegisters::kRtmrs) return PredictRtmrs(flags);
  return PredictPcrs(flags, banks);
}

// KeepBanks leaves only the digests that are to be compared.
void KeepBanks(std::span<const HashAlgorithm> banks,
               RegisterHistories* histories) {
  for (auto& [index, history] : *histories) {
    for (BootEvent& event : history.events) {
      std::erase_if(event.digests, [&](const auto& digest) {
        return std::ranges::find(banks, digest.first) == banks.end();
      });
    }
  }
}

// A prediction knows nothing of PCR 16 and above: debugging, dynamic launches,
// applications.
std::string WhyNotCompared(const Compared& compared, uint32_t index) {
  const auto unknown = compared.expected.unknown.find(index);
  if (unknown != compared.expected.unknown.end()) return unknown->second;
  if (compared.expected.what == "prediction" && index >= kTpmPcrs) {
    return "it does not belong to the boot";
  }
  return "";
}

Status CompareRegisters(Compared* compared) {
  std::map<uint32_t, RegisterDifference> differences;
  for (const auto& [index, why] : compared->expected.unknown) {
    differences[index] = {};
  }
  for (const auto& [index, history] : compared->expected.histories) {
    differences[index] = {};
  }
  for (const auto& [index, history] : compared->found) differences[index] = {};
  for (auto& [index, difference] : differences) {
    difference.index = index;
    difference.why_not = WhyNotCompared(*compared, index);
    if (difference.why_not.empty()) {
      TALLY_ASSIGN(difference.steps,
                   AlignEvents(compared->expected.histories[index].events,
                               compared->found[index].events));
    }
    compared->differences.push_back(std::move(difference));
  }
  return Ok();
}

Result<Compared> Compare(const EventLogDiffFlags& flags) {
  TALLY_ASSIGN(const OpenedLog found, OpenEventLog(flags.log, flags.format));
  TALLY_ASSIGN(std::vector<HashAlgorithm> banks,
               ParseHashNames(flags.banks, "--bank"));
  if (banks.empty()) {
    for (const EventLogAlgorithm& algorithm : EventLogAlgorithms(found.log)) {
      const auto hash = HashOfTpmAlgorithm(algorithm.id);
      if (hash) banks.push_back(*hash);
    }
    std::ranges::sort(banks);
  }
  Compared compared = {.registers = found.registers};
  TALLY_ASSIGN(compared.found, LoggedHistories(found.log, found.registers));
  TALLY_ASSIGN(compared.expected, Expect(flags, found, banks));
  KeepBanks(banks, &compared.found);
  KeepBanks(banks, &compared.expected.histories);
  TALLY_TRY(CompareRegisters(&compared));
  return compared;
}

const BootEvent& ExpectedEvent(const Compared& compared, uint32_t index,
                               const EventStep& step) {
  return compared.expected.histories.at(index).events[*step.expected];
}

const BootEvent& FoundEvent(const Compared& compared, uint32_t index,
                            const EventStep& step) {
  return compared.found.at(index).events[*step.found];
}

// EventOf returns the event that a step is about: what was found, if anything.
const BootEvent& EventOf(const Compared& compared, uint32_t index,
                         const EventStep& step) {
  return step.found ? FoundEvent(compared, index, step)
                    : ExpectedEvent(compared, index, step);
}

std::string StrongestDigest(const BootEvent& event) {
  if (event.digests.empty()) return "no digest";
  const auto& [bank, digest] = *event.digests.rbegin();
  return std::string(HashName(bank)) + ":" + Hex(digest);
}

std::string StepText(const Compared& compared, uint32_t index,
                     const EventStep& step) {
  const BootEvent& event = EventOf(compared, index, step);
  std::string text = "  " + std::string(EventChangeName(step.change)) + " " +
                     BootEventTypeName(event.type) + "  " + event.what + "\n";
  if (step.expected) {
    const BootEvent& expected = ExpectedEvent(compared, index, step);
    text += "    expected " + StrongestDigest(expected);
    if (expected.what != event.what) text += "  " + expected.what;
    text += "\n";
  }
  if (step.found) {
    text += "    found    " + StrongestDigest(event) + "  at " +
            HexNumber(compared.found.at(index).offsets[*step.found]) + "\n";
  }
  return text;
}

std::string RegisterText(const Compared& compared,
                         const RegisterDifference& difference) {
  std::string text = LogRegisterName(difference.index, compared.registers);
  if (!difference.why_not.empty()) {
    return text + "=not compared: " + difference.why_not + "\n";
  }
  if (difference.is_equal()) {
    return text + "=equal (" + std::to_string(difference.steps.size()) +
           " events)\n";
  }
  size_t num_same = 0;
  while (difference.steps[num_same].change == EventChange::kSame) ++num_same;
  text += "=different, after " + std::to_string(num_same) + " same events\n";
  for (const EventStep& step : difference.steps) {
    if (step.change == EventChange::kSame) continue;
    text += StepText(compared, difference.index, step);
  }
  return text;
}

Json EventRecord(const BootEvent& event) {
  return Json::Object{{"digests", BankRecord(event.digests)},
                      {"type", BootEventTypeName(event.type)},
                      {"what", event.what}};
}

Json StepRecord(const Compared& compared, uint32_t index,
                const EventStep& step) {
  Json offset;
  if (step.found) offset = compared.found.at(index).offsets[*step.found];
  return Json::Object{
      {"change", EventChangeName(step.change)},
      {"expected", step.expected
                       ? EventRecord(ExpectedEvent(compared, index, step))
                       : Json()},
      {"found",
       step.found ? EventRecord(FoundEvent(compared, index, step)) : Json()},
      {"offset", std::move(offset)}};
}

Json RegisterRecord(const Compared& compared,
                    const RegisterDifference& difference) {
  Json::Array steps;
  for (const EventStep& step : difference.steps) {
    steps.push_back(StepRecord(compared, difference.index, step));
  }
  std::string result = difference.is_equal() ? "equal" : "different";
  if (!difference.why_not.empty()) result = "not compared";
  return Json::Object{
      {"events", std::move(steps)},
      {"result", result},
      {"why", difference.why_not.empty() ? Json() : Json(difference.why_not)}};
}

// FirstChange is the change that comes first in the log; one that is
// missing there stands where the next event of its register is.
struct FirstChange {
  const RegisterDifference* difference = nullptr;
  const EventStep* step = nullptr;
  uint64_t offset = UINT64_MAX;
};

FirstChange FindFirst(const Compared& compared) {
  FirstChange first;
  for (const RegisterDifference& difference : compared.differences) {
    const auto changed =
        std::ranges::find_if(difference.steps, [](const EventStep& step) {
          return step.change != EventChange::kSame;
        });
    if (changed == difference.steps.end()) continue;
    const auto next = std::find_if(
        changed, difference.steps.end(),
        [](const EventStep& step) { return step.found.has_value(); });
    const uint64_t offset =
        next == difference.steps.end()
            ? UINT64_MAX
            : compared.found.at(difference.index).offsets[*next->found];
    if (first.difference != nullptr && offset >= first.offset) continue;
    first = {&difference, &*changed, offset};
  }
  return first;
}

Json FirstRecord(const Compared& compared, const FirstChange& first) {
  if (first.difference == nullptr) return Json();
  const uint32_t index = first.difference->index;
  return Json::Object{{"event", StepRecord(compared, index, *first.step)},
                      {"register", LogRegisterName(index, compared.registers)}};
}

Error Parted(const Compared& compared, const FirstChange& first) {
  const uint32_t index = first.difference->index;
  const BootEvent& event = EventOf(compared, index, *first.step);
  return MismatchError("the boot is not the expected one from " +
                       LogRegisterName(index, compared.registers) + " on: " +
                       std::string(EventChangeName(first.step->change)) + " " +
                       BootEventTypeName(event.type) + " " + event.what);
}

}  // namespace

Status RunEventLogDiff(const EventLogDiffFlags& flags, Console& console) {
  Result<Compared> result = Compare(flags);
  if (!result) {
    return std::move(result).error().While("comparing " +
                                           Quote(flags.log.string()));
  }
  const Compared& compared = *result;
  const FirstChange first = FindFirst(compared);
  std::string text;
  Json::Object registers;
  for (const RegisterDifference& difference : compared.differences) {
    text += RegisterText(compared, difference);
    registers[LogRegisterName(difference.index, compared.registers)] =
        RegisterRecord(compared, difference);
  }
  console.Answer(
      text, Json::Object{{"equal", first.difference == nullptr},
                         {"expected", PathJson(compared.expected.what)},
                         {"first_difference", FirstRecord(compared, first)},
                         {"registers", std::move(registers)}});
  if (first.difference != nullptr) return Parted(compared, first);
  return Ok();
}

}  // namespace tally
