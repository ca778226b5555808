#include "measure/igvm_sev.h"

#include <string>

#include "common/hash.h"

namespace tally {
namespace {

// IsLoaded says whether the firmware sees the contents. Plain SEV has no
// command for registers.
bool IsLoaded(const IgvmLoad& load, SevMode mode) {
  switch (load.kind) {
    case IgvmLoad::Kind::kPage:
      return !load.unmeasured;
    case IgvmLoad::Kind::kVpContext:
      return mode == SevMode::kSevEs;
    case IgvmLoad::Kind::kParameters:
    case IgvmLoad::Kind::kErrorRange:
      return false;
  }
  return false;
}

}  // namespace

Result<IgvmSevMeasurement> MeasureIgvmSev(const Igvm& igvm, SevMode mode,
                                          const IgvmFolding& folding) {
  const IgvmPlatformType platform =
      mode == SevMode::kSev ? IgvmPlatformType::kSev : IgvmPlatformType::kSevEs;
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads, PlanIgvm(igvm, platform));
  IgvmSevMeasurement measurement;
  Sha256Hasher hasher;
  Bytes zeros;
  for (const IgvmLoad& load : loads) {
    if (load.page_type != IgvmPageType::kNormal) {
      return InputError("igvm: directive " + std::to_string(load.directive) +
                        ": a " + load.what + ", which " +
                        std::string(IgvmPlatformName(platform)) +
                        " does not have");
    }
    if (!IsLoaded(load, mode)) continue;
    ByteSpan contents = load.contents;
    if (contents.empty()) {
      zeros.resize(load.size_bytes, 0);
      contents = zeros;
    }
    hasher.Update(contents);
    if (folding.event) {
      const bool is_vmsa = load.kind == IgvmLoad::Kind::kVpContext;
      folding.event({.what = load.what,
                     .type = is_vmsa ? "vmsa" : "data",
                     .gpa = load.gpa,
                     .size_bytes = load.size_bytes,
                     .digest = Sha256(contents),
                     .value_after = hasher.Clone().Finish()});
    }
    if (folding.done) folding.done(load.contents);
  }
  measurement.launch_digest = SevLaunchDigest(hasher.Finish().array());
  return measurement;
}

}  // namespace tally
