// Preset files: rules that parse print to a file with the same rules, and every
// unit gets one decision.
#include "common/bytes.h"
#include "common/check.h"
#include "formats/systemd_preset.h"
#include "formats/systemd_unit.h"

namespace {

std::string Print(const std::vector<tally::PresetRule>& rules) {
  std::string text;
  for (const tally::PresetRule& rule : rules) {
    constexpr const char* kVerbs[] = {"enable", "disable", "ignore"};
    text += kVerbs[static_cast<int>(rule.action)];
    text += " " + rule.pattern;
    for (const std::string& instance : rule.instances) text += " " + instance;
    text += "\n";
  }
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const auto rules = ParsePreset(AsText(ByteSpan(data, size)));
  if (!rules) return 0;
  const auto again = ParsePreset(Print(*rules));
  TALLY_CHECK(again && *again == *rules);
  for (const char* unit :
       {"a.service", "getty@.service", "getty@tty1.service"}) {
    for (const std::string& name : DecidePreset(*rules, unit).instances) {
      TALLY_CHECK(name.size() > 255 || ParseUnitName(name));
    }
  }
  for (const PresetRule& rule : *rules) {
    if (rule.pattern.find_first_of("*?[") == std::string::npos) {
      TALLY_CHECK(FnmatchMatches(rule.pattern, rule.pattern));
    }
  }
  return 0;
}
