#include "measure/snp_page.h"

#include <algorithm>

#include "common/check.h"
#include "common/hash.h"
#include "common/parallel.h"

namespace tally {
namespace {

constexpr uint16_t kPageInfoBytes = 0x70;

Event StepEvent(const SnpStep& step, const SnpLaunchDigest& after) {
  const bool has_contents = step.page.contents != Sha384Digest();
  return {.what = step.what,
          .type = std::string(SnpPageTypeName(step.page.type)),
          .gpa = step.page.gpa,
          .size_bytes = kSnpPageBytes,
          .digest = has_contents ? AnyDigest(step.page.contents) : AnyDigest(),
          .value_after = after};
}

// HashPages fills in the digests of pages, side by side: a firmware of 4 MiB
// takes longer than all the rest of a measurement.
void HashPages(ByteSpan bytes, std::span<SnpStep> steps) {
  constexpr size_t kPagesAtOnce = 64;
  // Also where there are two processors: one thread more is often left on its
  // parent's, three are spread.
  constexpr unsigned kMaxThreads = 4;
  const size_t num_parts = (steps.size() + kPagesAtOnce - 1) / kPagesAtOnce;
  const Status done = ParallelFor(num_parts, kMaxThreads, [&](size_t part) {
    const size_t end = std::min(steps.size(), (part + 1) * kPagesAtOnce);
    for (size_t i = part * kPagesAtOnce; i < end; ++i) {
      steps[i].page.contents =
          Sha384(bytes.subspan(i * kSnpPageBytes, kSnpPageBytes));
    }
    return Ok();
  });
  TALLY_CHECK(done);  // hashing does not fail
}

}  // namespace

std::string_view SnpPageTypeName(SnpPageType type) {
  switch (type) {
    case SnpPageType::kNormal:
      return "normal";
    case SnpPageType::kVmsa:
      return "vmsa";
    case SnpPageType::kZero:
      return "zero";
    case SnpPageType::kUnmeasured:
      return "unmeasured";
    case SnpPageType::kSecrets:
      return "secrets";
    case SnpPageType::kCpuid:
      return "cpuid";
  }
  return "unknown";
}

SnpLaunchDigest ExtendSnp(const SnpLaunchDigest& before, const SnpPage& page) {
  // AMD 56860, SNP_LAUNCH_UPDATE, table "Layout of the PAGE_INFO Structure".
  // Other tools write the permissions in the opposite order; this one is that
  // of AMD's published firmware (AMD-ASPFW 3ca6650d, sev_mcmd.h,
  // snp_mcmd_launch_update_page_info_t), and one that uses the permissions on
  // hardware has it too (docs/measurements/sev-snp.md).
  //
  // Written into an array, not by a ByteWriter: a search folds millions.
  std::array<uint8_t, kPageInfoBytes> info = {};
  std::ranges::copy(before.span(), info.begin());  // 0x00 DIGEST_CUR
  std::ranges::copy(page.contents.span(), info.begin() + 0x30);  // CONTENTS
  info[0x60] = kPageInfoBytes;                   // 0x60 LENGTH, u16
  info[0x62] = static_cast<uint8_t>(page.type);  // 0x62 PAGE_TYPE
  info[0x63] = page.imi_page;                    // 0x63 IMI_PAGE
  info[0x64] = 0;                                // 0x64 reserved
  info[0x65] = page.vmpl1_permissions;           // 0x65 VMPL1_PERMS
  info[0x66] = page.vmpl2_permissions;           // 0x66 VMPL2_PERMS
  info[0x67] = page.vmpl3_permissions;           // 0x67 VMPL3_PERMS
  for (size_t i = 0; i < 8; ++i) {               // 0x68 GPA
    info[0x68 + i] = static_cast<uint8_t>(page.gpa >> (8 * i));
  }
  return SnpLaunchDigest(Sha384(info).array());
}

void AppendNormalPages(ByteSpan bytes, uint64_t gpa, const std::string& what,
                       std::vector<SnpStep>* steps) {
  TALLY_CHECK(bytes.size() % kSnpPageBytes == 0);
  const size_t first = steps->size();
  steps->reserve(first + bytes.size() / kSnpPageBytes);
  for (uint64_t offset = 0; offset < bytes.size(); offset += kSnpPageBytes) {
    steps->push_back(
        {{.type = SnpPageType::kNormal, .gpa = gpa + offset}, what});
  }
  HashPages(bytes, std::span(*steps).subspan(first));
}

SnpLaunchDigest FoldSnp(const SnpLaunchDigest& before,
                        std::span<const SnpStep> steps,
                        std::vector<Event>* events) {
  events->reserve(events->size() + steps.size());
  SnpLaunchDigest digest = before;
  for (const SnpStep& step : steps) {
    digest = ExtendSnp(digest, step.page);
    events->push_back(StepEvent(step, digest));
  }
  return digest;
}

SnpLaunchDigest FoldSnp(const SnpLaunchDigest& before,
                        std::span<const SnpStep> steps) {
  SnpLaunchDigest digest = before;
  for (const SnpStep& step : steps) digest = ExtendSnp(digest, step.page);
  return digest;
}

}  // namespace tally
