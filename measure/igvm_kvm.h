// What QEMU with KVM demands of an IGVM file so that a guest gets the digest
// that the file's order of directives gives.
//
// Sources: coconut-svsm/svsm, commit f4bc4bcd, tools/igvmmeasure/src/
// igvm_measure.rs, KvmCheckError; QEMU target/i386/sev.c, check_vmsa_supported.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "formats/igvm.h"

namespace tally {

enum class IgvmKvmRule {
  kOneVmsa,    // only the first processor's registers can be set
  kVmsaGpa,    // KVM measures every VMSA at one address
  kVmsaCr0,    // KVM overwrites CR0
  kVmsaIsLast  // KVM measures the VMSA when the launch is finished
};

// IgvmKvmRuleName returns "one-vmsa", "vmsa-gpa", "vmsa-cr0", "vmsa-last".
std::string_view IgvmKvmRuleName(IgvmKvmRule rule);

// IgvmKvmFinding is a rule that a file breaks.
struct IgvmKvmFinding {
  IgvmKvmRule rule = IgvmKvmRule::kOneVmsa;
  size_t directive = 0;
  std::string what;  // found, then expected
  std::string why;   // what KVM does

  bool operator==(const IgvmKvmFinding&) const = default;
};

// CheckIgvmForKvm returns every broken rule, in file order. `platform` is
// SEV-SNP or SEV-ES; others have no VMSA and break none.
Result<std::vector<IgvmKvmFinding>> CheckIgvmForKvm(const Igvm& igvm,
                                                    IgvmPlatformType platform);

}  // namespace tally
