#include "cli/boot_cells.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "builder/images.h"
#include "cli/acpi_directory.h"
#include "cli/qemu_rules.h"
#include "common/text.h"
#include "measure/tdx_mrtd.h"
#include "measure/tdx_rtmr.h"
#include "measure/tpm.h"

namespace tally {
namespace {

constexpr std::string_view kGoogleFirmware =
    "the cloud's firmware is not an input of the release";
constexpr std::string_view kGoogleOrder =
    "what the cloud's firmware measures there, and in what order, is not known";
constexpr std::string_view kParavisor =
    "the cloud's paravisor is what runs in the TD: the guest's boot is in its "
    "virtual TPM, not in the RTMRs";
constexpr std::string_view kNoRuntimeEvents =
    "the manifest does not say what applications extend: the target has no key "
    "'rtmr3'";

// Artifacts stay mapped as long as the prediction is made from them.
class Artifacts {
 public:
  explicit Artifacts(fs::path directory) : directory_(std::move(directory)) {}

  Result<ByteSpan> Open(const char* name) {
    auto found = files_.find(name);
    if (found == files_.end()) {
      TALLY_ASSIGN(MappedFile file, MappedFile::Open(directory_ / name));
      found = files_.emplace(name, std::move(file)).first;
    }
    return found->second.bytes();
  }

 private:
  fs::path directory_;
  std::map<std::string, MappedFile> files_;
};

std::optional<PciPlace> PlaceOf(const std::optional<PciDevice>& device) {
  if (!device) return std::nullopt;
  return PciPlace{.device = device->device, .function = device->function};
}

MeasuredRegister Unknown(std::string name, std::string algorithm,
                         std::string_view why) {
  return {.name = std::move(name),
          .algorithm = std::move(algorithm),
          .value = "",
          .events_sha256 = {},
          .status = "not predictable",
          .why = std::string(why)};
}

MeasuredRegister Known(std::string name, std::string algorithm,
                       const BootRegister& found) {
  return {.name = std::move(name),
          .algorithm = std::move(algorithm),
          .value = Hex(found.value),
          .events_sha256 = DigestEvents(found.events),
          .status = std::string(BootSourceName(found.source)),
          .why = ""};
}

// BindRegister says that a register binds the artifact, if it has a value.
bool BindRegister(const std::string& artifact, const std::string& name,
                  MeasuredTarget* target) {
  const auto found =
      std::ranges::find(target->registers, name, &MeasuredRegister::name);
  const bool bound = !found->value.empty();
  target->coverage.push_back(
      {.artifact = artifact,
       .bound_by = bound ? name : "",
       .why_not = bound ? "" : name + " is not predictable: " + found->why});
  return bound;
}

// BindImageParts: what the unified kernel image carries is bound with it.
void BindImageParts(const Manifest& manifest, bool is_image_bound,
                    MeasuredTarget* target) {
  for (const char* part :
       {kKernelArtifact, kInitrdArtifact, kCmdlineArtifact}) {
    target->coverage.push_back(
        {.artifact = part,
         .bound_by = is_image_bound ? kUkiArtifact : "",
         .why_not = is_image_bound ? "" : "it is in uki.efi, which is not"});
  }
  BindThroughCmdline(manifest, is_image_bound, target);
}

// --- TDX

struct TdxPlan {
  const TdxTarget& spec;
  TdxBoot boot;
  std::optional<Tdvf> tdvf;
  std::optional<TdxMrtd> mrtd;
};

Status OpenTdxFirmware(const Manifest& manifest, const QemuRules& rules,
                       Artifacts* artifacts, TdxPlan* plan) {
  TALLY_ASSIGN(plan->boot.firmware, artifacts->Open(kFirmwareArtifact));
  if (manifest.firmware->vars) {
    TALLY_ASSIGN(plan->boot.variable_store,
                 artifacts->Open(kFirmwareVarsArtifact));
  }
  TALLY_ASSIGN(plan->tdvf, ParseTdvf(plan->boot.firmware));
  const auto order = FindTdxPageOrder(plan->spec.page_order);
  plan->mrtd = MeasureTdvf(plan->boot.firmware, *plan->tdvf,
                           order.value_or(rules.page_order));
  return Ok();
}

Status OpenTdxBoot(Artifacts* artifacts, TdxPlan* plan) {
  TdxBoot& boot = plan->boot;
  if (plan->spec.boot == "kernel") {
    TALLY_ASSIGN(boot.kernel, artifacts->Open(kKernelArtifact));
    TALLY_ASSIGN(boot.initrd, artifacts->Open(kInitrdArtifact));
    TALLY_ASSIGN(const ByteSpan cmdline, artifacts->Open(kCmdlineArtifact));
    boot.cmdline = AsText(cmdline);
    return Ok();
  }
  TALLY_ASSIGN(boot.uki, artifacts->Open(kUkiArtifact));
  boot.kind = TdxBootKind::kUki;
  if (plan->spec.boot != "disk") return Ok();
  boot.kind = TdxBootKind::kUkiOnDisk;
  TALLY_ASSIGN(boot.disk, artifacts->Open(kDiskArtifact));
  boot.boot_disk = PlaceOf(plan->spec.boot_disk);
  return Ok();
}

Result<BootRegister> RuntimeRegister(const std::vector<RuntimeEvent>& events) {
  BootRegister found;
  std::vector<Bytes> digests;
  for (const RuntimeEvent& event : events) {
    if (event.sha384) {
      TALLY_ASSIGN(Bytes digest, ParseHex(*event.sha384));
      digests.push_back(std::move(digest));
    } else {
      TALLY_ASSIGN(const Bytes payload,
                   ParseHex(event.payload_hex.value_or("")));
      digests.push_back(DstackEventDigest(*event.dstack_event, payload));
    }
    const std::string what = event.dstack_event
                                 ? "event of dstack: " + *event.dstack_event
                                 : "event of an application";
    found.events.push_back({.what = what,
                            .type = "application",
                            .digest = "sha384:" + Hex(digests.back())});
    TALLY_ASSIGN(const Bytes after, FoldRtmr3(digests));
    found.events.back().value_after = Hex(after);
  }
  TALLY_ASSIGN(found.value, FoldRtmr3(digests));
  return found;
}

// WhyNotInCloud is empty for what does not depend on the cloud's firmware.
std::string_view WhyNotInCloud(const std::string& vmm, unsigned rtmr) {
  if (vmm == "azure") return kParavisor;
  if (vmm != "gce") return "";
  constexpr std::array<std::string_view, 4> kGoogle = {kGoogleFirmware,
                                                       kGoogleOrder, "", ""};
  return kGoogle.at(rtmr);
}

Status AddRtmrs(const TdxPlan& plan, const TdxPrediction& prediction,
                MeasuredTarget* target) {
  const auto folded = FoldRtmrs(prediction.events);
  for (unsigned rtmr = 0; rtmr < 4; ++rtmr) {
    const std::string name = "rtmr" + std::to_string(rtmr);
    const auto unknown = prediction.not_predictable.find(rtmr);
    const std::string_view cloud = WhyNotInCloud(plan.spec.vmm, rtmr);
    if (!cloud.empty()) {
      target->registers.push_back(Unknown(name, "sha384", cloud));
    } else if (rtmr == 3 && !plan.spec.rtmr3) {
      target->registers.push_back(Unknown(name, "sha384", kNoRuntimeEvents));
    } else if (rtmr == 3) {
      TALLY_ASSIGN(const BootRegister found, RuntimeRegister(*plan.spec.rtmr3));
      target->registers.push_back(Known(name, "sha384", found));
    } else if (unknown != prediction.not_predictable.end()) {
      target->registers.push_back(Unknown(name, "sha384", unknown->second));
    } else {
      target->registers.push_back(Known(name, "sha384", folded.at(rtmr)));
    }
  }
  return Ok();
}

void AddMrtd(const TdxPlan& plan, MeasuredTarget* target) {
  if (!plan.mrtd) {
    const bool is_azure = plan.spec.vmm == "azure";
    target->registers.push_back(
        Unknown("mrtd", "sha384", is_azure ? kParavisor : kGoogleFirmware));
    return;
  }
  target->registers.push_back(
      {.name = "mrtd",
       .value = plan.mrtd->mrtd.hex(),
       .events_sha256 = DigestEvents(plan.mrtd->events)});
}

void BindTdx(const Manifest& manifest, const TdxPlan& plan,
             MeasuredTarget* target) {
  if (plan.mrtd) {
    BindRegister(kFirmwareArtifact, "mrtd", target);
    if (manifest.firmware->vars) {
      BindRegister(kFirmwareVarsArtifact, "rtmr0", target);
    }
  }
  if (plan.spec.boot == "kernel") {
    BindRegister(kKernelArtifact, "rtmr1", target);
    BindRegister(kInitrdArtifact, "rtmr2", target);
    const bool bound = BindRegister(kCmdlineArtifact, "rtmr2", target);
    BindThroughCmdline(manifest, bound, target);
    return;
  }
  const bool bound = BindRegister(kUkiArtifact, "rtmr1", target);
  BindImageParts(manifest, bound, target);
}

Json TdxProfileRecord(const TdxTarget& spec, const TdxMachine& machine,
                      uint32_t vcpus, AcpiOrigin acpi) {
  Json::Object profile{{"vmm", spec.vmm}, {"boot", spec.boot}};
  if (spec.vmm != "qemu") return profile;
  profile["acpi"] = AcpiOriginName(acpi);
  profile["firmware_profile"] = spec.firmware_profile;
  profile["memory_bytes"] = machine.memory_bytes;
  profile["qemu_version"] = spec.qemu_version;
  profile["vcpus"] = int64_t{vcpus};
  return profile;
}

// A cloud's launch has no matrix: one cell, whose memory counts for nothing.
struct TdxMatrix {
  std::vector<TdxMachine> machines;
  std::vector<uint32_t> vcpus;
  std::vector<FoundAcpi> acpi;
};

Result<TdxMatrix> MatrixOf(const TdxTarget& spec, const fs::path& sources) {
  TdxMatrix matrix;
  if (spec.vmm != "qemu") {
    matrix.machines.push_back({.memory_bytes = uint64_t{1} << 30});
    matrix.vcpus.push_back(0);
    matrix.acpi.emplace_back();
    return matrix;
  }
  for (const uint64_t memory_bytes : spec.memory) {
    for (const uint32_t vcpus : spec.vcpus) {
      FoundAcpi found;
      if (spec.acpi) {
        TALLY_ASSIGN(found, ReadAcpiDirectory(sources / *spec.acpi,
                                              memory_bytes, vcpus));
      }
      matrix.acpi.push_back(std::move(found));
      matrix.vcpus.push_back(vcpus);
      matrix.machines.push_back({.memory_bytes = memory_bytes});
    }
  }
  for (size_t i = 0; i < matrix.machines.size() && spec.acpi; ++i) {
    matrix.machines[i].acpi = &matrix.acpi[i].tables;
  }
  return matrix;
}

Result<TdxPlan> PlanTdx(const Manifest& manifest, const TdxTarget& spec,
                        Artifacts* artifacts) {
  TdxPlan plan{.spec = spec, .boot = {}, .tdvf = {}, .mrtd = {}};
  plan.boot.profile = FindTdxProfile(spec.vmm == "qemu" ? spec.firmware_profile
                                                        : "ovmf-2023.02");
  if (spec.firmware_has_secure_boot) {
    plan.boot.secure_boot = TdxSecureBoot::kBuiltIn;
  }
  const QemuRules rules = QemuRulesOf(spec.qemu_version).value_or(QemuRules{});
  plan.boot.kernel_header = rules.kernel_header;
  if (spec.vmm == "qemu") {
    TALLY_TRY(OpenTdxFirmware(manifest, rules, artifacts, &plan));
  }
  TALLY_TRY(OpenTdxBoot(artifacts, &plan));
  return plan;
}

// --- TPM

Result<TpmBoot> TpmBootOf(const Manifest& manifest, const TpmTarget& spec,
                          Artifacts* artifacts) {
  TpmBoot boot{.profile = FindTpmProfile(spec.firmware_profile)};
  for (const std::string& bank : spec.banks) {
    boot.banks.push_back(*FindHash(bank));
  }
  TALLY_ASSIGN(boot.uki, artifacts->Open(kUkiArtifact));
  TALLY_ASSIGN(boot.disk, artifacts->Open(kDiskArtifact));
  // A cloud has its own firmware with its own variables. A firmware that is one
  // file begins with its variable store.
  if (manifest.firmware && !boot.profile->is_cloud) {
    TALLY_ASSIGN(boot.variable_store,
                 artifacts->Open(manifest.firmware->vars ? kFirmwareVarsArtifact
                                                         : kFirmwareArtifact));
  }
  if (spec.secure_boot_support) {
    boot.secure_boot_support = *spec.secure_boot_support == "none"
                                   ? SecureBootSupport::kNone
                                   : SecureBootSupport::kBuiltIn;
  }
  boot.boot_disk = PlaceOf(spec.boot_disk);
  boot.failed_boot_options = spec.failed_boot_options;
  boot.phases = spec.phases;
  return boot;
}

void BindTpm(const Manifest& manifest, const TpmProfile& profile,
             MeasuredTarget* target) {
  if (manifest.firmware && !profile.is_cloud) {
    BindRegister(kFirmwareArtifact, "pcr0", target);
    if (manifest.firmware->vars) {
      BindRegister(kFirmwareVarsArtifact, "pcr7", target);
    }
  }
  // Without the image's digest, its sections in PCR 11.
  const std::string image = "pcr" + std::to_string(profile.image_pcr);
  const auto found =
      std::ranges::find(target->registers, image, &MeasuredRegister::name);
  const bool bound = BindRegister(
      kUkiArtifact, found->value.empty() ? "pcr11" : image, target);
  BindImageParts(manifest, bound, target);
}

}  // namespace

Status CheckBootTarget(const TargetSpec& spec) {
  const auto check = [](const std::string& name, bool is_known,
                        const auto& profiles) -> Status {
    if (is_known) return Ok();
    std::vector<std::string> names;
    for (const auto& known : profiles) names.emplace_back(known.name);
    return InputError("found firmware profile " + Quote(name) + ", expected " +
                      Join(names, ", "));
  };
  if (spec.tpm) {
    const std::string& name = spec.tpm->firmware_profile;
    return check(name, FindTpmProfile(name) != nullptr, TpmProfiles());
  }
  if (!spec.tdx || spec.tdx->vmm != "qemu") return Ok();
  if (!QemuRulesOf(spec.tdx->qemu_version)) {
    return InputError("found QEMU version " + Quote(spec.tdx->qemu_version) +
                      ", expected 8.0 or later");
  }
  const std::string& name = spec.tdx->firmware_profile;
  return check(name, FindTdxProfile(name) != nullptr, TdxProfiles());
}

Result<std::vector<MeasuredTarget>> MeasureTdxTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts,
                                                     const fs::path& sources) {
  Artifacts files(artifacts);
  TALLY_ASSIGN(TdxPlan plan, PlanTdx(manifest, *spec.tdx, &files));
  if (plan.tdvf) plan.boot.tdvf = &*plan.tdvf;
  TALLY_ASSIGN(const TdxMatrix matrix, MatrixOf(*spec.tdx, sources));
  TALLY_ASSIGN(const std::vector<TdxPrediction> predictions,
               PredictTdx(plan.boot, matrix.machines));
  std::vector<MeasuredTarget> cells;
  for (size_t i = 0; i < predictions.size(); ++i) {
    MeasuredTarget target{
        .name = spec.name,
        .platform = "tdx",
        .profile = TdxProfileRecord(*spec.tdx, matrix.machines[i],
                                    matrix.vcpus[i], matrix.acpi[i].origin)};
    AddMrtd(plan, &target);
    TALLY_TRY(AddRtmrs(plan, predictions[i], &target));
    BindTdx(manifest, plan, &target);
    cells.push_back(std::move(target));
  }
  return cells;
}

Result<std::vector<MeasuredTarget>> MeasureTpmTarget(
    const Manifest& manifest, const TargetSpec& spec,
    const fs::path& artifacts) {
  Artifacts files(artifacts);
  TALLY_ASSIGN(const TpmBoot boot, TpmBootOf(manifest, *spec.tpm, &files));
  TALLY_ASSIGN(const TpmPrediction prediction, PredictTpm(boot));
  std::vector<MeasuredTarget> cells;
  for (const HashAlgorithm bank : boot.banks) {
    const std::string algorithm(HashName(bank));
    MeasuredTarget target{
        .name = spec.name,
        .platform = "tpm",
        .profile =
            Json::Object{{"bank", algorithm},
                         {"firmware_profile", spec.tpm->firmware_profile}}};
    for (const auto& [pcr, found] : TpmRegisters(prediction, bank)) {
      const std::string name = "pcr" + std::to_string(pcr);
      target.registers.push_back(found.value
                                     ? Known(name, algorithm, *found.value)
                                     : Unknown(name, algorithm, found.why_not));
    }
    BindTpm(manifest, *boot.profile, &target);
    cells.push_back(std::move(target));
  }
  return cells;
}

}  // namespace tally
