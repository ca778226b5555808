#include "measure/igvm_snp.h"

#include <string>

#include "common/hash.h"

namespace tally {
namespace {

SnpPageType PageType(const IgvmLoad& load, IgvmZeroPages zero_pages) {
  if (load.kind == IgvmLoad::Kind::kVpContext) return SnpPageType::kVmsa;
  switch (load.page_type) {
    case IgvmPageType::kSecrets:
      return SnpPageType::kSecrets;
    // The firmware has one type; XF only says how the host fills the page.
    case IgvmPageType::kCpuidData:
    case IgvmPageType::kCpuidXf:
      return SnpPageType::kCpuid;
    case IgvmPageType::kNormal:
      break;
  }
  if (load.unmeasured) return SnpPageType::kUnmeasured;
  if (load.contents.empty() && zero_pages == IgvmZeroPages::kNative) {
    return SnpPageType::kZero;
  }
  return SnpPageType::kNormal;
}

bool HasContents(SnpPageType type) {
  return type == SnpPageType::kNormal || type == SnpPageType::kVmsa;
}

// PageOf returns the page of a load at an offset.
SnpPage PageOf(const IgvmLoad& load, SnpPageType type, uint64_t at) {
  static const Sha384Digest zeros = Sha384(Bytes(kSnpPageBytes, 0));
  SnpPage page{.type = type, .gpa = load.gpa + at};
  if (HasContents(type)) {
    page.contents = load.contents.empty()
                        ? zeros
                        : Sha384(load.contents.subspan(at, kSnpPageBytes));
  }
  return page;
}

Event LoadEvent(const IgvmLoad& load, SnpPageType type,
                const SnpLaunchDigest& after) {
  return {.what = load.what,
          .type = std::string(SnpPageTypeName(type)),
          .gpa = load.gpa,
          .size_bytes = load.size_bytes,
          .digest = HasContents(type) ? ContentsDigest(load) : AnyDigest(),
          .value_after = after};
}

// IdBlockDigest returns what the ID block of the platform says; of several, one
// that says something else than what was measured.
std::optional<SnpLaunchDigest> IdBlockDigest(const Igvm& igvm, uint32_t mask,
                                             const SnpLaunchDigest& measured) {
  std::optional<SnpLaunchDigest> digest;
  for (const IgvmDirective& directive : igvm.directives) {
    const auto* block = std::get_if<Boxed<IgvmSnpIdBlock>>(&directive);
    if (block != nullptr && ((*block)->compatibility_mask & mask) != 0) {
      digest = SnpLaunchDigest((*block)->launch_digest);
      if (*digest != measured) break;
    }
  }
  return digest;
}

}  // namespace

Result<IgvmSnpMeasurement> MeasureIgvmSnp(const Igvm& igvm,
                                          IgvmZeroPages zero_pages,
                                          const IgvmFolding& folding) {
  constexpr auto kPlatform = IgvmPlatformType::kSevSnp;
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads, PlanIgvm(igvm, kPlatform));
  IgvmSnpMeasurement measurement;
  SnpLaunchDigest& digest = measurement.launch_digest;
  for (const IgvmLoad& load : loads) {
    // Error ranges are shared with the host: no part of the launch.
    if (load.kind == IgvmLoad::Kind::kErrorRange) continue;
    const SnpPageType type = PageType(load, zero_pages);
    for (uint64_t at = 0; at < load.size_bytes; at += kSnpPageBytes) {
      digest = ExtendSnp(digest, PageOf(load, type, at));
    }
    if (folding.event) {
      folding.event(LoadEvent(load, type, digest));
    }
    if (folding.done) folding.done(load.contents);
  }
  measurement.id_block_digest = IdBlockDigest(
      igvm, FindIgvmPlatform(igvm, kPlatform)->compatibility_mask, digest);
  return measurement;
}

Status CheckIgvmIdBlock(const IgvmSnpMeasurement& measurement) {
  const auto& expected = measurement.id_block_digest;
  if (!expected || *expected == measurement.launch_digest) return Ok();
  return DigestMismatch("launch digest in the file's ID block", expected->hex(),
                        measurement.launch_digest.hex());
}

}  // namespace tally
