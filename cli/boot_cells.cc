#include "cli/boot_cells.h"

#include <algorithm>
#include <utility>

#include "builder/images.h"
#include "cli/qemu_rules.h"
#include "common/text.h"
#include "measure/tdx_rtmr.h"
#include "measure/tpm.h"

namespace tally {

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

BootArtifacts::BootArtifacts(fs::path directory)
    : directory_(std::move(directory)) {}

Result<ByteSpan> BootArtifacts::Open(const char* name) {
  auto found = files_.find(name);
  if (found == files_.end()) {
    TALLY_ASSIGN(MappedFile file, MappedFile::Open(directory_ / name));
    found = files_.emplace(name, std::move(file)).first;
  }
  return found->second.bytes();
}

std::optional<PciPlace> PlaceOf(const std::optional<PciDevice>& device) {
  if (!device) return std::nullopt;
  return PciPlace{.device = device->device, .function = device->function};
}

MeasuredRegister UnknownRegister(std::string name, std::string algorithm,
                                 std::string_view why) {
  return {.name = std::move(name),
          .algorithm = std::move(algorithm),
          .value = "",
          .events_sha256 = {},
          .status = "not predictable",
          .why = std::string(why)};
}

MeasuredRegister KnownRegister(std::string name, std::string algorithm,
                               const BootRegister& found) {
  return {.name = std::move(name),
          .algorithm = std::move(algorithm),
          .value = Hex(found.value),
          .events_sha256 = DigestEvents(found.events),
          .status = std::string(BootSourceName(found.source)),
          .why = ""};
}

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

}  // namespace tally
