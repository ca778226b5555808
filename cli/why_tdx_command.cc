// tally why tdx: which inputs explain unexpected registers of a TDX guest.

#include "cli/why_tdx_command.h"

#include "cli/difference_records.h"
#include "cli/eventlog_command.h"
#include "common/text.h"
#include "measure/tdx_why.h"

namespace tally {
namespace {

constexpr uint32_t kRtmrsOfTheBoot = 3;

// AddExpected reads "rtmr0=HEX".
Status AddExpected(const std::string& text, TdxSearch* search) {
  const size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  const Result<Bytes> value =
      equals == std::string::npos
          ? Result<Bytes>(InputError("no value"))
          : ParseHex(std::string_view(text).substr(equals + 1));
  if (!value || value->size() != HashSizeBytes(HashAlgorithm::kSha384)) {
    return UsageError("--expected: found " + Quote(text) +
                      ", expected NAME=HEX with 96 digits");
  }
  bool is_new = false;
  if (name == "mrtd") {
    is_new = !search->mrtd;
    search->mrtd = *value;
  } else {
    for (uint32_t index = 0; index < kRtmrsOfTheBoot; ++index) {
      if (name != "rtmr" + std::to_string(index)) continue;
      is_new = search->rtmrs.emplace(index, *value).second;
    }
  }
  if (is_new) return Ok();
  return UsageError("--expected: found " + Quote(name) +
                    ", expected each of mrtd, rtmr0, rtmr1 and rtmr2 at most "
                    "once");
}

Result<TdxSearch> PrepareSearch(const WhyTdxFlags& flags,
                                const OpenedTdxBoot& opened) {
  TdxSearch search = {.boot = opened.boot, .page_order = opened.page_order};
  for (const std::string& text : flags.expected) {
    TALLY_TRY(AddExpected(text, &search));
  }
  TALLY_ASSIGN(search.memory_bytes,
               ParseMemorySize(flags.launch.memory.front()));
  if (flags.launch.event_log.empty()) return search;
  TALLY_ASSIGN(const OpenedLog log,
               OpenEventLog(flags.launch.event_log, "ccel"));
  TALLY_ASSIGN(search.log, LogBootEvents(log.log, log.registers));
  return search;
}

// TablesText says whose ACPI tables the answer is true with.
std::string TablesText(const TdxRegisterWhy& why, const TdxSearch& search) {
  if (why.source == BootSource::kPredicted) return "";
  return search.boot.acpi ? ", with the ACPI tables given"
                          : ", with the log's ACPI tables";
}

std::string RegisterText(const TdxRegisterWhy& why, const TdxSearch& search) {
  const std::string tried =
      " (" + std::to_string(why.num_candidates) + " launches tried)\n";
  std::string text = why.name + "=";
  if (!why.differences) {
    text += "not explained" + tried + "  expected " + Hex(why.expected) + "\n";
    if (!why.given.empty()) text += "  got      " + Hex(why.given) + "\n";
    return text + "  left     " + why.left + "\n";
  }
  const std::string how = TablesText(why, search);
  if (why.differences->empty()) return text + "same" + how + "\n";
  text += "explained" + how + tried;
  for (const LaunchDifference& difference : *why.differences) {
    text += "  " + difference.input + "\n    given  " + difference.given +
            "\n    found  " + difference.found + "\n";
  }
  return text;
}

Json RegisterRecord(const TdxRegisterWhy& why) {
  return Json::Object{
      {"differences", DifferenceRecords(why.differences)},
      {"expected", Hex(why.expected)},
      {"explained", why.differences.has_value()},
      {"given", why.given.empty() ? Json() : Json(Hex(why.given))},
      {"left", why.left.empty() ? Json() : Json(why.left)},
      {"num_candidates", why.num_candidates},
      {"source", BootSourceName(why.source)}};
}

}  // namespace

Status RunWhyTdx(const WhyTdxFlags& flags, Console& console) {
  // Without firmware RTMR 1 and 2 can still be explained.
  MeasureTdxFlags launch = flags.launch;
  launch.runtime_only = launch.firmware.empty();
  TALLY_ASSIGN(const OpenedTdxBoot opened, OpenTdxBoot(launch));
  TALLY_ASSIGN(const TdxSearch search, PrepareSearch(flags, opened));
  TALLY_ASSIGN(const std::vector<TdxRegisterWhy> registers, ExplainTdx(search));
  std::string text;
  Json::Object records;
  std::vector<std::string> unexplained;
  for (const TdxRegisterWhy& why : registers) {
    text += RegisterText(why, search);
    records[why.name] = RegisterRecord(why);
    if (!why.differences) unexplained.push_back(why.name);
  }
  const std::vector<std::string> contradictory = ContradictoryInputs(registers);
  console.Answer(
      text, Json::Object{{"contradictory", Json::Array(contradictory.begin(),
                                                       contradictory.end())},
                         {"registers", std::move(records)}});
  for (const std::string& input : contradictory) {
    console.Warn(input + ": two registers explain it with different values");
  }
  if (unexplained.empty()) return Ok();
  return MismatchError("not explained: " + Join(unexplained, ", "));
}

}  // namespace tally
