// What the cells of targets for tdx and tpm have in common: the artifacts that
// boot, and the registers that bind them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "cli/measure_targets.h"
#include "common/file.h"
#include "manifests/manifest.h"
#include "measure/boot_event.h"
#include "measure/tpm_firmware.h"

namespace tally {

// CheckBootTarget refuses profiles and versions that no measurer knows.
Status CheckBootTarget(const TargetSpec& spec);

// BootArtifacts stay mapped as long as a prediction is made from them.
class BootArtifacts {
 public:
  explicit BootArtifacts(fs::path directory);

  Result<ByteSpan> Open(const char* name);

 private:
  fs::path directory_;
  std::map<std::string, MappedFile> files_;
};

std::optional<PciPlace> PlaceOf(const std::optional<PciDevice>& device);

MeasuredRegister UnknownRegister(std::string name, std::string algorithm,
                                 std::string_view why);
MeasuredRegister KnownRegister(std::string name, std::string algorithm,
                               const BootRegister& found);

// BindRegister says that a register binds the artifact, if it has a value.
bool BindRegister(const std::string& artifact, const std::string& name,
                  MeasuredTarget* target);

// BindImageParts: what the unified kernel image carries is bound with it.
void BindImageParts(const Manifest& manifest, bool is_image_bound,
                    MeasuredTarget* target);

}  // namespace tally
