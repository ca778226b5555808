// tally why: which input explains an unexpected digest.

#include "cli/why_command.h"

#include <algorithm>

#include "cli/inputs.h"
#include "cli/launch_inputs.h"
#include "common/parallel.h"
#include "common/text.h"
#include "measure/snp_why.h"

namespace tally {
namespace {

// ParseExpected accepts the forms in which digests are printed.
Result<SnpLaunchDigest> ParseExpected(const std::string& text) {
  constexpr size_t kBase64Characters = 64;
  if (text.size() == kBase64Characters) {
    TALLY_ASSIGN(const Bytes bytes, ParseBase64(text));
    return SnpLaunchDigest::FromBytes(bytes);
  }
  return SnpLaunchDigest::FromHex(text);
}

Result<SnpSearch> PrepareSearch(const WhyFlags& flags,
                                const LaunchInputs& inputs) {
  SnpSearch search{
      .launch = inputs.snp,
      .num_vcpus = flags.launch.vcpus.front(),
      .cmdline = flags.launch.append,
      .max_vcpus = std::max(flags.max_vcpus, flags.launch.vcpus.front())};
  Result<SnpLaunchDigest> expected = ParseExpected(flags.expected);
  if (!expected) {
    return UsageError("--expected: " + expected.error().message());
  }
  search.expected = *expected;
  TALLY_ASSIGN(search.layout, ParseOvmf(inputs.firmware.bytes()));
  if (inputs.firmware_digest) {
    search.after_firmware = *inputs.firmware_digest;
  } else {
    AppendNormalPages(inputs.firmware.bytes(), search.layout.gpa(), "firmware",
                      &search.firmware_pages);
    search.after_firmware = FoldSnp({}, search.firmware_pages);
  }
  return search;
}

// MeasureGiven measures the launch as it was given: what is wrong with it is an
// error here and not a riddle later.
Result<SnpMeasurement> MeasureGiven(const SnpSearch& search) {
  const uint32_t count[] = {search.num_vcpus};
  if (search.firmware_pages.empty()) {
    return MeasureSnpFromSeed({search.after_firmware, search.layout},
                              search.launch, count);
  }
  return MeasureSnp(search.launch, count);
}

Result<std::optional<SnpFound>> Search(const SnpSearch& search,
                                       const SnpSearchPlan& plan) {
  std::vector<std::optional<SnpFound>> found(plan.states.size());
  TALLY_TRY(ParallelFor(plan.states.size(), Threads(0), [&](size_t i) {
    found[i] = TrySnpStates(search, plan, i);
    return Ok();
  }));
  std::optional<SnpFound> best;
  for (std::optional<SnpFound>& candidate : found) {
    if (!candidate) continue;
    if (!best || candidate->differences.size() < best->differences.size()) {
      best = std::move(candidate);
    }
  }
  return best;
}

std::string AnswerText(const SnpFound& found, uint64_t num_candidates) {
  if (found.differences.empty()) {
    return "same: this is the launch digest of the inputs as given\n";
  }
  std::string text =
      "explained by " + std::to_string(found.differences.size()) +
      (found.differences.size() == 1 ? " difference" : " differences") + " (" +
      std::to_string(num_candidates) + " launches tried)\n";
  for (const SnpDifference& difference : found.differences) {
    text += difference.input + "\n  given  " + difference.given +
            "\n  found  " + difference.found + "\n";
  }
  return text;
}

Json AnswerRecord(const std::optional<SnpFound>& found,
                  uint64_t num_candidates) {
  Json::Array differences;
  if (found) {
    for (const SnpDifference& difference : found->differences) {
      differences.push_back(Json::Object{{"input", difference.input},
                                         {"given", difference.given},
                                         {"found", difference.found}});
    }
  }
  return Json::Object{
      {"explained", found.has_value()},
      {"vcpus", found ? Json(int64_t{found->num_vcpus}) : Json()},
      {"differences", std::move(differences)},
      {"num_candidates", num_candidates}};
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
Error Unexplained(const SnpSearch& search, const SnpMeasurement& given,
                  uint64_t num_candidates) {
  Error error = MismatchError("the launch digest is not explained\nexpected " +
                              search.expected.hex() + "\ngot      " +
                              given.cells.front().launch_digest.hex());
  if (const auto partial = PartialLaunch(search, given)) {
    return std::move(error).Hint(*partial);
  }
  std::string left = "a firmware image with other bytes";
  if (search.launch.kernel_hashes) {
    left += ", another kernel, initrd or command line";
  } else if (HasKernelHashesTable(search.layout)) {
    left += ", a kernel with kernel-hashes=on";
  }
  return std::move(error)
      .Hint("tried " + std::to_string(num_candidates) + " launches: 1 to " +
            std::to_string(search.max_vcpus) +
            " vcpus, guest features, vcpu types, VMMs, VMSA eras, kernel "
            "hashes, command line endings, page orders")
      .Hint("that leaves " + left + ", or a VMM that is not known");
}

}  // namespace

Status RunWhySnp(const WhyFlags& flags, Console& console) {
  if (!flags.launch.svsm.empty()) {
    return UsageError("why snp does not search launches with an SVSM");
  }
  TALLY_ASSIGN(const LaunchInputs inputs, OpenLaunch(flags.launch));
  Result<SnpSearch> search = PrepareSearch(flags, inputs);
  if (!search) {
    return std::move(search).error().While("measuring " +
                                           Quote(flags.launch.ovmf.string()));
  }
  Result<SnpMeasurement> given = MeasureGiven(*search);
  if (!given) {
    return std::move(given).error().While("measuring " +
                                          Quote(flags.launch.ovmf.string()));
  }
  const SnpSearchPlan plan = PlanSnpSearch(*search);
  TALLY_ASSIGN(const std::optional<SnpFound> found, Search(*search, plan));
  const uint64_t num_candidates = plan.NumCandidates(search->max_vcpus);
  console.Answer(found ? AnswerText(*found, num_candidates) : "",
                 AnswerRecord(found, num_candidates));
  if (!found) return Unexplained(*search, *given, num_candidates);
  return Ok();
}

}  // namespace tally
