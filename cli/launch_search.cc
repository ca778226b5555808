#include "cli/launch_search.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <span>

#include "cli/inputs.h"
#include "common/interrupt.h"
#include "common/parallel.h"
#include "common/text.h"
#include "measure/sev_why.h"
#include "measure/snp_why.h"

namespace tally {
namespace {

// SearchAll tries all parts of a search and returns what needs the fewest
// differences; of two alike, that of the earlier part.
Result<std::optional<LaunchFound>> SearchAll(
    size_t num_parts,
    const std::function<std::optional<LaunchFound>(size_t)>& try_part) {
  std::vector<std::optional<LaunchFound>> found(num_parts);
  TALLY_TRY(ParallelFor(num_parts, Threads(0), [&](size_t i) -> Status {
    Status stopped = CheckInterrupted();
    if (!stopped) return stopped;
    found[i] = try_part(i);
    return Ok();
  }));
  std::optional<LaunchFound> best;
  for (std::optional<LaunchFound>& candidate : found) {
    KeepBetter(std::move(candidate), &best);
  }
  return best;
}

// PartialLaunch finds the expected digest among the values on the way.
std::optional<std::string> PartialLaunch(std::span<const Event> events,
                                         const std::string& expected) {
  for (const Event& event : events) {
    if (event.value_after.hex() != expected) continue;
    return "it is the digest after the step '" + event.what + "' at " +
           (event.gpa ? HexNumber(*event.gpa) : "the start") +
           ": the launch did not go on";
  }
  return std::nullopt;
}

std::string Tried(uint64_t num_candidates, uint32_t max_vcpus,
                  const std::string& varied) {
  return "tried " + std::to_string(num_candidates) + " launches: 1 to " +
         std::to_string(max_vcpus) + " vcpus, " + varied;
}

// SNP.

Result<Ovmf> LayoutOf(const SnpLaunch& launch) {
  Result<Ovmf> layout = ParseOvmf(launch.firmware);
  // With an SVSM the firmware is bytes: its metadata is the SVSM's.
  if (!layout && launch.svsm) return Ovmf{.size_bytes = launch.firmware.size()};
  return layout;
}

Result<SnpSearch> PrepareSearch(const SnpQuestion& question) {
  SnpSearch search{
      .expected = question.expected,
      .launch = question.launch,
      .num_vcpus = question.num_vcpus,
      .cmdline = question.cmdline,
      .max_vcpus = std::max(question.max_vcpus, question.num_vcpus)};
  TALLY_ASSIGN(search.layout, LayoutOf(question.launch));
  if (question.after_firmware) {
    search.after_firmware = *question.after_firmware;
  } else {
    AppendNormalPages(question.launch.firmware, search.layout.gpa(), "firmware",
                      &search.firmware_pages);
    search.after_firmware = FoldSnp({}, search.firmware_pages);
  }
  return search;
}

// RoundOf returns the part of the plan in which processors start in so many
// differences from the launch as given.
SnpSearchPlan RoundOf(const SnpSearchPlan& plan, size_t num_differences) {
  SnpSearchPlan round{.prefixes = plan.prefixes, .states = {}};
  std::ranges::copy_if(plan.states, std::back_inserter(round.states),
                       [&](const SnpStates& states) {
                         return states.differences.size() == num_differences;
                       });
  return round;
}

// SearchInRounds tries what differs least first, and ends when what is left has
// more differences than the launch that was found.
Status SearchInRounds(const SnpSearch& search, const SnpSearchPlan& plan,
                      LaunchAnswer* answer) {
  size_t most = 0;
  for (const SnpStates& states : plan.states) {
    most = std::max(most, states.differences.size());
  }
  for (size_t i = 0; i <= most; ++i) {
    if (answer->found && answer->found->differences.size() <= i) break;
    const SnpSearchPlan round = RoundOf(plan, i);
    answer->num_candidates += round.NumCandidates(search.max_vcpus);
    TALLY_ASSIGN(std::optional<LaunchFound> found,
                 SearchAll(round.states.size(), [&](size_t index) {
                   return TrySnpStates(search, round, index);
                 }));
    KeepBetter(std::move(found), &answer->found);
  }
  return Ok();
}

Result<SnpMeasurement> MeasureGiven(const SnpSearch& search) {
  const uint32_t count[] = {search.num_vcpus};
  if (search.firmware_pages.empty()) {
    return MeasureSnpFromSeed({search.after_firmware, search.layout},
                              search.launch, count);
  }
  return MeasureSnp(search.launch, count);
}

// Unexplained says what the search excludes, and what it leaves.
std::vector<std::string> Unexplained(const SnpSearch& search,
                                     const SnpMeasurement& given,
                                     uint64_t num_candidates) {
  if (const auto partial = PartialLaunch(given.events, search.expected.hex())) {
    return {*partial};
  }
  const bool has_svsm = search.launch.svsm.has_value();
  std::string left =
      "more vcpus (--max-vcpus), a vcpu signature of no known type, guest "
      "features without a name, a firmware image with other bytes";
  if (has_svsm) left += ", an SVSM with other bytes";
  if (search.launch.kernel_hashes) {
    left += ", another kernel, initrd or command line";
  } else if (!has_svsm && HasKernelHashesTable(search.layout)) {
    left += ", a kernel with kernel-hashes=on";
  }
  return {Tried(num_candidates, search.max_vcpus,
                has_svsm ? "guest features, vcpu types, VMSA eras, sizes of "
                           "the variable store, page orders, no SVSM"
                         : "guest features, vcpu types, VMMs, VMSA eras, "
                           "kernel hashes, command line endings, page orders"),
          "that leaves " + left + ", or a VMM that is not known"};
}

// OtherFirmware says that the firmware's hash is not that of the firmware
// beside it, of which the search knows the metadata only.
std::optional<std::string> OtherFirmware(const SnpQuestion& question,
                                         const SnpSearch& search) {
  if (!question.after_firmware) return std::nullopt;
  const Result<SnpFirmwareSeed> seed = SeedSnpFirmware(search.launch.firmware);
  if (!seed || seed->after_firmware == *question.after_firmware) {
    return std::nullopt;
  }
  return "--snp-ovmf-hash is not that of the firmware given, which has " +
         seed->after_firmware.hex();
}

// SEV, SEV-ES.

Status CheckVcpus(const SevQuestion& question) {
  const bool is_es = question.launch.mode == SevMode::kSevEs;
  if (!is_es || question.num_vcpus > 0) return Ok();
  return InputError("sev-es: the number of vcpus is not given");
}

std::vector<std::string> Unexplained(const SevSearch& search,
                                     const SevSearchPlan& plan,
                                     const SevMeasurement& given) {
  if (const auto partial = PartialLaunch(given.events, search.expected.hex())) {
    return {*partial};
  }
  const char* left = search.launch.kernel_hashes
                         ? ", another kernel, initrd or command line"
                         : ", a kernel with kernel-hashes=on";
  const uint64_t num_candidates = plan.NumCandidates(search.max_vcpus);
  const std::string more =
      plan.states.empty()
          ? ""
          : "more vcpus (--max-vcpus), a vcpu signature of no known type, ";
  const std::string tried =
      plan.states.empty()
          ? "tried " + std::to_string(num_candidates) +
                " launches of SEV only: the firmware lacks the tables that "
                "SEV-ES needs"
          : Tried(num_candidates, search.max_vcpus,
                  "SEV and SEV-ES, vcpu types, VMMs, VMSA eras, debug-swap, "
                  "kernel hashes, command line endings, firmware without its "
                  "variable store");
  return {tried, "that leaves " + more + "a firmware image with other bytes" +
                     left + ", or a VMM that is not known"};
}

}  // namespace

Result<LaunchAnswer> SearchSnp(const SnpQuestion& question) {
  TALLY_ASSIGN(const SnpSearch search, PrepareSearch(question));
  TALLY_ASSIGN(const SnpMeasurement given, MeasureGiven(search));
  const SnpSearchPlan plan = PlanSnpSearch(search);
  LaunchAnswer answer{.expected = search.expected.hex(),
                      .given = given.cells.front().launch_digest.hex()};
  TALLY_TRY(SearchInRounds(search, plan, &answer));
  if (answer.found) return answer;
  answer.notes = Unexplained(search, given, answer.num_candidates);
  if (std::optional<std::string> note = OtherFirmware(question, search)) {
    answer.notes.push_back(std::move(*note));
  }
  return answer;
}

Result<LaunchAnswer> SearchSev(const SevQuestion& question) {
  TALLY_TRY(CheckVcpus(question));
  const SevSearch search{
      .expected = question.expected,
      .launch = question.launch,
      .num_vcpus = question.num_vcpus,
      .cmdline = question.cmdline,
      .max_vcpus = std::max(question.max_vcpus, question.num_vcpus)};
  const uint32_t count[] = {search.num_vcpus};
  TALLY_ASSIGN(const SevMeasurement given, MeasureSev(search.launch, count));
  const SevSearchPlan plan = PlanSevSearch(search);
  LaunchAnswer answer{.num_candidates = plan.NumCandidates(search.max_vcpus),
                      .expected = search.expected.hex(),
                      .given = given.cells.front().launch_digest.hex()};
  TALLY_ASSIGN(answer.found, SearchAll(plan.NumParts(), [&](size_t part) {
                 return TrySevPart(search, plan, part);
               }));
  if (!answer.found) answer.notes = Unexplained(search, plan, given);
  return answer;
}

}  // namespace tally
