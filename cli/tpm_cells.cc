#include "cli/tpm_cells.h"

#include <algorithm>
#include <utility>

#include "builder/images.h"

namespace tally {
namespace {

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

Result<TpmCells> OpenTpmCells(const Manifest& manifest, const TpmTarget& spec,
                              const fs::path& artifacts) {
  TpmCells cells{.files = BootArtifacts(artifacts), .boot = {}};
  BootArtifacts& files = cells.files;
  TpmBoot& boot = cells.boot;
  boot.profile = FindTpmProfile(spec.firmware_profile);
  for (const std::string& bank : spec.banks) {
    boot.banks.push_back(*FindHash(bank));
  }
  TALLY_ASSIGN(boot.uki, files.Open(kUkiArtifact));
  TALLY_ASSIGN(boot.disk, files.Open(kDiskArtifact));
  // A cloud has its own firmware with its own variables. A firmware that is one
  // file begins with its variable store.
  if (manifest.firmware && !boot.profile->is_cloud) {
    TALLY_ASSIGN(boot.variable_store,
                 files.Open(manifest.firmware->vars ? kFirmwareVarsArtifact
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
  return cells;
}

Result<std::vector<MeasuredTarget>> MeasureTpmTarget(
    const Manifest& manifest, const TargetSpec& spec,
    const fs::path& artifacts) {
  TALLY_ASSIGN(const TpmCells opened,
               OpenTpmCells(manifest, *spec.tpm, artifacts));
  const TpmBoot& boot = opened.boot;
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
      target.registers.push_back(
          found.value ? KnownRegister(name, algorithm, *found.value)
                      : UnknownRegister(name, algorithm, found.why_not));
    }
    BindTpm(manifest, *boot.profile, &target);
    cells.push_back(std::move(target));
  }
  return cells;
}

}  // namespace tally
