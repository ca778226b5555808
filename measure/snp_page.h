// One page of an SEV-SNP launch, and how it is folded into the launch digest.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// SNP_LAUNCH_UPDATE. See docs/measurements/sev-snp.md.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "measure/event.h"

namespace tally {

using SnpLaunchDigest = Digest<struct SnpLaunchDigestTag, 48>;

inline constexpr uint64_t kSnpPageBytes = 4096;

// SnpPageType is the PAGE_TYPE of SNP_LAUNCH_UPDATE.
enum class SnpPageType : uint8_t {
  kNormal = 1,
  kVmsa = 2,
  kZero = 3,
  kUnmeasured = 4,
  kSecrets = 5,
  kCpuid = 6,
};

// SnpPageTypeName returns "normal", "vmsa" …
std::string_view SnpPageTypeName(SnpPageType type);

// SnpPage is what the firmware hashes for one page: PAGE_INFO without the
// running digest.
struct SnpPage {
  // SHA-384 of the page for normal and VMSA pages, else zeros.
  Sha384Digest contents;
  SnpPageType type = SnpPageType::kNormal;
  // 1 if the page belongs to an initial migration image.
  uint8_t imi_page = 0;
  uint8_t vmpl1_permissions = 0;
  uint8_t vmpl2_permissions = 0;
  uint8_t vmpl3_permissions = 0;
  uint64_t gpa = 0;

  bool operator==(const SnpPage&) const = default;
};

// ExtendSnp returns the launch digest after one more page.
SnpLaunchDigest ExtendSnp(const SnpLaunchDigest& before, const SnpPage& page);

// SnpStep is a page with the reason why it is there: "firmware", "vcpu 0".
struct SnpStep {
  SnpPage page;
  std::string what;
};

// AppendNormalPages appends `bytes`, a multiple of 4096, as normal pages from
// `gpa` up.
void AppendNormalPages(ByteSpan bytes, uint64_t gpa, const std::string& what,
                       std::vector<SnpStep>* steps);

// FoldSnp extends `before` by all steps and appends an event for each.
SnpLaunchDigest FoldSnp(const SnpLaunchDigest& before,
                        std::span<const SnpStep> steps,
                        std::vector<Event>* events);

// FoldSnp without the events.
SnpLaunchDigest FoldSnp(const SnpLaunchDigest& before,
                        std::span<const SnpStep> steps);

}  // namespace tally
