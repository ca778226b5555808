#include "measure/igvm_kvm.h"

#include <array>

#include "common/text.h"
#include "measure/igvm_plan.h"

namespace tally {
namespace {

// Linux arch/x86/kvm/svm/sev.c, INITIAL_VMSA_GPA.
constexpr uint64_t kKvmVmsaGpa = 0xfffffffff000;
// KVM sets CR0 at launch to ET and NE, in protected mode with PE.
constexpr uint64_t kCr0RealMode = 0x30;
constexpr uint64_t kCr0ProtectedMode = 0x31;
// AMD 24593, appendix B: CR0 in the VMSA.
constexpr uint64_t kVmsaCr0Offset = 0x158;

void CheckVmsa(const IgvmLoad& load, std::vector<IgvmKvmFinding>* findings) {
  if (load.gpa != kKvmVmsaGpa) {
    findings->push_back(
        {IgvmKvmRule::kVmsaGpa, load.directive,
         "VMSA at gpa " + HexNumber(load.gpa) + ", expected " +
             HexNumber(kKvmVmsaGpa),
         "KVM measures every VMSA at that address, whatever the file says"});
  }
  ByteReader r("vmsa", load.contents);
  r.Skip("before cr0", kVmsaCr0Offset);
  const uint64_t cr0 = r.U64Le("cr0");
  if (cr0 != kCr0RealMode && cr0 != kCr0ProtectedMode) {
    findings->push_back({IgvmKvmRule::kVmsaCr0, load.directive,
                         "CR0 in the VMSA is " + HexNumber(cr0) +
                             ", expected " + HexNumber(kCr0RealMode) +
                             " (real mode) or " + HexNumber(kCr0ProtectedMode) +
                             " (protected mode)",
                         "KVM overwrites CR0 before it measures the VMSA"});
  }
}

}  // namespace

std::string_view IgvmKvmRuleName(IgvmKvmRule rule) {
  constexpr std::array<std::string_view, 4> kNames = {"one-vmsa", "vmsa-gpa",
                                                      "vmsa-cr0", "vmsa-last"};
  return kNames.at(static_cast<size_t>(rule));
}

Result<std::vector<IgvmKvmFinding>> CheckIgvmForKvm(const Igvm& igvm,
                                                    IgvmPlatformType platform) {
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads, PlanIgvm(igvm, platform));
  std::vector<IgvmKvmFinding> findings;
  if (platform != IgvmPlatformType::kSevSnp &&
      platform != IgvmPlatformType::kSevEs) {
    return findings;
  }
  const IgvmLoad* vmsa = nullptr;
  bool reported_order = false;
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kErrorRange) continue;
    if (load.kind == IgvmLoad::Kind::kVpContext) {
      if (vmsa != nullptr) {
        findings.push_back(
            {IgvmKvmRule::kOneVmsa, load.directive,
             "another VMSA, for " + load.what + ", expected one",
             "QEMU sets the registers of the first processor only"});
      }
      vmsa = &load;
      CheckVmsa(load, &findings);
    } else if (vmsa != nullptr && !reported_order) {
      reported_order = true;
      findings.push_back(
          {IgvmKvmRule::kVmsaIsLast, load.directive,
           load.what + " at gpa " + HexNumber(load.gpa) +
               " after the VMSA of directive " +
               std::to_string(vmsa->directive) + ", expected before it",
           "KVM measures the VMSA last, when the launch is finished"});
    }
  }
  return findings;
}

}  // namespace tally
