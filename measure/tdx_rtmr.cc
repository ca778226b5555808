#include "measure/tdx_rtmr.h"

#include <array>

#include "common/text.h"
#include "formats/efi_variable_store.h"
#include "formats/pe.h"
#include "formats/tcg_event_types.h"
#include "formats/td_hob.h"
#include "formats/uki.h"
#include "measure/tpm_secure_boot.h"
#include "measure/tpm_stub.h"
#include "measure/uki_parts.h"

namespace tally {
namespace {

constexpr uint32_t kPcrConfiguration = 1;

constexpr uint32_t kRtmrFirmware = 0;
constexpr uint32_t kRtmrLoader = 1;
constexpr uint32_t kRtmrSystem = 2;

// systemd pull request 30996 (January 2024, v256) and 31939.
constexpr unsigned kStubMeasuresToCc = 256;

constexpr std::array<TdxProfile, 3> kTdxProfiles = {{
    {.name = "ovmf-2023.02",
     .what = "OVMF before edk2-stable202505 (2023.02 to 2025.02)"},
    // The second separator of the log in confidential-containers/trustee,
    // CCEL_data_ovmf.
    {.name = "ovmf-separator-rtmr0",
     .what = "early OVMF that draws the second line in RTMR 0",
     .separator_pcr = 1},
    // edk2 2eac71a1e (FwCfg), cd76265f1 (SMBIOS), 9d9e3a2ba (boot options), by
    // virtee/tdx-measure issue 35.
    {.name = "ovmf-2025.05",
     .what = "OVMF since edk2-stable202505",
     .why_no_rtmr0 =
         "firmware since edk2-stable202505 also measures the SMBIOS tables, "
         "which the machine monitor makes"},
}};

BootEvent ImageEvent(std::string what, BankDigests digests) {
  return {.pcr = kPcrImages,
          .type = kEvEfiBootServicesApplication,
          .what = std::move(what),
          .digests = std::move(digests),
          .source = BootSource::kPredicted};
}

BankDigests ImageDigests(const Pe& pe) {
  return PeImageDigests(pe, kTdxBanks, PePadding::kAsIs);
}

// TdxPredictor collects the events in the order of the boot.
class TdxPredictor {
 public:
  explicit TdxPredictor(const TdxBoot& boot) : boot_(boot) {}

  Result<std::vector<TdxPrediction>> Run(std::span<const TdxMachine> machines) {
    TALLY_TRY(ReadInputs());
    std::vector<TdxPrediction> predictions;
    for (const TdxMachine& machine : machines) {
      out_ = {};
      machine_ = machine;
      if (machine_.acpi == nullptr && boot_.acpi) machine_.acpi = &*boot_.acpi;
      TALLY_TRY(AddFirmware());
      TALLY_TRY(AddBoot());
      predictions.push_back(std::move(out_));
    }
    return predictions;
  }

 private:
  Status ReadInputs() {
    TALLY_TRY(ReadVariables());
    if (boot_.kind == TdxBootKind::kKernel) return ReadKernel();
    if (boot_.uki.empty()) return Ok();
    TALLY_ASSIGN(uki_, ReadUki(boot_.uki));
    if (FindUkiSection(uki_, ".linux") == nullptr) {
      return InputError("the image has no .linux: it boots nothing");
    }
    stub_version_ = FindStubVersion(uki_.pe);
    MeasureUki();
    return Ok();
  }

  // A kernel that QEMU leaves as it is is the same for all machines.
  Status ReadKernel() {
    if (boot_.kernel.empty() || boot_.kernel_header != TdxKernelHeader::kAsIs) {
      return Ok();
    }
    TALLY_ASSIGN(kernel_, ParsePe(boot_.kernel));
    kernel_digests_ = ImageDigests(kernel_);
    return Ok();
  }

  void MeasureUki() {
    UkiPartsOptions options = {.stub_version = stub_version_};
    if (stub_version_) {
      options.sections = *stub_version_ >= kStubMeasuresToCc;
      options.inner_kernel = StubLoadsKernelImage(*stub_version_, State());
    }
    parts_ = MeasureUkiParts(kTdxBanks, uki_, options);
  }

  Status ReadVariables() {
    volume_ = boot_.variable_store;
    const TdvfSection* place =
        boot_.tdvf ? boot_.tdvf->Find(TdvfSectionKind::kCfv) : nullptr;
    if (place != nullptr && volume_.empty()) {
      volume_ = boot_.firmware.subspan(place->data_offset, place->raw_bytes);
    }
    if (volume_.empty()) return Ok();
    if (place != nullptr && volume_.size() != place->raw_bytes) {
      return InputError("variable store has " + HexNumber(volume_.size()) +
                        " bytes, the firmware's section CFV has " +
                        HexNumber(place->raw_bytes));
    }
    TALLY_ASSIGN(variables_, ParseEfiVariableStore(volume_));
    return Ok();
  }

  // AddFirmware is RTMR 0, but for the authority and the boot variables.
  Status AddFirmware() {
    if (boot_.tdvf == nullptr) {
      Unknown(kRtmrFirmware, "it needs the firmware");
      return Ok();
    }
    if (!boot_.profile->why_no_rtmr0.empty()) {
      Unknown(kRtmrFirmware, std::string(boot_.profile->why_no_rtmr0));
    }
    TALLY_ASSIGN(const Bytes hob,
                 MeasuredTdHob(*boot_.tdvf, machine_.memory_bytes));
    Add(HashedEvent(kTdxBanks, kPcrConfiguration, kEvEfiHandoffTables2,
                    "TD HOB: the guest's memory", hob));
    if (volume_.empty()) {
      Unknown(kRtmrFirmware, "the firmware has no variable store");
      return Ok();
    }
    Add(HashedEvent(kTdxBanks, kPcrConfiguration, kEvEfiPlatformFirmwareBlob2,
                    "variable store (CFV)", volume_));
    AddSecureBootPolicy();
    Add(SeparatorEvent(kTdxBanks, kPcrSecureBoot));
    AddAcpi();
    return Ok();
  }

  SecureBootSupport Support() const {
    return boot_.secure_boot == TdxSecureBoot::kNotBuiltIn &&
                   FindEfiVariable(variables_, kEfiGlobalVariable, "PK") ==
                       nullptr
               ? SecureBootSupport::kNone
               : SecureBootSupport::kBuiltIn;
  }

  SecureBootState State() const {
    return SecureBootStateOf(variables_, Support());
  }

  void AddSecureBootPolicy() {
    Add(SecureBootPolicyEvents(kTdxBanks, variables_, Support()));
  }

  void AddAcpi() {
    if (machine_.acpi == nullptr) {
      Unknown(kRtmrFirmware,
              "it needs the ACPI tables that the machine monitor makes");
      return;
    }
    const auto add = [this](std::string what, ByteSpan data) {
      BootEvent event = HashedEvent(kTdxBanks, kPcrConfiguration,
                                    kEvPlatformConfigFlags, what, data);
      event.source = machine_.acpi->source;
      Add(std::move(event));
    };
    add("ACPI: etc/table-loader", machine_.acpi->loader);
    add("ACPI: etc/acpi/rsdp", machine_.acpi->rsdp);
    add("ACPI: etc/acpi/tables", machine_.acpi->tables);
  }

  Status AddBoot() {
    const bool is_kernel = boot_.kind == TdxBootKind::kKernel;
    if (is_kernel ? boot_.kernel.empty() : boot_.uki.empty()) {
      TALLY_TRY(AddBootVariables());
      Unknown(kRtmrLoader, "it needs what boots: a kernel or an image");
      Unknown(kRtmrSystem, "it needs what boots: a kernel or an image");
      return Ok();
    }
    // QEMU's kernel is loaded, and so measured, before firmware is ready to
    // boot; an image from a disk after that.
    if (boot_.kind == TdxBootKind::kUkiOnDisk) {
      TALLY_TRY(AddReadyToBoot());
      AddPartitionTable();
      AddImage("unified kernel image", uki_.pe, parts_.image);
    } else {
      if (is_kernel) {
        TALLY_TRY(AddKernel());
      } else {
        AddImage("unified kernel image", uki_.pe, parts_.image);
      }
      TALLY_TRY(AddReadyToBoot());
    }
    TALLY_TRY(is_kernel ? AddKernelStub() : AddStub());
    Add(ActionEvent(kTdxBanks, kPcrPartitions,
                    "Exit Boot Services Invocation"));
    Add(ActionEvent(kTdxBanks, kPcrPartitions,
                    "Exit Boot Services Returned with Success"));
    return Ok();
  }

  Status AddReadyToBoot() {
    TALLY_TRY(AddBootVariables());
    Add(ActionEvent(kTdxBanks, kPcrImages,
                    "Calling EFI Application from Boot Option"));
    Add(SeparatorEvent(kTdxBanks, boot_.profile->separator_pcr));
    return Ok();
  }

  Status AddBootVariables() {
    if (boot_.tdvf == nullptr) return Ok();
    TALLY_ASSIGN(std::vector<BootVariable> found,
                 StoredBootVariables(variables_));
    if (found.empty() && boot_.kind == TdxBootKind::kUkiOnDisk) {
      if (boot_.boot_disk) found = OvmfBootVariables(*boot_.boot_disk);
    } else if (found.empty()) {
      // With QEMU's kernel firmware makes no options but its own menu.
      found = {{"BootOrder", {0, 0}}, OvmfBootVariables({})[1]};
    }
    if (found.empty()) {
      Unknown(kRtmrFirmware,
              "firmware makes the boot options of the machine's devices: it "
              "needs the place of the disk, or a variable store that has them");
    }
    Add(BootVariableEvents(kTdxBanks, found));
    return Ok();
  }

  void AddImage(std::string what, const Pe& pe, BankDigests digests) {
    if (boot_.tdvf != nullptr && State() == SecureBootState::kOn) {
      Result<BootEvent> authority =
          SecureBootAuthorityEvent(kTdxBanks, variables_, pe);
      if (authority) {
        Add(std::move(*authority));
      } else {
        Unknown(kRtmrFirmware, authority.error().message());
      }
    }
    Add(ImageEvent(std::move(what), std::move(digests)));
  }

  void AddPartitionTable() {
    if (boot_.disk.empty()) {
      Unknown(kRtmrLoader, "it needs the disk, whose partition table counts");
      return;
    }
    Result<BootEvent> event = GptEvent(kTdxBanks, kPcrPartitions, boot_.disk);
    if (event) {
      Add(std::move(*event));
    } else {
      Unknown(kRtmrLoader, event.error().message());
    }
  }

  Status AddKernel() {
    if (boot_.kernel_header == TdxKernelHeader::kAsIs) {
      AddImage("kernel", kernel_, kernel_digests_);
      return Ok();
    }
    TdxKernelLaunch launch{.kernel = boot_.kernel,
                           .initrd_bytes = std::nullopt,
                           .cmdline = boot_.cmdline,
                           .memory_bytes = machine_.memory_bytes};
    if (boot_.initrd) launch.initrd_bytes = boot_.initrd->size();
    TALLY_ASSIGN(const uint64_t address, TdxInitrdAddress(launch));
    auto known = kernels_.find(address);
    if (known == kernels_.end()) {
      TALLY_ASSIGN(const Bytes kernel, PatchTdxKernel(launch));
      TALLY_ASSIGN(const Pe pe, ParsePe(kernel));
      known =
          kernels_
              .emplace(address, ImageEvent("kernel with QEMU's setup header",
                                           ImageDigests(pe)))
              .first;
    }
    if (boot_.tdvf != nullptr && State() == SecureBootState::kOn) {
      Unknown(kRtmrFirmware,
              "with Secure Boot on a kernel with QEMU's header has no "
              "signature that holds");
    }
    Add(known->second);
    return Ok();
  }

  Status AddKernelStub() {
    if (!cmdline_read_) {
      TALLY_ASSIGN(
          cmdline_event_,
          TdxCommandLineEvent(boot_.cmdline, boot_.initrd.has_value()));
      if (boot_.initrd) {
        initrd_event_ = HashedEvent(kTdxBanks, kPcrKernelStub, kEvEventTag,
                                    "initrd", *boot_.initrd);
      }
      cmdline_read_ = true;
    }
    if (cmdline_event_) Add(*cmdline_event_);
    if (initrd_event_) Add(*initrd_event_);
    return Ok();
  }

  Status AddStub() {
    if (!stub_version_) {
      for (const uint32_t rtmr : {kRtmrLoader, kRtmrSystem}) {
        Unknown(rtmr, "the image does not say which systemd-stub it has");
      }
      return Ok();
    }
    Add(parts_.sections);
    if (volume_.empty() &&
        StubLoadsKernelImage(*stub_version_, SecureBootState::kOff)) {
      Unknown(kRtmrLoader,
              "it needs the firmware or its variable store: with Secure Boot "
              "the kernel in the image is not measured");
    }
    if (StubLoadsKernelImage(*stub_version_, State())) AddInnerKernel();
    if (parts_.kernel_stub) {
      Add(*parts_.kernel_stub);
    } else {
      Unknown(kRtmrSystem, parts_.kernel_stub.error().message());
    }
    return Ok();
  }

  void AddInnerKernel() {
    if (parts_.inner_kernel) {
      Add(ImageEvent("kernel in the image", *parts_.inner_kernel));
    } else {
      Unknown(kRtmrLoader, "the kernel in the image: " +
                               parts_.inner_kernel.error().message());
    }
  }

  void Add(BootEvent event) { out_.events.push_back(std::move(event)); }
  void Add(std::vector<BootEvent> events) {
    for (BootEvent& event : events) Add(std::move(event));
  }
  // The first reason is the one that is told.
  void Unknown(uint32_t rtmr, std::string why) {
    out_.not_predictable.emplace(rtmr, std::move(why));
  }

  const TdxBoot& boot_;
  TdxMachine machine_;
  ByteSpan volume_;
  std::vector<EfiStoredVariable> variables_;
  Pe kernel_;
  BankDigests kernel_digests_;
  Uki uki_;
  UkiParts parts_;  // the same for all machines
  std::optional<unsigned> stub_version_;
  std::map<uint64_t, BootEvent> kernels_;  // by the initrd's address
  bool cmdline_read_ = false;
  std::optional<BootEvent> cmdline_event_;
  std::optional<BootEvent> initrd_event_;
  TdxPrediction out_;
};

}  // namespace

std::span<const TdxProfile> TdxProfiles() { return kTdxProfiles; }

const TdxProfile* FindTdxProfile(std::string_view name) {
  for (const TdxProfile& profile : kTdxProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

Result<std::vector<TdxPrediction>> PredictTdx(
    const TdxBoot& boot, std::span<const TdxMachine> machines) {
  return TdxPredictor(boot).Run(machines);
}

Result<std::vector<TdxPrediction>> PredictTdx(
    const TdxBoot& boot, std::span<const uint64_t> memory_sizes) {
  std::vector<TdxMachine> machines;
  for (const uint64_t memory_bytes : memory_sizes) {
    machines.push_back({.memory_bytes = memory_bytes});
  }
  return PredictTdx(boot, machines);
}

}  // namespace tally
