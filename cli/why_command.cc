// tally why: which input explains an unexpected digest.

#include "cli/why_command.h"

#include "cli/difference_records.h"
#include "cli/launch_inputs.h"
#include "common/text.h"

namespace tally {
namespace {

bool IsHex(const std::string& text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

// DecodeDigest accepts the forms in which digests are printed: igvmmeasure has
// upper case. The hexadecimal digits of an SEV digest would be base64 of an SNP
// digest, too: by chance no digest looks so.
template <typename D>
Result<D> DecodeDigest(const std::string& text) {
  constexpr size_t kBase64Characters = (D::kSizeBytes + 2) / 3 * 4;
  if (text.size() != kBase64Characters || IsHex(text)) {
    TALLY_ASSIGN(const Bytes bytes, ParseHex(text));
    return D::FromBytes(bytes);
  }
  TALLY_ASSIGN(const Bytes bytes, ParseBase64(text));
  return D::FromBytes(bytes);
}

// ParseExpected has a hint for a digest of the other kind's length.
template <typename D>
Result<D> ParseExpected(const std::string& text, const char* other_kind) {
  Result<D> digest = DecodeDigest<D>(text);
  if (digest) return digest;
  Error error = UsageError("--expected: " + digest.error().message());
  const size_t size_bytes = text.size() / 2;
  const bool is_other = IsHex(text) && size_bytes != D::kSizeBytes &&
                        (size_bytes == SnpLaunchDigest::kSizeBytes ||
                         size_bytes == SevLaunchDigest::kSizeBytes);
  if (!is_other) return error;
  return std::move(error).Hint(std::string("it has the length of ") +
                               other_kind);
}

Result<LaunchAnswer> WhileMeasuring(const WhyFlags& flags,
                                    Result<LaunchAnswer> answer) {
  if (answer) return answer;
  return std::move(answer).error().While(Measuring(flags.launch));
}

Result<LaunchAnswer> SearchSnpInputs(const WhyFlags& flags,
                                     const LaunchInputs& inputs) {
  TALLY_ASSIGN(const SnpLaunchDigest expected,
               ParseExpected<SnpLaunchDigest>(
                   flags.expected,
                   "an SEV or SEV-ES digest: tally why sev, tally why seves"));
  return WhileMeasuring(flags,
                        SearchSnp({.expected = expected,
                                   .launch = inputs.snp,
                                   .after_firmware = inputs.firmware_digest,
                                   .num_vcpus = flags.launch.vcpus.front(),
                                   .cmdline = flags.launch.append,
                                   .max_vcpus = flags.max_vcpus}));
}

Result<LaunchAnswer> SearchSevInputs(const WhyFlags& flags,
                                     const LaunchInputs& inputs) {
  TALLY_ASSIGN(const SevLaunchDigest expected,
               ParseExpected<SevLaunchDigest>(flags.expected,
                                              "an SNP digest: tally why snp"));
  const std::vector<uint32_t>& vcpus = flags.launch.vcpus;
  return WhileMeasuring(
      flags, SearchSev({.expected = expected,
                        .launch = inputs.sev,
                        .num_vcpus = vcpus.empty() ? 0 : vcpus.front(),
                        .cmdline = flags.launch.append,
                        .max_vcpus = flags.max_vcpus}));
}

std::string AnswerText(const LaunchAnswer& answer) {
  if (!answer.found) return "";
  const LaunchDifferences& differences = answer.found->differences;
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
  return Json::Object{
      {"explained", found.has_value()},
      {"vcpus", found && found->num_vcpus > 0 ? Json(int64_t{found->num_vcpus})
                                              : Json()},
      {"differences",
       DifferenceRecords(found ? found->differences : LaunchDifferences())},
      {"expected", answer.expected},
      {"given", answer.given},
      {"notes", Json::Array(answer.notes.begin(), answer.notes.end())},
      {"num_candidates", answer.num_candidates}};
}

Error NotExplained(const LaunchAnswer& answer) {
  Error error = MismatchError("the launch digest is not explained\nexpected " +
                              answer.expected + "\ngot      " + answer.given);
  for (const std::string& note : answer.notes) {
    error = std::move(error).Hint(note);
  }
  return error;
}

}  // namespace

Status RunWhyLaunch(const WhyFlags& flags, Console& console) {
  if (flags.launch.vcpus.size() > 1) {
    return UsageError(
        "--vcpus: expected one number, that of the launch as it was meant");
  }
  TALLY_ASSIGN(const LaunchInputs inputs, OpenLaunch(flags.launch));
  for (const std::string& warning : inputs.warnings) console.Warn(warning);
  TALLY_ASSIGN(const LaunchAnswer answer, flags.launch.kind == LaunchKind::kSnp
                                              ? SearchSnpInputs(flags, inputs)
                                              : SearchSevInputs(flags, inputs));
  console.Answer(AnswerText(answer), AnswerRecord(answer));
  if (!answer.found) return NotExplained(answer);
  return Ok();
}

}  // namespace tally
