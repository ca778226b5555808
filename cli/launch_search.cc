#include "cli/launch_search.h"

#include <algorithm>

#include "cli/inputs.h"
#include "common/parallel.h"
#include "common/text.h"
#include "measure/snp_why.h"

namespace tally {
namespace {

Result<SnpSearch> PrepareSearch(const SnpQuestion& question) {
  SnpSearch search{
      .expected = question.expected,
      .launch = question.launch,
      .num_vcpus = question.num_vcpus,
      .cmdline = question.cmdline,
      .max_vcpus = std::max(question.max_vcpus, question.num_vcpus)};
  TALLY_ASSIGN(search.layout, ParseOvmf(question.launch.firmware));
  if (question.after_firmware) {
    search.after_firmware = *question.after_firmware;
  } else {
    AppendNormalPages(question.launch.firmware, search.layout.gpa(), "firmware",
                      &search.firmware_pages);
    search.after_firmware = FoldSnp({}, search.firmware_pages);
  }
  return search;
}

Result<SnpMeasurement> MeasureGiven(const SnpSearch& search) {
  const uint32_t count[] = {search.num_vcpus};
  if (search.firmware_pages.empty()) {
    return MeasureSnpFromSeed({search.after_firmware, search.layout},
                              search.launch, count);
  }
  return MeasureSnp(search.launch, count);
}

Result<std::optional<LaunchFound>> Search(const SnpSearch& search,
                                          const SnpSearchPlan& plan) {
  std::vector<std::optional<LaunchFound>> found(plan.states.size());
  TALLY_TRY(ParallelFor(plan.states.size(), Threads(0), [&](size_t i) {
    found[i] = TrySnpStates(search, plan, i);
    return Ok();
  }));
  std::optional<LaunchFound> best;
  for (std::optional<LaunchFound>& candidate : found) {
    if (!candidate) continue;
    if (!best || candidate->differences.size() < best->differences.size()) {
      best = std::move(candidate);
    }
  }
  return best;
}

// PartialLaunch finds the expected digest among the values on the way.
std::optional<std::string> PartialLaunch(const SnpSearch& search,
                                         const SnpMeasurement& given) {
  const std::string expected = search.expected.hex();
  for (const Event& event : given.events) {
    if (event.value_after != expected) continue;
    return "it is the digest after the step '" + event.what + "' at " +
           (event.gpa ? HexNumber(*event.gpa) : "the start") +
           ": the launch did not go on";
  }
  return std::nullopt;
}

// Unexplained says what the search excludes, and what it leaves.
std::vector<std::string> Unexplained(const SnpSearch& search,
                                     const SnpMeasurement& given,
                                     uint64_t num_candidates) {
  if (const auto partial = PartialLaunch(search, given)) return {*partial};
  std::string left = "a firmware image with other bytes";
  if (search.launch.kernel_hashes) {
    left += ", another kernel, initrd or command line";
  } else if (HasKernelHashesTable(search.layout)) {
    left += ", a kernel with kernel-hashes=on";
  }
  return {"tried " + std::to_string(num_candidates) + " launches: 1 to " +
              std::to_string(search.max_vcpus) +
              " vcpus, guest features, vcpu types, VMMs, VMSA eras, kernel "
              "hashes, command line endings, page orders",
          "that leaves " + left + ", or a VMM that is not known"};
}

}  // namespace

Result<LaunchAnswer> SearchSnp(const SnpQuestion& question) {
  TALLY_ASSIGN(const SnpSearch search, PrepareSearch(question));
  TALLY_ASSIGN(const SnpMeasurement given, MeasureGiven(search));
  const SnpSearchPlan plan = PlanSnpSearch(search);
  LaunchAnswer answer{.num_candidates = plan.NumCandidates(search.max_vcpus),
                      .expected = search.expected.hex(),
                      .given = given.cells.front().launch_digest.hex()};
  TALLY_ASSIGN(answer.found, Search(search, plan));
  if (!answer.found) {
    answer.notes = Unexplained(search, given, answer.num_candidates);
  }
  return answer;
}

}  // namespace tally
