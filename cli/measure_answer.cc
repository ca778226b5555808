#include "cli/measure_answer.h"

#include <algorithm>

#include "common/text.h"
#include "formats/vmsa.h"

namespace tally {

std::string FormatDigest(ByteSpan digest, DigestForm form) {
  return form == DigestForm::kHex ? Hex(digest) : Base64(digest);
}

Json RegisterRecord(const std::string& algorithm, const std::string& value,
                    std::span<const Event> events) {
  return Json::Object{{"algorithm", algorithm},
                      {"value", value},
                      {"events_sha256", DigestEvents(events).hex()},
                      {"events", EventsToJson(events)}};
}

std::string ExplainVmsa(const std::string& whose, ByteSpan page) {
  constexpr size_t kNameWidth = 18;
  std::string text = "VMSA of " + whose + ":\n";
  for (const VmsaField& field : DescribeVmsa(page)) {
    std::string name = field.name;
    name.resize(std::max(name.size() + 1, kNameWidth), ' ');
    text += "  " + name + field.value + "\n";
  }
  return text;
}

Json VmsaRecord(ByteSpan page) {
  Json::Object record;
  for (const VmsaField& field : DescribeVmsa(page)) {
    record[field.name] = field.value;
  }
  return record;
}

Json CoverageRecord(const std::vector<Coverage>& coverage) {
  Json::Object record;
  for (const Coverage& input : coverage) {
    record[input.input] =
        input.registers.empty() ? Json() : Json(input.registers.front());
  }
  return record;
}

void WarnUncovered(const std::vector<Coverage>& coverage, Console& console) {
  for (const Coverage& input : coverage) {
    if (!input.registers.empty() || !input.affects_boot) continue;
    console.Warn(input.input + ": not covered; " + input.why_not);
  }
}

}  // namespace tally
