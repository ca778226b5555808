// A line that was read means the same when it is written again with all its
// fields, every character behind a backslash.
#include <string>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/passwd.h"
#include "formats/sysusers.h"

namespace tally {
namespace {

std::string Escaped(const std::string& text) {
  std::string word;
  for (const char at : text) {
    word += std::string("\\") + at;
    if (at == '%') word += "\\%";
  }
  return text.empty() ? "\"\"" : word;
}

std::string Written(const SysusersLine& line) {
  switch (line.type) {
    case SysusersType::kRange:
      return "r - " + std::to_string(line.range_first) + "-" +
             std::to_string(line.range_last);
    case SysusersType::kMember:
      return "m " + Escaped(line.name) + " " + Escaped(line.group);
    case SysusersType::kGroup:
      return "g " + line.name + " " +
             (line.id ? std::to_string(*line.id) : "-");
    case SysusersType::kUser:
      break;
  }
  std::string id = line.id ? std::to_string(*line.id) : "-";
  if (line.gid) id += ":" + std::to_string(*line.gid);
  if (!line.group.empty()) id += ":" + line.group;
  return std::string(line.is_expired ? "u! " : "u ") + Escaped(line.name) +
         " " + id + " " + Escaped(line.comment) + " " + Escaped(line.home) +
         " " + Escaped(line.shell);
}

}  // namespace
}  // namespace tally

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto lines = tally::ParseSysusers(tally::AsText({data, size}), "'x'");
  if (!lines) {
    TALLY_CHECK(lines.error().message().starts_with("'x' line "));
    return 0;
  }
  for (const tally::SysusersLine& line : *lines) {
    if (line.type != tally::SysusersType::kRange) {
      TALLY_CHECK(tally::CheckAccountName(line.name));
    }
    auto again = tally::ParseSysusersLine(tally::Written(line));
    // Backslashes make a line longer, perhaps longer than a line may be.
    if (!again && tally::Written(line).size() > 4096) continue;
    TALLY_CHECK(again);
    again->line = line.line;
    TALLY_CHECK(*again == line);
  }
  return 0;
}
