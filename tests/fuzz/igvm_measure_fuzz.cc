// Whatever parses is measured or refused as input, on every platform; measuring
// the canonical file gives the same digest.
#include "common/check.h"
#include "measure/igvm_kvm.h"
#include "measure/igvm_sev.h"
#include "measure/igvm_snp.h"
#include "measure/igvm_tdx.h"
#include "measure/igvm_vsm.h"

namespace {

// Agree checks that two results are the same digest or both an input error.
template <typename R, typename Digest>
void Agree(const R& a, const R& b, Digest digest) {
  TALLY_CHECK(a.has_value() == b.has_value());
  if (a) {
    TALLY_CHECK((*a).*digest == (*b).*digest);
  } else {
    TALLY_CHECK(a.error().code() == tally::ErrorCode::kInput);
  }
}

// NumPages bounds the work: a large page is a header of 32 bytes.
uint64_t NumPages(const tally::Igvm& igvm) {
  uint64_t num_pages = 0;
  for (const tally::IgvmDirective& directive : igvm.directives) {
    if (const auto* page = std::get_if<tally::IgvmPageData>(&directive)) {
      num_pages += tally::IgvmPageBytes(igvm, *page) / 4096;
    } else if (const auto* area =
                   std::get_if<tally::IgvmParameterArea>(&directive)) {
      num_pages += area->size_bytes / 4096;
    } else if (const auto* range =
                   std::get_if<tally::IgvmErrorRange>(&directive)) {
      num_pages += range->size_bytes / 4096;
    }
  }
  return num_pages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto igvm = tally::ParseIgvm(tally::ByteSpan(data, size));
  if (!igvm || NumPages(*igvm) > 4096) return 0;
  const auto written = tally::WriteIgvm(*igvm);
  if (!written) return 0;
  const auto again = tally::ParseIgvm(*written);
  TALLY_CHECK(again.has_value());
  using tally::IgvmZeroPages;
  for (const auto zeros : {IgvmZeroPages::kNormal, IgvmZeroPages::kNative}) {
    Agree(tally::MeasureIgvmSnp(*igvm, zeros),
          tally::MeasureIgvmSnp(*again, zeros),
          &tally::IgvmSnpMeasurement::launch_digest);
  }
  for (const auto mode : {tally::SevMode::kSev, tally::SevMode::kSevEs}) {
    Agree(tally::MeasureIgvmSev(*igvm, mode),
          tally::MeasureIgvmSev(*again, mode),
          &tally::IgvmSevMeasurement::launch_digest);
  }
  Agree(tally::MeasureIgvmVsm(*igvm), tally::MeasureIgvmVsm(*again),
        &tally::IgvmVsmMeasurement::boot_digest);
  Agree(tally::MeasureIgvmTdx(*igvm), tally::MeasureIgvmTdx(*again),
        &tally::IgvmTdxMeasurement::mrtd);
  for (const auto platform :
       {tally::IgvmPlatformType::kSevSnp, tally::IgvmPlatformType::kSevEs}) {
    const auto findings = tally::CheckIgvmForKvm(*igvm, platform);
    TALLY_CHECK(findings ||
                findings.error().code() == tally::ErrorCode::kInput);
  }
  return 0;
}
