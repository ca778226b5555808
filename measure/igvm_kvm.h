// What QEMU with KVM demands of an IGVM file so that a guest gets the digest
// that the file's order of directives gives.
//
// Sources: coconut-svsm/svsm, commit f4bc4bcd, tools/igvmmeasure/src/
// igvm_measure.rs, KvmCheckError; QEMU target/i386/sev.c, check_vmsa_supported,
// and commit 03025db6, backends/igvm.c.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/igvm.h"

namespace tally {

enum class IgvmKvmRule {
  kFirstVmsa,        // KVM measures a state of the first processor anyway
  kOneVmsa,          // only the first processor's registers can be set
  kVmsaGpa,          // KVM measures every VMSA at one address
  kVmsaCr0,          // KVM overwrites CR0
  kVmsaFeatures,     // KVM sets SEV_FEATURES
  kVmsaIsLast,       // KVM measures the VMSA when the launch is finished
  kParametersFirst,  // QEMU adds parameters before the pages that it holds back
  kNoSharedPage,     // QEMU adds shared pages as if they were private
  kNoLargePage,      // QEMU gets the first 4096 bytes of a large page only
  kOneIdBlock,       // QEMU refuses a second ID block
  kKnownHeader       // QEMU refuses what it does not know
};

// IgvmKvmRuleName returns "first-vmsa", "one-vmsa", "vmsa-gpa", "vmsa-cr0" …
std::string_view IgvmKvmRuleName(IgvmKvmRule rule);

// IgvmKvmFinding is a rule that a file breaks.
struct IgvmKvmFinding {
  IgvmKvmRule rule = IgvmKvmRule::kOneVmsa;
  // Its number; none if the header is one of initialization, or missing.
  std::optional<size_t> directive;
  std::string what;      // found, then expected
  std::string_view why;  // what KVM does

  bool operator==(const IgvmKvmFinding&) const = default;
};

// WhereOf returns "directive 3", or "headers" where there is none to name.
std::string WhereOf(const IgvmKvmFinding& finding);

// FindForKvm calls `found` with every broken rule: a file has up to 262,144 of
// them. `platform` is SEV-SNP, SEV-ES or SEV. `read`, if given, is called with
// each VMSA that was looked into.
Status FindForKvm(const Igvm& igvm, IgvmPlatformType platform,
                  const std::function<void(const IgvmKvmFinding&)>& found,
                  const IgvmContentsRead& read = {});

// CheckIgvmForKvm returns a list of what FindForKvm finds.
Result<std::vector<IgvmKvmFinding>> CheckIgvmForKvm(const Igvm& igvm,
                                                    IgvmPlatformType platform);

}  // namespace tally
