#include "measure/igvm_tdx.h"

#include <string>

#include "common/hash.h"

namespace tally {
namespace {

// AddLoad adds the pages of one directive.
void AddLoad(const IgvmLoad& load, MrtdHasher* guest) {
  static const Bytes zeros(kTdxPageBytes, 0);
  for (uint64_t at = 0; at < load.size_bytes; at += kTdxPageBytes) {
    guest->AddPage(load.gpa + at);
    if (load.unmeasured) continue;
    const ByteSpan page = load.contents.empty()
                              ? ByteSpan(zeros)
                              : load.contents.subspan(at, kTdxPageBytes);
    guest->Extend(load.gpa + at, page);
  }
}

Event LoadEvent(const IgvmLoad& load, const Mrtd& after) {
  const bool is_extended = !load.unmeasured;
  return {.what = load.what,
          .type = is_extended ? "extended" : "added",
          .gpa = load.gpa,
          .size_bytes = load.size_bytes,
          .digest = is_extended ? ContentsDigest(load) : AnyDigest(),
          .value_after = after};
}

}  // namespace

Result<IgvmTdxMeasurement> MeasureIgvmTdx(const Igvm& igvm,
                                          const IgvmFolding& folding) {
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads,
               PlanIgvm(igvm, IgvmPlatformType::kTdx));
  IgvmTdxMeasurement measurement;
  MrtdHasher guest;
  for (const IgvmLoad& load : loads) {
    // Error ranges are shared with the host: no private page is added.
    if (load.kind == IgvmLoad::Kind::kErrorRange) continue;
    if (load.page_type != IgvmPageType::kNormal) {
      return InputError("igvm: directive " + std::to_string(load.directive) +
                        ": a " + load.what + ", which tdx does not have");
    }
    AddLoad(load, &guest);
    if (folding.event) {
      folding.event(LoadEvent(load, guest.value()));
    }
    if (folding.done) folding.done(load.contents);
  }
  measurement.mrtd = guest.value();
  return measurement;
}

}  // namespace tally
