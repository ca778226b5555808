#include "measure/tpm.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"
#include "formats/tcg_event_types.h"
#include "measure/uki_parts.h"

namespace tally {
namespace {

constexpr std::string_view kCalling =
    "Calling EFI Application from Boot Option";
constexpr std::string_view kReturning =
    "Returning from EFI Application from Boot Option";
constexpr std::string_view kExitInvoked = "Exit Boot Services Invocation";
constexpr std::string_view kExitDone =
    "Exit Boot Services Returned with Success";

constexpr std::string_view kBuiltOrNot =
    "it needs to be told whether the firmware is built with Secure Boot";

constexpr uint32_t kPcrBootVariables = 1;

// TpmPredictor collects the events in the order of the boot.
class TpmPredictor {
 public:
  explicit TpmPredictor(const TpmBoot& boot) : boot_(boot) {}

  Result<TpmPrediction> Run() {
    TALLY_TRY(ReadInputs());
    NamePlatformLimits();
    AddSecureBootPolicy();
    TALLY_TRY(AddBootVariables());
    AddBootAttempts();
    AddAuthority();
    AddPartitionTable();
    MeasureImage();
    AddImage();
    AddStub();
    AddExitBootServices();
    Add(BootPhaseEvents(boot_.banks, boot_.phases));
    return std::move(out_);
  }

 private:
  Status ReadInputs() {
    TALLY_ASSIGN(uki_, ReadUki(boot_.uki));
    if (FindUkiSection(uki_, ".linux") == nullptr) {
      return InputError("the image has no .linux: it boots nothing");
    }
    if (boot_.uki_profile >= uki_.profiles.size()) {
      return InputError("profile " + std::to_string(boot_.uki_profile) +
                        " is not in the image, which has " +
                        std::to_string(uki_.profiles.size()));
    }
    out_.stub_version =
        boot_.stub_version ? boot_.stub_version : FindStubVersion(uki_.pe);
    if (!boot_.variable_store.empty()) {
      TALLY_ASSIGN(variables_, ParseEfiVariableStore(boot_.variable_store));
      // Firmware that is built without it ignores the keys.
      out_.secure_boot = SecureBootStateOf(
          variables_, Support().value_or(SecureBootSupport::kBuiltIn));
    }
    return Ok();
  }

  std::optional<SecureBootSupport> Support() const {
    return boot_.secure_boot_support ? boot_.secure_boot_support
                                     : boot_.profile->secure_boot_support;
  }

  void NamePlatformLimits() {
    for (uint32_t pcr = 0; pcr < boot_.profile->why_not.size(); ++pcr) {
      const std::string_view why = boot_.profile->why_not[pcr];
      if (!why.empty()) Unknown(pcr, std::string(why));
    }
    Unknown(kTpmPcrOfIma, "the kernel's IMA measures into it while it runs");
  }

  void AddSecureBootPolicy() {
    if (boot_.variable_store.empty()) {
      Unknown(kPcrSecureBoot, "it needs the firmware's variable store");
      return;
    }
    if (!Support()) {
      Unknown(kPcrSecureBoot, std::string(kBuiltOrNot));
      return;
    }
    Add(SecureBootPolicyEvents(boot_.banks, variables_, *Support()));
    Add(SeparatorEvent(boot_.banks, kPcrSecureBoot));
  }

  Status AddBootVariables() {
    TALLY_ASSIGN(std::vector<BootVariable> found,
                 StoredBootVariables(variables_));
    if (found.empty() && boot_.boot_disk) {
      found = OvmfBootVariables(*boot_.boot_disk);
    }
    if (found.empty()) {
      Unknown(kPcrBootVariables,
              "firmware makes the boot options of the machine's devices: it "
              "needs the place of the disk, or a variable store that has them");
    }
    Add(BootVariableEvents(boot_.banks, found));
    return Ok();
  }

  void AddBootAttempts() {
    Add(ActionEvent(boot_.banks, kPcrImages, kCalling));
    for (uint32_t pcr = 0; pcr < kPcrSecureBoot; ++pcr) {
      Add(SeparatorEvent(boot_.banks, pcr));
    }
    for (unsigned i = 0; i < boot_.failed_boot_options; ++i) {
      Add(ActionEvent(boot_.banks, kPcrImages, kReturning));
      Add(ActionEvent(boot_.banks, kPcrImages, kCalling));
    }
  }

  void AddAuthority() {
    if (!Support() || out_.secure_boot == SecureBootState::kOff) return;
    Result<BootEvent> authority =
        SecureBootAuthorityEvent(boot_.banks, variables_, uki_.pe);
    if (!authority) {
      Unknown(kPcrSecureBoot, authority.error().message());
      return;
    }
    Add(std::move(*authority));
  }

  void AddPartitionTable() {
    const uint32_t pcr = boot_.profile->partition_table_pcr;
    if (boot_.disk.empty()) {
      Unknown(pcr, "it needs the disk, whose partition table is measured");
      return;
    }
    Result<BootEvent> event = GptEvent(boot_.banks, pcr, boot_.disk);
    if (!event) {
      Unknown(pcr, event.error().message());
      return;
    }
    Add(std::move(*event));
  }

  // MeasureImage takes the time. Whether the kernel in the image counts may
  // still be unknown.
  void MeasureImage() {
    const std::optional<unsigned> version = out_.stub_version;
    const bool by_stub = boot_.inner_kernel == InnerKernel::kByStub &&
                         version &&
                         StubLoadsKernelImage(*version, out_.secure_boot);
    parts_ = MeasureUkiParts(
        boot_.banks, uki_,
        {.profile = boot_.uki_profile,
         .stub_version = version,
         .sections = true,
         .inner_kernel =
             by_stub || boot_.inner_kernel == InnerKernel::kMeasured});
  }

  void AddImage() {
    Add({.pcr = boot_.profile->image_pcr,
         .type = kEvEfiBootServicesApplication,
         .what = "unified kernel image",
         .digests = std::move(parts_.image)});
  }

  void AddStub() {
    if (!out_.stub_version) {
      for (const uint32_t pcr : {kPcrKernelStub, kPcrUki}) {
        Unknown(pcr, "the image does not say which systemd-stub it has");
      }
    }
    Add(std::move(parts_.sections));
    AddInnerKernel();
    if (out_.stub_version) AddKernelStub();
  }

  void AddInnerKernel() {
    const uint32_t pcr = boot_.profile->image_pcr;
    if (boot_.inner_kernel == InnerKernel::kNotMeasured) return;
    if (boot_.inner_kernel == InnerKernel::kByStub) {
      if (!out_.stub_version) {
        Unknown(pcr, "the image does not say which systemd-stub it has");
        return;
      }
      if (boot_.variable_store.empty() &&
          StubLoadsKernelImage(*out_.stub_version, SecureBootState::kOff)) {
        Unknown(pcr,
                "it needs the firmware's variable store: with Secure Boot the "
                "kernel in the image is not measured");
        return;
      }
      if (!Support() && out_.secure_boot == SecureBootState::kOn &&
          StubLoadsKernelImage(*out_.stub_version, SecureBootState::kOff)) {
        Unknown(pcr, std::string(kBuiltOrNot));
        return;
      }
      if (!StubLoadsKernelImage(*out_.stub_version, out_.secure_boot)) return;
    }
    if (!parts_.inner_kernel) {
      Unknown(pcr, "the kernel in the image: " +
                       parts_.inner_kernel.error().message());
      return;
    }
    Add({.pcr = pcr,
         .type = kEvEfiBootServicesApplication,
         .what = "kernel in the image",
         .digests = std::move(*parts_.inner_kernel)});
  }

  void AddKernelStub() {
    if (!parts_.kernel_stub) {
      Unknown(kPcrKernelStub, parts_.kernel_stub.error().message());
      return;
    }
    Add(std::move(*parts_.kernel_stub));
  }

  void AddExitBootServices() {
    Add(ActionEvent(boot_.banks, kPcrPartitions, kExitInvoked));
    Add(ActionEvent(boot_.banks, kPcrPartitions, kExitDone));
  }

  void Add(BootEvent event) { out_.events.push_back(std::move(event)); }
  void Add(std::vector<BootEvent> events) {
    for (BootEvent& event : events) Add(std::move(event));
  }
  // The first reason is the one that is told.
  void Unknown(uint32_t pcr, std::string why) {
    out_.not_predictable.emplace(pcr, std::move(why));
  }

  const TpmBoot& boot_;
  Uki uki_;
  UkiParts parts_;
  std::vector<EfiStoredVariable> variables_;
  TpmPrediction out_;
};

}  // namespace

Result<TpmPrediction> PredictTpm(const TpmBoot& boot) {
  return TpmPredictor(boot).Run();
}

std::map<uint32_t, TpmRegister> TpmRegisters(const TpmPrediction& prediction,
                                             HashAlgorithm bank) {
  std::map<uint32_t, BootRegister> folded =
      FoldPcrs(prediction.events, bank, prediction.startup_locality);
  std::map<uint32_t, TpmRegister> registers;
  for (uint32_t pcr = 0; pcr < kBootPcrs; ++pcr) {
    const auto unknown = prediction.not_predictable.find(pcr);
    if (unknown != prediction.not_predictable.end()) {
      registers[pcr].why_not = unknown->second;
      continue;
    }
    BootRegister& value = folded[pcr];
    value.value.resize(HashSizeBytes(bank));
    registers[pcr].value = std::move(value);
  }
  return registers;
}

void TakeGivenEvents(std::span<const BootEvent> log,
                     TpmPrediction* prediction) {
  for (uint32_t pcr = 0; pcr < kBootPcrs; ++pcr) {
    const auto of_pcr = [&](const BootEvent& event) {
      return event.pcr == pcr;
    };
    if (!prediction->not_predictable.contains(pcr)) continue;
    if (std::ranges::none_of(log, of_pcr)) continue;
    std::erase_if(prediction->events, of_pcr);
    std::ranges::copy_if(log, std::back_inserter(prediction->events), of_pcr);
    for (BootEvent& event : prediction->events) {
      if (event.pcr == pcr) event.source = BootSource::kGiven;
    }
    prediction->not_predictable.erase(pcr);
  }
}

}  // namespace tally
