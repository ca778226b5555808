#include "cli/igvm_vmsas.h"

#include <algorithm>

#include "cli/measure_answer.h"
#include "formats/vmsa.h"

namespace tally {
namespace {

std::string WhoseVmsa(const IgvmVmsas& vmsas) {
  const std::string first = "vp " + std::to_string(vmsas.first_vp);
  if (vmsas.last_vp == vmsas.first_vp) return first;
  return first + " to vp " + std::to_string(vmsas.last_vp);
}

bool StartsAlike(const IgvmVmsas& run, const IgvmVpContext& context) {
  return context.vp_index == run.last_vp + 1 &&
         std::ranges::equal(context.contents.bytes, run.page);
}

}  // namespace

std::vector<IgvmVmsas> FindIgvmVmsas(const Igvm& igvm,
                                     IgvmPlatformType platform,
                                     const IgvmContentsRead& read) {
  std::vector<IgvmVmsas> runs;
  // Plain SEV has no command for registers.
  if (platform != IgvmPlatformType::kSevSnp &&
      platform != IgvmPlatformType::kSevEs) {
    return runs;
  }
  const IgvmPlatform* supported = FindIgvmPlatform(igvm, platform);
  if (supported == nullptr) return runs;
  for (const IgvmDirective& directive : igvm.directives) {
    const auto* context = std::get_if<IgvmVpContext>(&directive);
    if (context == nullptr ||
        (context->compatibility_mask & supported->compatibility_mask) == 0 ||
        context->contents.bytes.size() != kVmsaBytes) {
      continue;
    }
    if (runs.empty() || !StartsAlike(runs.back(), *context)) {
      runs.push_back(
          {.first_vp = context->vp_index, .page = context->contents.bytes});
    }
    runs.back().last_vp = context->vp_index;
    read(context->contents.bytes);
  }
  return runs;
}

void ExplainIgvmVmsas(const std::vector<IgvmVmsas>& vmsas,
                      const IgvmContentsRead& read, const TextSink& sink) {
  for (const IgvmVmsas& run : vmsas) {
    sink(ExplainVmsa(WhoseVmsa(run), run.page));
    read(run.page);
  }
}

void WriteIgvmVmsas(const std::vector<IgvmVmsas>& vmsas,
                    const IgvmContentsRead& read, JsonWriter& writer) {
  writer.BeginArray();
  for (const IgvmVmsas& run : vmsas) {
    writer.Value(Json::Object{{"fields", VmsaRecord(run.page)},
                              {"first_vp", int64_t{run.first_vp}},
                              {"last_vp", int64_t{run.last_vp}}});
    read(run.page);
  }
  writer.EndArray();
}

}  // namespace tally
