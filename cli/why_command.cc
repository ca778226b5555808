// tally why: which input explains an unexpected digest.

#include "cli/why_command.h"

#include "cli/launch_inputs.h"
#include "common/text.h"

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

Result<SnpQuestion> AskSnp(const WhyFlags& flags, const LaunchInputs& inputs) {
  Result<SnpLaunchDigest> expected = ParseExpected(flags.expected);
  if (!expected) {
    return UsageError("--expected: " + expected.error().message());
  }
  return SnpQuestion{.expected = *expected,
                     .launch = inputs.snp,
                     .after_firmware = inputs.firmware_digest,
                     .num_vcpus = flags.launch.vcpus.front(),
                     .cmdline = flags.launch.append,
                     .max_vcpus = flags.max_vcpus};
}

std::string AnswerText(const LaunchAnswer& answer) {
  if (!answer.found) return "";
  const std::vector<LaunchDifference>& differences = answer.found->differences;
  if (differences.empty()) {
    return "same: this is the launch digest of the inputs as given\n";
  }
  std::string text =
      "explained by " + std::to_string(differences.size()) +
      (differences.size() == 1 ? " difference" : " differences") + " (" +
      std::to_string(answer.num_candidates) + " launches tried)\n";
  for (const LaunchDifference& difference : differences) {
    text += difference.input + "\n  given  " + difference.given +
            "\n  found  " + difference.found + "\n";
  }
  return text;
}

Json AnswerRecord(const LaunchAnswer& answer) {
  const std::optional<LaunchFound>& found = answer.found;
  Json::Array differences;
  if (found) {
    for (const LaunchDifference& difference : found->differences) {
      differences.push_back(Json::Object{{"input", difference.input},
                                         {"given", difference.given},
                                         {"found", difference.found}});
    }
  }
  return Json::Object{
      {"explained", found.has_value()},
      {"vcpus", found ? Json(int64_t{found->num_vcpus}) : Json()},
      {"differences", std::move(differences)},
      {"num_candidates", answer.num_candidates}};
}

Error Unexplained(const LaunchAnswer& answer) {
  Error error = MismatchError("the launch digest is not explained\nexpected " +
                              answer.expected + "\ngot      " + answer.given);
  for (const std::string& note : answer.notes) {
    error = std::move(error).Hint(note);
  }
  return error;
}

}  // namespace

Status RunWhySnp(const WhyFlags& flags, Console& console) {
  if (!flags.launch.svsm.empty()) {
    return UsageError("why snp does not search launches with an SVSM");
  }
  TALLY_ASSIGN(const LaunchInputs inputs, OpenLaunch(flags.launch));
  TALLY_ASSIGN(const SnpQuestion question, AskSnp(flags, inputs));
  Result<LaunchAnswer> answer = SearchSnp(question);
  if (!answer) {
    return std::move(answer).error().While("measuring " +
                                           Quote(flags.launch.ovmf.string()));
  }
  console.Answer(AnswerText(*answer), AnswerRecord(*answer));
  if (!answer->found) return Unexplained(*answer);
  return Ok();
}

}  // namespace tally
