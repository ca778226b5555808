#include "cli/match_command.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "attest/match_record.h"
#include "attest/release_index.h"
#include "cli/inputs.h"
#include "cli/match_text.h"
#include "cli/match_why.h"
#include "cli/published_release.h"
#include "common/parallel.h"
#include "common/text.h"
#include "policy/match_policy.h"

namespace tally {
namespace {

// Arguments are the positional ones by their meaning.
struct Arguments {
  fs::path evidence;
  fs::path release;
};

Result<Arguments> ReadArguments(const MatchFlags& flags) {
  std::vector<fs::path> left = flags.positional;
  Arguments arguments;
  const auto take = [&left](fs::path* to) {
    if (left.empty()) return;
    *to = left.front();
    left.erase(left.begin());
  };
  if (flags.batch.empty()) take(&arguments.evidence);
  take(&arguments.release);
  if (!left.empty()) {
    return UsageError("found " + Quote(left.front().string()) +
                      ", expected no further argument");
  }
  if (flags.batch.empty() && arguments.evidence.empty()) {
    return UsageError("expected EVIDENCE, or --batch DIR");
  }
  if (!flags.batch.empty() && !flags.evidence.event_log.empty()) {
    return UsageError("--event-log: expected no --batch beside it");
  }
  if (!flags.measurement.empty() &&
      (!arguments.release.empty() || !flags.index.empty())) {
    return UsageError(
        "--measurement: expected no RELEASE and no --index beside it");
  }
  if (flags.measurement.empty() && arguments.release.empty() &&
      flags.index.empty()) {
    return UsageError(
        "expected a RELEASE, --index FILE or --measurement HEX to compare "
        "with");
  }
  return arguments;
}

// Question is what all evidence of a run is held against.
struct Question {
  fs::path release;  // empty: none
  EvidenceContext context;
  MatchPolicy policy;
  Freshness freshness;
  std::vector<PublishedTarget> published;
  std::string measurement;
  std::optional<MappedFile> index;
  // Nothing but the index says what is published.
  bool index_only = false;
};

Result<Question> OpenQuestion(const MatchFlags& flags,
                              const Arguments& arguments) {
  Question question;
  TALLY_ASSIGN(question.freshness, ReadFreshness(flags.freshness));
  TALLY_ASSIGN(question.context, OpenEvidenceContext(flags.evidence));
  if (!flags.policy.empty()) {
    TALLY_ASSIGN(question.policy, LoadMatchPolicy(flags.policy));
  }
  question.measurement = flags.measurement;
  if (!flags.index.empty()) {
    TALLY_ASSIGN(question.index, MappedFile::Open(flags.index));
  }
  question.index_only = question.index && arguments.release.empty();
  if (!arguments.release.empty()) {
    question.release = arguments.release;
    TALLY_ASSIGN(question.published, LoadPublished(arguments.release));
  }
  return question;
}

// MatchAnswer is one piece of evidence and what came of it.
struct MatchAnswer {
  Evidence evidence;
  Verdict verdict;
  // Of the index, if the verdict is no: the target with the most equal values.
  std::optional<IndexHit> nearest;
  MatchWhy why;  // likewise; not of a batch

  bool equals_a_target() const {
    return verdict.target && verdict.target->matches;
  }
};

Result<std::vector<IndexHit>> LookUp(const Question& question,
                                     const Evidence& evidence) {
  if (!question.index) return std::vector<IndexHit>();
  return FindInReleaseIndex(question.index->bytes(), PlatformOf(evidence.kind),
                            evidence.registers);
}

// CheckSpelling: a register that is there in another case was meant.
Status CheckSpelling(const PublishedTarget& given, const Evidence& evidence) {
  const auto lower = [](std::string name) {
    std::ranges::transform(name, name.begin(), [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    });
    return name;
  };
  for (const auto& wanted : given.registers) {
    for (const auto& attested : evidence.registers) {
      if (attested.name == wanted.name) break;
      if (lower(attested.name) != lower(wanted.name)) continue;
      return UsageError("--measurement: found " + Quote(wanted.name) +
                        ", expected " + Quote(attested.name));
    }
  }
  return Ok();
}

Result<MatchAnswer> AnswerFor(const fs::path& path, const Question& question) {
  MatchAnswer answer;
  TALLY_ASSIGN(answer.evidence, AuthenticateFile(path, question.context));
  const EvidenceKind kind = answer.evidence.kind;
  std::vector<PublishedTarget> published = question.published;
  if (!question.measurement.empty()) {
    TALLY_ASSIGN(PublishedTarget given,
                 PublishedValues(question.measurement, kind));
    TALLY_TRY(CheckSpelling(given, answer.evidence));
    published.push_back(std::move(given));
  }
  TALLY_ASSIGN(const std::vector<IndexHit> hits,
               LookUp(question, answer.evidence));
  for (const IndexHit& hit : hits) {
    // An index knows the values of a hit that are equal, and how many there
    // are: only a whole one can be compared.
    if (question.index_only && hit.all_equal()) published.push_back(hit.target);
  }
  answer.verdict =
      MatchEvidence(answer.evidence, {.published = published,
                                      .policy = question.policy,
                                      .freshness = question.freshness});
  if (!answer.equals_a_target() && !hits.empty()) {
    answer.nearest = hits.front();
  }
  return answer;
}

std::string NearestText(const IndexHit& nearest) {
  const size_t num_equal = nearest.target.registers.size();
  const std::string equal = nearest.all_equal()
                                ? "all registers equal"
                                : std::to_string(num_equal) + " of " +
                                      std::to_string(nearest.num_published) +
                                      " registers equal";
  return "  nearest release   " + TargetLine(nearest.target) + " (" + equal +
         ")\n";
}

Json AnswerRecord(const MatchAnswer& answer) {
  Json record = VerdictRecord(answer.evidence, answer.verdict);
  Json nearest;
  if (answer.nearest) {
    const PublishedTarget& target = answer.nearest->target;
    nearest = Json::Object{
        {"num_equal", static_cast<int64_t>(target.registers.size())},
        {"num_published", static_cast<int64_t>(answer.nearest->num_published)},
        {"profile", target.profile},
        {"release", Json::Object{{"digest", target.release_digest.hex()},
                                 {"name", target.release_name},
                                 {"version", target.release_version}}},
        {"target", target.target}};
  }
  Json::Object& members = *record.object();
  members["explanations"] = ExplanationRecords(answer.why);
  members["first_difference"] = answer.why.first_difference_record;
  members["nearest"] = std::move(nearest);
  return record;
}

Error NoMatch(const MatchAnswer& answer) {
  if (!answer.evidence.authentic()) {
    return MismatchError("the evidence is not authentic");
  }
  if (!answer.verdict.allowed) {
    return MismatchError("the policy refuses the evidence");
  }
  return MismatchError("the evidence does not match");
}

// AddWhy: nobody needs to know why a forgery has other values.
void AddWhy(const Question& question, MatchAnswer* answer) {
  if (question.release.empty() || !answer->evidence.authentic() ||
      !answer->verdict.target || answer->equals_a_target()) {
    return;
  }
  answer->why = ExplainMismatch(question.release, answer->evidence,
                                *answer->verdict.target);
}

Status MatchOne(const fs::path& path, const Question& question, Detail detail,
                Console& console) {
  TALLY_ASSIGN(MatchAnswer answer, AnswerFor(path, question));
  AddWhy(question, &answer);
  std::string why = MatchWhyText(answer.why);
  if (answer.nearest) why += NearestText(*answer.nearest);
  console.Answer(VerdictText(answer.evidence, answer.verdict, detail, why),
                 AnswerRecord(answer));
  WarnOfUnknown(answer.evidence.checks, console);
  WarnOfUnknown(answer.verdict.policy_checks, console);
  if (answer.verdict.yes()) return Ok();
  return NoMatch(answer);
}

// BatchLine is what is kept of one file of a batch.
struct BatchLine {
  std::string text;
  Json record;
  bool yes = false;
  bool is_readable = false;
};

BatchLine LineFor(const std::string& name, const Result<MatchAnswer>& answer) {
  BatchLine line;
  if (!answer) {
    line.text = "unreadable  " + name + ": " + answer.error().message() + "\n";
    line.record = Json::Object{{"answer", nullptr},
                               {"error", answer.error().message()},
                               {"file", PathJson(name)}};
    return line;
  }
  line.is_readable = true;
  line.yes = answer->verdict.yes();
  const std::string why = line.yes ? TargetLine(answer->verdict.target->target)
                                   : NoMatch(*answer).message();
  line.text =
      (line.yes ? "matches  " : "does not match  ") + name + ": " + why + "\n";
  line.record = Json::Object{{"answer", AnswerRecord(*answer)},
                             {"error", nullptr},
                             {"file", PathJson(name)}};
  return line;
}

Status MatchBatch(const MatchFlags& flags, const Question& question,
                  Console& console) {
  TALLY_ASSIGN(const std::vector<std::string> names, ListFiles(flags.batch));
  std::vector<BatchLine> lines(names.size());
  TALLY_TRY(ParallelFor(
      names.size(), Threads(flags.num_threads), [&](size_t i) -> Status {
        lines[i] =
            LineFor(names[i], AnswerFor(flags.batch / names[i], question));
        return Ok();
      }));
  std::string text;
  Json::Array records;
  for (BatchLine& line : lines) {
    text += line.text;
    records.push_back(std::move(line.record));
  }
  console.Answer(text, Json::Object{{"files", std::move(records)}});
  const auto num_unreadable =
      std::ranges::count(lines, false, &BatchLine::is_readable);
  const auto num_no = std::ranges::count(lines, false, &BatchLine::yes);
  if (num_unreadable > 0) {
    return InputError(std::to_string(num_unreadable) + " of " +
                      std::to_string(lines.size()) + " files are no evidence");
  }
  if (num_no == 0 && !lines.empty()) return Ok();
  return MismatchError(std::to_string(num_no) + " of " +
                       std::to_string(lines.size()) +
                       " pieces of evidence do not match");
}

}  // namespace

Status RunMatch(const MatchFlags& flags, Console& console) {
  TALLY_ASSIGN(const Arguments arguments, ReadArguments(flags));
  TALLY_ASSIGN(const Question question, OpenQuestion(flags, arguments));
  if (!flags.batch.empty()) return MatchBatch(flags, question, console);
  return MatchOne(arguments.evidence, question,
                  flags.explain ? Detail::kFull : Detail::kShort, console);
}

Status RunIndex(const IndexFlags& flags, Console& console) {
  std::vector<PublishedTarget> targets;
  int64_t num_releases = 0;
  for (const fs::path& directory : flags.directories) {
    TALLY_ASSIGN(const std::vector<fs::path> releases, FindReleases(directory));
    for (const fs::path& release : releases) {
      TALLY_ASSIGN(const std::vector<PublishedTarget> published,
                   LoadPublished(release));
      targets.insert(targets.end(), published.begin(), published.end());
      ++num_releases;
    }
  }
  const std::string index = FormatReleaseIndex(targets);
  TALLY_TRY(WriteFileAtomic(flags.output, AsBytes(index)));
  console.Answer(
      flags.output.string() + ": " + std::to_string(num_releases) +
          (num_releases == 1 ? " release, " : " releases, ") +
          std::to_string(targets.size()) +
          (targets.size() == 1 ? " target\n" : " targets\n"),
      Json::Object{{"num_releases", num_releases},
                   {"num_targets", static_cast<int64_t>(targets.size())},
                   {"output", PathJson(flags.output)}});
  return Ok();
}

}  // namespace tally
