#include "cli/boot_comparison_text.h"

#include "cli/eventlog_command.h"
#include "common/text.h"

namespace tally {
namespace {

std::string StrongestDigest(const BootEvent& event) {
  if (event.digests.empty()) return "no digest";
  const auto& [bank, digest] = *event.digests.rbegin();
  return std::string(HashName(bank)) + ":" + Hex(digest);
}

std::string StepText(const BootComparison& comparison, uint32_t index,
                     const EventStep& step) {
  const BootEvent& event = comparison.EventOf(index, step);
  std::string text = "  " + std::string(EventChangeName(step.change)) + " " +
                     BootEventTypeName(event.type) + "  " + event.what + "\n";
  if (step.expected) {
    const BootEvent& expected = comparison.ExpectedEvent(index, step);
    text += "    expected " + StrongestDigest(expected);
    if (expected.what != event.what) text += "  " + expected.what;
    text += "\n";
  }
  if (step.found) {
    text += "    found    " + StrongestDigest(event) + "  at " +
            HexNumber(comparison.OffsetOf(index, step)) + "\n";
  }
  return text;
}

std::string RegisterText(const BootComparison& comparison,
                         const RegisterDifference& difference) {
  std::string text = LogRegisterName(difference.index, comparison.registers);
  if (!difference.why_not.empty()) {
    return text + "=not compared: " + difference.why_not + "\n";
  }
  if (difference.is_equal()) {
    return text + "=equal (" + std::to_string(difference.steps.size()) +
           " events)\n";
  }
  size_t num_same = 0;
  while (difference.steps[num_same].change == EventChange::kSame) ++num_same;
  text += "=different, after " + std::to_string(num_same) + " same events\n";
  for (const EventStep& step : difference.steps) {
    if (step.change == EventChange::kSame) continue;
    text += StepText(comparison, difference.index, step);
  }
  return text;
}

Json EventRecord(const BootEvent& event) {
  return Json::Object{{"digests", BankRecord(event.digests)},
                      {"type", BootEventTypeName(event.type)},
                      {"what", event.what}};
}

Json StepRecord(const BootComparison& comparison, uint32_t index,
                const EventStep& step) {
  const auto record = [](bool exists, const auto& event) {
    return exists ? EventRecord(event()) : Json();
  };
  Json offset;
  if (step.found) offset = comparison.OffsetOf(index, step);
  return Json::Object{
      {"change", EventChangeName(step.change)},
      {"expected",
       record(step.expected.has_value(),
              [&] { return comparison.ExpectedEvent(index, step); })},
      {"found", record(step.found.has_value(),
                       [&] { return comparison.FoundEvent(index, step); })},
      {"offset", std::move(offset)}};
}

Json RegisterRecord(const BootComparison& comparison,
                    const RegisterDifference& difference) {
  Json::Array steps;
  for (const EventStep& step : difference.steps) {
    steps.push_back(StepRecord(comparison, difference.index, step));
  }
  std::string result = difference.is_equal() ? "equal" : "different";
  if (!difference.why_not.empty()) result = "not compared";
  return Json::Object{
      {"events", std::move(steps)},
      {"result", result},
      {"why", difference.why_not.empty() ? Json() : Json(difference.why_not)}};
}

}  // namespace

std::string ComparisonText(const BootComparison& comparison) {
  std::string text;
  for (const RegisterDifference& difference : comparison.differences) {
    text += RegisterText(comparison, difference);
  }
  return text;
}

Json ComparisonRecord(const BootComparison& comparison) {
  Json::Object registers;
  for (const RegisterDifference& difference : comparison.differences) {
    registers[LogRegisterName(difference.index, comparison.registers)] =
        RegisterRecord(comparison, difference);
  }
  return registers;
}

std::string FirstDifferenceText(const BootComparison& comparison,
                                const EventDifference& first) {
  const auto& [index, number, step] = first;
  const BootEvent& event = comparison.NamedEvent(index, step);
  const std::string expected =
      step.expected ? StrongestDigest(comparison.ExpectedEvent(index, step))
                    : "no such event";
  const std::string attested =
      step.found ? StrongestDigest(comparison.FoundEvent(index, step))
                 : "no such event";
  return LogRegisterName(index, comparison.registers) + " event " +
         std::to_string(number) + ", " + BootEventTypeName(event.type) + " " +
         event.what + ": expected " + expected + ", attested " + attested;
}

Json FirstDifferenceRecord(const BootComparison& comparison,
                           const EventDifference& first) {
  return Json::Object{
      {"event", StepRecord(comparison, first.index, first.step)},
      {"register", LogRegisterName(first.index, comparison.registers)}};
}

}  // namespace tally
