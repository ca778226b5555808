#include "measure/snp_why_svsm.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "common/check.h"
#include "common/text.h"
#include "measure/snp_why_states.h"

namespace tally {
namespace {

// The variable stores that are tried: every size up to this one.
constexpr uint64_t kMaxVarsBytes = 1 << 20;

// The variable stores of OVMF: OvmfPkg/Include/Fdf/OvmfPkgDefines.fdf.inc,
// VARS_SIZE for images of 1 and 2 MiB and for those of 4 MiB.
constexpr uint64_t kOvmfVarsBytes[] = {0x20000, 0x84000};

bool IsUsualVarsSize(uint64_t size_bytes) {
  return size_bytes == 0 || std::ranges::find(kOvmfVarsBytes, size_bytes) !=
                                std::end(kOvmfVarsBytes);
}

// Starts says how processors begin with some facts.
using Starts = std::function<VmsaPair(const VmsaFacts&)>;

// SvsmStarts are those behind an SVSM, where all begin alike.
Starts SvsmStarts(const SvsmPlace& place) {
  return [entry = place.entry()](const VmsaFacts& facts) {
    const Vmsa vmsa = InitialSvsmVmsa(facts, entry);
    return VmsaPair{.first = vmsa, .other = vmsa};
  };
}

// SvsmPlanner collects prefixes, and for each the states in which processors
// can start behind it.
class SvsmPlanner {
 public:
  explicit SvsmPlanner(const SnpSearch& search)
      : search_(search), given_(GivenFacts(search.launch)) {
    AppendNormalPages(search.launch.svsm->image, 0, "SVSM", &svsm_pages_);
  }

  SnpSearchPlan Plan() {
    AddGivenPlace();
    for (uint64_t bytes = 0; bytes <= kMaxVarsBytes; bytes += kSnpPageBytes) {
      if (bytes != search_.launch.svsm->vars_size_bytes) AddPlace(bytes);
    }
    AddWithoutSvsm();
    return {.prefixes = std::move(prefixes_), .states = states_.Take()};
  }

 private:
  // The pages of the SVSM from `gpa` up.
  std::vector<SnpStep> SvsmPagesAt(uint64_t gpa) const {
    std::vector<SnpStep> steps = svsm_pages_;
    for (SnpStep& step : steps) step.page.gpa += gpa;
    return steps;
  }

  void AddPrefix(SnpLaunchDigest digest, LaunchDifferences differences) {
    prefixes_.push_back({digest, std::move(differences)});
  }

  void AddGivenPlace() {
    const Result<SvsmPlace> place = PlaceSvsm(search_.launch);
    TALLY_CHECK(place);
    const std::vector<SnpStep> svsm = SvsmPagesAt(place->gpa);
    std::vector<SnpStep> sections =
        PlanSnpSections(search_.launch, Ovmf{.sections = place->svsm.sections});
    const SnpLaunchDigest after_svsm = FoldSnp(search_.after_firmware, svsm);
    AddPrefix(FoldSnp(after_svsm, sections), {});
    const auto add_order = [&](const char* name, SnpLaunchDigest digest) {
      AddPrefix(digest, {{"page_order", "firmware, SVSM, sections", name}});
    };
    add_order(
        "SVSM, firmware, sections",
        FoldSnp(FoldSnp(FoldSnp({}, svsm), search_.firmware_pages), sections));
    add_order("no sections", after_svsm);
    const auto gpa = [](const SnpStep& step) { return step.page.gpa; };
    std::ranges::stable_sort(sections, {}, gpa);
    add_order("sections by address", FoldSnp(after_svsm, sections));
    std::ranges::reverse(sections);
    add_order("sections by address, highest first",
              FoldSnp(after_svsm, sections));
    const PrefixRange prefixes{.first = 0, .count = prefixes_.size()};
    AddAllFacts(SvsmStarts(*place), prefixes);
    states_.AddOdd(SvsmStarts(*place)(given_), VmsaGpa(given_), prefixes);
  }

  void AddPlace(uint64_t vars_bytes) {
    SnpLaunch launch = search_.launch;
    launch.svsm->vars_size_bytes = vars_bytes;
    const Result<SvsmPlace> place = PlaceSvsm(launch);
    if (!place) return;  // it does not fit: nobody launches it so
    const SnpLaunchDigest after_svsm =
        FoldSnp(search_.after_firmware, SvsmPagesAt(place->gpa));
    const std::vector<SnpStep> sections =
        PlanSnpSections(launch, Ovmf{.sections = place->svsm.sections});
    const PrefixRange prefix{.first = prefixes_.size(), .count = 1};
    AddPrefix(FoldSnp(after_svsm, sections),
              {{"vars_size", HexNumber(search_.launch.svsm->vars_size_bytes),
                HexNumber(vars_bytes)}});
    if (IsUsualVarsSize(vars_bytes)) {
      AddAllFacts(SvsmStarts(*place), prefix);
    } else {
      AddFacts(SvsmStarts(*place), given_, prefix);
    }
  }

  // AddWithoutSvsm tries the firmware alone, if it can be launched so.
  void AddWithoutSvsm() {
    if (search_.layout.sections.empty()) return;
    SnpLaunch launch = search_.launch;
    launch.svsm.reset();
    const PrefixRange prefix{.first = prefixes_.size(), .count = 1};
    AddPrefix(FoldSnp(search_.after_firmware,
                      PlanSnpSections(launch, search_.layout)),
              {{"svsm", "as given", "none"}});
    const uint32_t reset_eip =
        search_.layout.sev_es_reset_eip.value_or(kBootEip);
    AddAllFacts(
        [&](const VmsaFacts& facts) {
          return VmsaPair{.first = InitialVmsa(facts, kBootEip),
                          .other = InitialVmsa(facts, reset_eip)};
        },
        prefix);
  }

  // AddAllFacts crosses eras, signatures and the usual features.
  void AddAllFacts(const Starts& starts, PrefixRange prefixes) {
    AddFacts(starts, given_, prefixes);
    for (const SnpVmsaEra era :
         {SnpVmsaEra::kFpuSynced, SnpVmsaEra::kFpuNotSynced}) {
      for (const uint32_t signature : SignaturesToTry(given_.vcpu_signature)) {
        for (const uint64_t features :
             UsualFeatureSets(given_.guest_features)) {
          AddFacts(starts, {given_.vmm, era, signature, features}, prefixes);
        }
      }
    }
  }

  void AddFacts(const Starts& starts, const VmsaFacts& facts,
                PrefixRange prefixes) {
    VmsaPair pair = starts(facts);
    pair.differences = FactsDifferences(given_, facts);
    states_.Add(pair, VmsaGpa(facts), prefixes);
  }

  uint64_t VmsaGpa(const VmsaFacts& facts) const {
    return search_.launch.vmsa_gpa.value_or(
        InitialVmsaGpa(facts.vmm, facts.vcpu_signature));
  }

  const SnpSearch& search_;
  VmsaFacts given_;
  std::vector<SnpStep> svsm_pages_;
  std::vector<SnpPrefix> prefixes_;
  SnpStateList states_;
};

}  // namespace

SnpSearchPlan PlanSvsmSearch(const SnpSearch& search) {
  return SvsmPlanner(search).Plan();
}

}  // namespace tally
