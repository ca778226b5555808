#include "measure/igvm_kvm.h"

#include <algorithm>
#include <array>

#include "common/text.h"
#include "measure/guest_features.h"
#include "measure/igvm_plan.h"
#include "measure/snp.h"

namespace tally {
namespace {

// KVM sets CR0 at launch to ET and NE, in protected mode with PE.
constexpr uint64_t kCr0RealMode = 0x30;
constexpr uint64_t kCr0ProtectedMode = 0x31;
// AMD 24593, appendix B: where they are in the VMSA.
constexpr uint64_t kVmsaCr0Offset = 0x158;
constexpr uint64_t kVmsaFeaturesOffset = 0x3b0;

using FindingSink = std::function<void(const IgvmKvmFinding&)>;

void CheckVmsa(const IgvmLoad& load, IgvmPlatformType platform,
               const FindingSink& found) {
  if (load.gpa != kKvmVmsaGpa) {
    found({IgvmKvmRule::kVmsaGpa, load.directive,
           "VMSA at gpa " + HexNumber(load.gpa) + ", expected " +
               HexNumber(kKvmVmsaGpa),
           "KVM measures every VMSA at that address, whatever the file says"});
  }
  ByteReader r("vmsa", load.contents);
  r.Skip("before cr0", kVmsaCr0Offset);
  const uint64_t cr0 = r.U64Le("cr0");
  if (cr0 != kCr0RealMode && cr0 != kCr0ProtectedMode) {
    found({IgvmKvmRule::kVmsaCr0, load.directive,
           "CR0 in the VMSA is " + HexNumber(cr0) + ", expected " +
               HexNumber(kCr0RealMode) + " (real mode) or " +
               HexNumber(kCr0ProtectedMode) + " (protected mode)",
           "KVM overwrites CR0 before it measures the VMSA"});
  }
  r.Skip("before SEV_FEATURES", kVmsaFeaturesOffset - kVmsaCr0Offset - 8);
  const uint64_t features = r.U64Le("SEV_FEATURES");
  const bool is_snp = platform == IgvmPlatformType::kSevSnp;
  if (is_snp && (features & kSnpActive) == 0) {
    found({IgvmKvmRule::kVmsaFeatures, load.directive,
           "SEV_FEATURES in the VMSA is " + HexNumber(features) +
               ", expected bit 0 to be set",
           "KVM sets it in every VMSA of an SNP guest"});
  }
}

// CheckFirstVmsa: QEMU sets the processors that a VP context names; KVM
// measures all of them.
void CheckFirstVmsa(const std::vector<IgvmLoad>& loads,
                    const FindingSink& found) {
  const bool is_there = std::ranges::any_of(loads, [](const IgvmLoad& load) {
    return load.kind == IgvmLoad::Kind::kVpContext && load.vp_index == 0;
  });
  if (is_there) return;
  found({IgvmKvmRule::kFirstVmsa, std::nullopt,
         "no VMSA of the first processor, expected one",
         "KVM measures its state after a reset where the file has none"});
}

// CheckVmsas looks at the registers, and at what comes behind them.
void CheckVmsas(const std::vector<IgvmLoad>& loads, IgvmPlatformType platform,
                const FindingSink& found, const IgvmContentsRead& read) {
  CheckFirstVmsa(loads, found);
  const IgvmLoad* vmsa = nullptr;
  bool reported_order = false;
  for (const IgvmLoad& load : loads) {
    if (load.kind == IgvmLoad::Kind::kErrorRange) continue;
    if (load.kind == IgvmLoad::Kind::kVpContext) {
      if (vmsa != nullptr) {
        found({IgvmKvmRule::kOneVmsa, load.directive,
               "another VMSA, for " + load.what + ", expected one",
               "QEMU sets the registers of the first processor only"});
      }
      vmsa = &load;
      CheckVmsa(load, platform, found);
      if (read) read(load.contents);
    } else if (vmsa != nullptr && !reported_order) {
      reported_order = true;
      found({IgvmKvmRule::kVmsaIsLast, load.directive,
             load.what + " at gpa " + HexNumber(load.gpa) +
                 " after the VMSA of directive " +
                 std::to_string(vmsa->directive) + ", expected before it",
             "KVM measures the VMSA last, when the launch is finished"});
    }
  }
}

// LoaderRules looks at each directive as qigvm_process_file() of QEMU does.
// Headers that it does not know end the launch, for whatever platform they are.
class LoaderRules {
 public:
  LoaderRules(uint32_t mask, const FindingSink& found)
      : mask_(mask), found_(found) {}

  void At(size_t index) { index_ = index; }

  void operator()(const IgvmPageData& page) {
    if (!Mine(page.compatibility_mask)) return;
    if (!first_page_) first_page_ = index_;
    if (page.shared) {
      Find(IgvmKvmRule::kNoSharedPage,
           "shared page at gpa " + HexNumber(page.gpa) + ", expected none",
           "QEMU does not look at the flag and adds a private page");
    }
    if (page.is_2mb_page && !page.contents.bytes.empty()) {
      Find(IgvmKvmRule::kNoLargePage,
           "page of 2 MiB with contents at gpa " + HexNumber(page.gpa) +
               ", expected pages of 4 KiB",
           "the library that QEMU reads files with returns the first 4096 "
           "bytes");
    }
  }
  void operator()(const IgvmParameterInsert& insert) {
    if (!Mine(insert.compatibility_mask) || !first_page_) return;
    Find(IgvmKvmRule::kParametersFirst,
         "parameter area " + std::to_string(insert.area_index) +
             " inserted after the page data of directive " +
             std::to_string(*first_page_) + ", expected before all page data",
         "QEMU adds parameters at once, and pages only when a run of them has "
         "ended");
  }
  void operator()(const IgvmSnpIdBlock& block) {
    if (!Mine(block.compatibility_mask)) return;
    if (has_id_block_) {
      Find(IgvmKvmRule::kOneIdBlock, "another SNP ID block, expected one",
           "QEMU refuses the file");
    }
    has_id_block_ = true;
  }
  void operator()(const IgvmParameter& parameter) {
    switch (parameter.kind) {
      case IgvmParameterKind::kVpCount:
      case IgvmParameterKind::kMadt:
      case IgvmParameterKind::kMemoryMap:
      case IgvmParameterKind::kEnvironmentInfo:
        return;
      default:
        FindUnknown("parameter of type " +
                    HexNumber(static_cast<uint32_t>(parameter.kind)));
    }
  }
  void operator()(const IgvmErrorRange&) { FindUnknown("error range"); }
  void operator()(const IgvmVbsMeasurement&) { FindUnknown("VBS measurement"); }
  void operator()(const IgvmUnknown& unknown) {
    FindUnknown("header of type " + HexNumber(unknown.type));
  }
  void operator()(const IgvmGuestPolicy&) {}
  void operator()(const IgvmParameterArea&) {}
  void operator()(const IgvmVpContext&) {}
  void operator()(const IgvmRequiredMemory&) {}
  // Of initialization.
  void operator()(const IgvmRelocatableRegion&) {
    FindUnknown("relocatable region");
  }
  void operator()(const IgvmPageTableRelocation&) {
    FindUnknown("page table relocation");
  }
  void operator()(const IgvmCorim&) { FindUnknown("CoRIM"); }
  void operator()(const IgvmCcaPolicy&) { FindUnknown("CCA policy"); }

 private:
  bool Mine(uint32_t mask) const { return (mask & mask_) != 0; }
  void Find(IgvmKvmRule rule, const std::string& what, std::string_view why) {
    found_({rule, index_, what, why});
  }
  void FindUnknown(const std::string& what) {
    Find(IgvmKvmRule::kKnownHeader, what + ", expected none",
         "QEMU refuses a file with a header that it does not know");
  }

  uint32_t mask_;
  const FindingSink& found_;
  std::optional<size_t> index_;
  std::optional<size_t> first_page_;
  bool has_id_block_ = false;
};

}  // namespace

std::string_view IgvmKvmRuleName(IgvmKvmRule rule) {
  constexpr std::array<std::string_view, 11> kNames = {
      "first-vmsa",    "one-vmsa",     "vmsa-gpa",         "vmsa-cr0",
      "vmsa-features", "vmsa-last",    "parameters-first", "no-shared-page",
      "no-large-page", "one-id-block", "known-header"};
  return kNames.at(static_cast<size_t>(rule));
}

std::string WhereOf(const IgvmKvmFinding& finding) {
  if (!finding.directive) return "headers";
  return "directive " + std::to_string(*finding.directive);
}

Status FindForKvm(const Igvm& igvm, IgvmPlatformType platform,
                  const FindingSink& found, const IgvmContentsRead& read) {
  TALLY_ASSIGN(const std::vector<IgvmLoad> loads, PlanIgvm(igvm, platform));
  // Plain SEV has no registers to set.
  if (platform != IgvmPlatformType::kSev) {
    CheckVmsas(loads, platform, found, read);
  }
  LoaderRules rules(FindIgvmPlatform(igvm, platform)->compatibility_mask,
                    found);
  for (const IgvmInitialization& header : igvm.initializations) {
    std::visit(rules, header);
  }
  for (size_t i = 0; i < igvm.directives.size(); ++i) {
    rules.At(i);
    std::visit(rules, igvm.directives[i]);
  }
  return Ok();
}

Result<std::vector<IgvmKvmFinding>> CheckIgvmForKvm(const Igvm& igvm,
                                                    IgvmPlatformType platform) {
  std::vector<IgvmKvmFinding> findings;
  TALLY_TRY(FindForKvm(igvm, platform, [&](const IgvmKvmFinding& finding) {
    findings.push_back(finding);
  }));
  return findings;
}

}  // namespace tally
