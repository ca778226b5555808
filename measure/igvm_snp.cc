#include "measure/igvm_snp.h"

#include <string>

#include "common/hash.h"
#include "measure/igvm_plan.h"

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

void AppendLoad(const IgvmLoad& load, IgvmZeroPages zero_pages,
                std::vector<SnpStep>* steps) {
  static const Sha384Digest zeros = Sha384(Bytes(kSnpPageBytes, 0));
  const SnpPageType type = PageType(load, zero_pages);
  const bool has_contents =
      type == SnpPageType::kNormal || type == SnpPageType::kVmsa;
  for (uint64_t at = 0; at < load.size_bytes; at += kSnpPageBytes) {
    Sha384Digest contents;
    if (has_contents) {
      contents = load.contents.empty()
                     ? zeros
                     : Sha384(load.contents.subspan(at, kSnpPageBytes));
    }
    steps->push_back(
        {{.contents = contents, .type = type, .gpa = load.gpa + at},
         load.what});
  }
}

// IdBlockDigest returns what the last ID block of the platform says.
std::optional<SnpLaunchDigest> IdBlockDigest(const Igvm& igvm, uint32_t mask) {
  std::optional<SnpLaunchDigest> digest;
  for (const IgvmDirective& directive : igvm.directives) {
    const auto* block = std::get_if<IgvmSnpIdBlock>(&directive);
    if (block != nullptr && (block->compatibility_mask & mask) != 0) {
      digest = SnpLaunchDigest(block->launch_digest);
    }
  }
  return digest;
}

}  // namespace

Result<IgvmSnpMeasurement> MeasureIgvmSnp(const Igvm& igvm,
                                          IgvmZeroPages zero_pages) {
  constexpr auto kPlatform = IgvmPlatformType::kSevSnp;
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads, PlanIgvm(igvm, kPlatform));
  std::vector<SnpStep> steps;
  for (const IgvmLoad& load : loads) {
    // Error ranges are shared with the host: no part of the launch.
    if (load.kind == IgvmLoad::Kind::kErrorRange) continue;
    AppendLoad(load, zero_pages, &steps);
  }
  IgvmSnpMeasurement measurement;
  measurement.launch_digest = FoldSnp({}, steps, &measurement.events);
  measurement.id_block_digest = IdBlockDigest(
      igvm, FindIgvmPlatform(igvm, kPlatform)->compatibility_mask);
  return measurement;
}

Status CheckIgvmIdBlock(const IgvmSnpMeasurement& measurement) {
  const auto& expected = measurement.id_block_digest;
  if (!expected || *expected == measurement.launch_digest) return Ok();
  return DigestMismatch("launch digest in the file's ID block", expected->hex(),
                        measurement.launch_digest.hex());
}

}  // namespace tally
