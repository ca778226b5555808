// tally measure tpm: the PCRs after a unified kernel image has booted.

#include "cli/measure_tpm_command.h"

#include <algorithm>
#include <set>

#include "cli/boot_disk.h"
#include "cli/eventlog_command.h"
#include "cli/given_file.h"
#include "cli/measure_answer.h"
#include "common/text.h"

namespace tally {
namespace {

// Files stay mapped as long as the prediction is made from them.
struct TpmFiles {
  std::optional<MappedFile> uki;
  std::optional<MappedFile> variable_store;
  std::optional<MappedFile> disk;
  // The disk's image, in place of `uki`.
  std::optional<BootDisk> boot_disk;
};

Result<const TpmProfile*> ParseTpmPlatform(const std::string& name) {
  const TpmProfile* profile = FindTpmProfile(name);
  if (profile != nullptr) return profile;
  std::vector<std::string> names;
  for (const TpmProfile& known : TpmProfiles()) names.emplace_back(known.name);
  Error error = UsageError("--platform: found " + Quote(name) + ", expected " +
                           Join(names, ", "));
  const auto nearest = NearestName(name, names);
  if (!nearest) return error;
  return std::move(error).Hint("did you mean " + Quote(*nearest) + "?");
}

Result<InnerKernel> ParseInnerKernel(const std::string& name) {
  if (name == "auto") return InnerKernel::kByStub;
  if (name == "measured") return InnerKernel::kMeasured;
  if (name == "not-measured") return InnerKernel::kNotMeasured;
  return UsageError("--inner-kernel: found " + Quote(name) +
                    ", expected auto, measured or not-measured");
}

Result<std::optional<SecureBootSupport>> ParseSupport(const std::string& name) {
  std::optional<SecureBootSupport> support;
  if (name == "auto") return support;
  if (name == "built-in") support = SecureBootSupport::kBuiltIn;
  if (name == "none") support = SecureBootSupport::kNone;
  if (support) return support;
  return UsageError("--secure-boot-support: found " + Quote(name) +
                    ", expected auto, built-in or none");
}

Result<std::vector<std::string>> ParsePhases(const std::string& text) {
  if (text.empty()) return std::vector<std::string>{};
  std::vector<std::string> phases = Split(text, ':');
  if (std::ranges::find(phases, "") != phases.end()) {
    return UsageError("--phase: an empty phase in " + Quote(text));
  }
  return phases;
}

Result<TpmFiles> OpenFiles(const MeasureTpmFlags& flags) {
  if (flags.uki.empty() && flags.disk.empty()) {
    return UsageError("--uki or --disk is needed");
  }
  TpmFiles files;
  TALLY_ASSIGN(files.uki, OpenIfGiven(flags.uki));
  // A firmware that is one file begins with its variable store.
  TALLY_ASSIGN(files.variable_store,
               OpenIfGiven(flags.vars.empty() ? flags.firmware : flags.vars));
  TALLY_ASSIGN(files.disk, OpenIfGiven(flags.disk));
  if (files.uki) return files;
  Result<BootDisk> found = FindBootImage(files.disk->bytes());
  if (!found) {
    return std::move(found).error().While("reading " +
                                          Quote(flags.disk.string()));
  }
  files.boot_disk = std::move(*found);
  return files;
}

Result<TpmBoot> BootFromFlags(const MeasureTpmFlags& flags,
                              const TpmFiles& files) {
  TpmBoot boot;
  TALLY_ASSIGN(boot.profile, ParseTpmPlatform(flags.platform));
  TALLY_ASSIGN(boot.banks, ParseHashNames(flags.banks, "--bank"));
  TALLY_ASSIGN(boot.inner_kernel, ParseInnerKernel(flags.inner_kernel));
  TALLY_ASSIGN(boot.secure_boot_support,
               ParseSupport(flags.secure_boot_support));
  TALLY_ASSIGN(boot.boot_disk, ParseBootDiskPci(flags.boot_disk_pci));
  TALLY_ASSIGN(boot.phases, ParsePhases(flags.phases));
  if (flags.rtmrs && std::ranges::find(boot.banks, HashAlgorithm::kSha384) ==
                         boot.banks.end()) {
    return UsageError("--rtmrs needs --bank sha384");
  }
  boot.uki = files.boot_disk ? files.boot_disk->image : BytesOf(files.uki);
  boot.uki_profile = flags.uki_profile;
  boot.stub_version = flags.stub_version;
  boot.variable_store = BytesOf(files.variable_store);
  boot.disk = BytesOf(files.disk);
  boot.failed_boot_options = flags.failed_boot_options;
  return boot;
}

Status CheckPcrs(const std::vector<uint32_t>& pcrs,
                 const TpmPrediction& prediction) {
  for (const uint32_t pcr : pcrs) {
    if (pcr >= kBootPcrs) {
      return UsageError("--pcr: found " + std::to_string(pcr) +
                        ", expected 0 to 15");
    }
    const auto unknown = prediction.not_predictable.find(pcr);
    if (unknown != prediction.not_predictable.end()) {
      return InputError("PCR " + std::to_string(pcr) +
                        " is not predictable: " + unknown->second);
    }
  }
  return Ok();
}

// TpmRegisterAnswer is what is printed of one register, with all banks.
struct TpmRegisterAnswer {
  std::string name;
  std::string source = "not predictable";
  std::string why;
  std::string text;
  Json::Object banks;
};

void AddBank(HashAlgorithm bank, const BootRegister& value, bool explain,
             TpmRegisterAnswer* answer) {
  const std::string algorithm(HashName(bank));
  const std::string hex = Hex(value.value);
  answer->source = BootSourceName(value.source);
  if (explain) answer->text += ExplainEvents(value.events);
  answer->text += answer->name + "." + algorithm + "=" + hex + "\n";
  answer->banks[algorithm] = RegisterRecord(algorithm, hex, value.events);
}

std::vector<TpmRegisterAnswer> PcrAnswers(const MeasureTpmFlags& flags,
                                          std::span<const HashAlgorithm> banks,
                                          const TpmPrediction& prediction) {
  std::vector<TpmRegisterAnswer> answers(kBootPcrs);
  for (const HashAlgorithm bank : banks) {
    for (const auto& [pcr, found] : TpmRegisters(prediction, bank)) {
      answers[pcr].name = "pcr" + std::to_string(pcr);
      answers[pcr].why = found.why_not;
      if (!found.value) continue;
      AddBank(bank, *found.value, flags.explain, &answers[pcr]);
    }
  }
  if (flags.pcrs.empty()) return answers;
  std::vector<TpmRegisterAnswer> wanted;
  for (const uint32_t pcr :
       std::set<uint32_t>(flags.pcrs.begin(), flags.pcrs.end())) {
    wanted.push_back(std::move(answers[pcr]));
  }
  return wanted;
}

// IMA extends its PCR after the boot, and no RTMR.
std::string WhyNoRtmr(uint32_t rtmr, const TpmPrediction& prediction) {
  for (const auto& [pcr, why] : prediction.not_predictable) {
    if (RtmrOfPcr(pcr) != rtmr || pcr == kTpmPcrOfIma) continue;
    return "PCR " + std::to_string(pcr) + ": " + why;
  }
  return "";
}

std::vector<TpmRegisterAnswer> RtmrAnswers(const MeasureTpmFlags& flags,
                                           const TpmPrediction& prediction) {
  std::vector<TpmRegisterAnswer> answers;
  for (const auto& [rtmr, value] : FoldRtmrs(prediction.events)) {
    TpmRegisterAnswer answer;
    answer.name = "rtmr" + std::to_string(rtmr);
    answer.why = WhyNoRtmr(rtmr, prediction);
    if (answer.why.empty()) {
      AddBank(HashAlgorithm::kSha384, value, flags.explain, &answer);
    }
    answers.push_back(std::move(answer));
  }
  return answers;
}

// FillFromLog takes what cannot be predicted from a log.
Status FillFromLog(const fs::path& path, std::span<const HashAlgorithm> banks,
                   TpmPrediction* prediction) {
  TALLY_ASSIGN(const OpenedLog opened, OpenEventLog(path, "tcg"));
  TALLY_ASSIGN(std::vector<RegisterEvent> logged,
               LogRegisterEvents(opened.log, opened.registers));
  std::vector<BootEvent> events;
  for (RegisterEvent& event : logged) {
    for (const HashAlgorithm bank : banks) {
      if (event.event.digests.contains(bank)) continue;
      return InputError("event at " + HexNumber(event.offset) + " has no " +
                        std::string(HashName(bank)) + " digest");
    }
    events.push_back(std::move(event.event));
  }
  TALLY_ASSIGN(prediction->startup_locality,
               LogStartupLocality(opened.log, opened.registers));
  TakeGivenEvents(events, prediction);
  return Ok();
}

Result<TpmPrediction> Predict(const MeasureTpmFlags& flags,
                              const TpmBoot& boot) {
  Result<TpmPrediction> prediction = PredictTpm(boot);
  if (!prediction) {
    return std::move(prediction)
        .error()
        .While("measuring " +
               Quote((flags.uki.empty() ? flags.disk : flags.uki).string()));
  }
  if (flags.event_log.empty()) return prediction;
  Status filled = FillFromLog(flags.event_log, boot.banks, &*prediction);
  if (!filled) {
    return std::move(filled).error().While("reading " +
                                           Quote(flags.event_log.string()));
  }
  return prediction;
}

void PrintAnswers(const TpmBoot& boot, const TpmPrediction& prediction,
                  std::vector<TpmRegisterAnswer> answers, Console& console) {
  std::string text;
  Json::Object registers;
  for (TpmRegisterAnswer& answer : answers) {
    text += answer.name + ".source=" + answer.source;
    text += (answer.why.empty() ? "" : ": " + answer.why) + "\n" + answer.text;
    registers[answer.name] =
        Json::Object{{"banks", std::move(answer.banks)},
                     {"source", answer.source},
                     {"why", answer.why.empty() ? Json() : Json(answer.why)}};
  }
  const bool is_secure = prediction.secure_boot == SecureBootState::kOn;
  const std::optional<unsigned> stub = prediction.stub_version;
  console.Answer(
      text,
      Json::Object{{"platform", boot.profile->name},
                   {"registers", std::move(registers)},
                   {"secure_boot",
                    boot.variable_store.empty() ? Json() : Json(is_secure)},
                   {"stub_version", stub ? Json(uint64_t{*stub}) : Json()}});
}

}  // namespace

Status RunMeasureTpm(const MeasureTpmFlags& flags, Console& console) {
  TALLY_ASSIGN(const TpmFiles files, OpenFiles(flags));
  TALLY_ASSIGN(const TpmBoot boot, BootFromFlags(flags, files));
  TALLY_ASSIGN(const TpmPrediction prediction, Predict(flags, boot));
  TALLY_TRY(CheckPcrs(flags.pcrs, prediction));
  std::vector<TpmRegisterAnswer> answers =
      PcrAnswers(flags, boot.banks, prediction);
  if (flags.rtmrs) {
    std::ranges::move(RtmrAnswers(flags, prediction),
                      std::back_inserter(answers));
  }
  PrintAnswers(boot, prediction, std::move(answers), console);
  return Ok();
}

Result<TpmPrediction> PredictTpmBoot(const MeasureTpmFlags& flags,
                                     std::span<const HashAlgorithm> banks) {
  TALLY_ASSIGN(const TpmFiles files, OpenFiles(flags));
  TALLY_ASSIGN(TpmBoot boot, BootFromFlags(flags, files));
  boot.banks.assign(banks.begin(), banks.end());
  return Predict(flags, boot);
}

}  // namespace tally
