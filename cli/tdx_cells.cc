#include "cli/tdx_cells.h"

#include <array>
#include <utility>

#include "builder/images.h"
#include "cli/qemu_rules.h"
#include "common/text.h"

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

Status OpenFirmware(const Manifest& manifest, const TdxTarget& spec,
                    const QemuRules& rules, TdxCells* cells) {
  TALLY_ASSIGN(cells->boot.firmware, cells->files.Open(kFirmwareArtifact));
  if (manifest.firmware->vars) {
    TALLY_ASSIGN(cells->boot.variable_store,
                 cells->files.Open(kFirmwareVarsArtifact));
  }
  TALLY_ASSIGN(Tdvf tdvf, ParseTdvf(cells->boot.firmware));
  cells->tdvf = std::make_unique<Tdvf>(std::move(tdvf));
  cells->boot.tdvf = cells->tdvf.get();
  cells->page_order =
      FindTdxPageOrder(spec.page_order).value_or(rules.page_order);
  return Ok();
}

Status OpenBoot(const TdxTarget& spec, TdxCells* cells) {
  TdxBoot& boot = cells->boot;
  BootArtifacts& files = cells->files;
  if (spec.boot == "kernel") {
    TALLY_ASSIGN(boot.kernel, files.Open(kKernelArtifact));
    TALLY_ASSIGN(boot.initrd, files.Open(kInitrdArtifact));
    TALLY_ASSIGN(const ByteSpan cmdline, files.Open(kCmdlineArtifact));
    boot.cmdline = AsText(cmdline);
    return Ok();
  }
  TALLY_ASSIGN(boot.uki, files.Open(kUkiArtifact));
  boot.kind = TdxBootKind::kUki;
  if (spec.boot != "disk") return Ok();
  boot.kind = TdxBootKind::kUkiOnDisk;
  TALLY_ASSIGN(boot.disk, files.Open(kDiskArtifact));
  boot.boot_disk = PlaceOf(spec.boot_disk);
  return Ok();
}

Json ProfileOf(const TdxTarget& spec, const TdxCell& cell) {
  Json::Object profile{{"vmm", spec.vmm}, {"boot", spec.boot}};
  if (spec.vmm != "qemu") return profile;
  profile["acpi"] = AcpiOriginName(cell.acpi.origin);
  profile["firmware_profile"] = spec.firmware_profile;
  profile["memory_bytes"] = cell.memory_bytes;
  profile["qemu_version"] = spec.qemu_version;
  profile["vcpus"] = int64_t{cell.num_vcpus};
  return profile;
}

Result<std::vector<TdxCell>> MatrixOf(const TdxTarget& spec,
                                      const fs::path& sources) {
  std::vector<TdxCell> cells;
  if (spec.vmm != "qemu") {
    cells.push_back({.memory_bytes = uint64_t{1} << 30});
    cells.back().profile = ProfileOf(spec, cells.back());
    return cells;
  }
  for (const uint64_t memory_bytes : spec.memory) {
    for (const uint32_t num_vcpus : spec.vcpus) {
      TdxCell cell{.memory_bytes = memory_bytes, .num_vcpus = num_vcpus};
      if (spec.acpi) {
        TALLY_ASSIGN(cell.acpi, ReadAcpiDirectory(sources / *spec.acpi,
                                                  memory_bytes, num_vcpus));
      }
      cell.profile = ProfileOf(spec, cell);
      cells.push_back(std::move(cell));
    }
  }
  return cells;
}

Result<BootRegister> RuntimeRegister(const std::vector<RuntimeEvent>& events) {
  constexpr HashAlgorithm kAlgorithm = HashAlgorithm::kSha384;
  BootRegister found;
  TALLY_ASSIGN(found.value, FoldRtmr3({}));
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
    TALLY_ASSIGN(found.value, FoldRtmr3(digests));
    const std::string what = event.dstack_event
                                 ? "event of dstack: " + *event.dstack_event
                                 : "event of an application";
    found.events.push_back({.what = what,
                            .type = "application",
                            .digest = {kAlgorithm, digests.back()},
                            .value_after = {kAlgorithm, found.value}});
  }
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

Status AddRtmrs(const TdxTarget& spec, const TdxPrediction& prediction,
                MeasuredTarget* target) {
  const auto folded = FoldRtmrs(prediction.events);
  for (unsigned rtmr = 0; rtmr < 4; ++rtmr) {
    const std::string name = "rtmr" + std::to_string(rtmr);
    const auto unknown = prediction.not_predictable.find(rtmr);
    const std::string_view cloud = WhyNotInCloud(spec.vmm, rtmr);
    if (!cloud.empty()) {
      target->registers.push_back(UnknownRegister(name, "sha384", cloud));
    } else if (rtmr == 3 && !spec.rtmr3) {
      target->registers.push_back(
          UnknownRegister(name, "sha384", kNoRuntimeEvents));
    } else if (rtmr == 3) {
      TALLY_ASSIGN(const BootRegister found, RuntimeRegister(*spec.rtmr3));
      target->registers.push_back(KnownRegister(name, "sha384", found));
    } else if (unknown != prediction.not_predictable.end()) {
      target->registers.push_back(
          UnknownRegister(name, "sha384", unknown->second));
    } else {
      target->registers.push_back(
          KnownRegister(name, "sha384", folded.at(rtmr)));
    }
  }
  return Ok();
}

void AddMrtd(const TdxTarget& spec, const std::optional<TdxMrtd>& mrtd,
             MeasuredTarget* target) {
  if (!mrtd) {
    const bool is_azure = spec.vmm == "azure";
    target->registers.push_back(UnknownRegister(
        "mrtd", "sha384", is_azure ? kParavisor : kGoogleFirmware));
    return;
  }
  target->registers.push_back({.name = "mrtd",
                               .value = mrtd->mrtd.hex(),
                               .events_sha256 = DigestEvents(mrtd->events)});
}

void BindTdx(const Manifest& manifest, const TdxTarget& spec,
             MeasuredTarget* target) {
  if (spec.vmm == "qemu") {
    BindRegister(kFirmwareArtifact, "mrtd", target);
    if (manifest.firmware->vars) {
      BindRegister(kFirmwareVarsArtifact, "rtmr0", target);
    }
  }
  if (spec.boot == "kernel") {
    BindRegister(kKernelArtifact, "rtmr1", target);
    BindRegister(kInitrdArtifact, "rtmr2", target);
    const bool bound = BindRegister(kCmdlineArtifact, "rtmr2", target);
    BindThroughCmdline(manifest, bound, target);
    return;
  }
  const bool bound = BindRegister(kUkiArtifact, "rtmr1", target);
  BindImageParts(manifest, bound, target);
}

}  // namespace

Result<TdxCells> OpenTdxCells(const Manifest& manifest, const TdxTarget& spec,
                              const fs::path& artifacts,
                              const fs::path& sources) {
  TdxCells cells{.files = BootArtifacts(artifacts), .tdvf = {}};
  cells.boot.profile = FindTdxProfile(spec.vmm == "qemu" ? spec.firmware_profile
                                                         : "ovmf-2023.02");
  if (spec.firmware_has_secure_boot) {
    cells.boot.secure_boot = TdxSecureBoot::kBuiltIn;
  }
  const QemuRules rules = QemuRulesOf(spec.qemu_version).value_or(QemuRules{});
  cells.boot.kernel_header = rules.kernel_header;
  if (spec.vmm == "qemu") {
    TALLY_TRY(OpenFirmware(manifest, spec, rules, &cells));
  }
  TALLY_TRY(OpenBoot(spec, &cells));
  TALLY_ASSIGN(cells.cells, MatrixOf(spec, sources));
  return cells;
}

Result<std::vector<TdxPrediction>> PredictTdxCells(const TdxCells& cells) {
  std::vector<TdxMachine> machines;
  for (const TdxCell& cell : cells.cells) {
    const bool has_acpi = cell.acpi.origin != AcpiOrigin::kNone;
    machines.push_back({.memory_bytes = cell.memory_bytes,
                        .acpi = has_acpi ? &cell.acpi.tables : nullptr});
  }
  return PredictTdx(cells.boot, machines);
}

Result<std::vector<MeasuredTarget>> MeasureTdxTarget(const Manifest& manifest,
                                                     const TargetSpec& spec,
                                                     const fs::path& artifacts,
                                                     const fs::path& sources) {
  TALLY_ASSIGN(const TdxCells opened,
               OpenTdxCells(manifest, *spec.tdx, artifacts, sources));
  std::optional<TdxMrtd> mrtd;
  if (opened.tdvf) {
    mrtd = MeasureTdvf(opened.boot.firmware, *opened.tdvf, opened.page_order);
  }
  TALLY_ASSIGN(const std::vector<TdxPrediction> predictions,
               PredictTdxCells(opened));
  std::vector<MeasuredTarget> targets;
  for (size_t i = 0; i < predictions.size(); ++i) {
    MeasuredTarget target{.name = spec.name,
                          .platform = "tdx",
                          .profile = opened.cells[i].profile};
    AddMrtd(*spec.tdx, mrtd, &target);
    TALLY_TRY(AddRtmrs(*spec.tdx, predictions[i], &target));
    BindTdx(manifest, *spec.tdx, &target);
    targets.push_back(std::move(target));
  }
  return targets;
}

}  // namespace tally
