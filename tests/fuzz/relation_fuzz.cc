// Relations survive formatting; the order of versions is an order.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/debian_version.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const std::string_view text = AsText(ByteSpan(data, size));
  const auto groups = ParseRelations(text);
  if (!groups) return 0;
  std::string formatted;
  std::vector<std::string_view> versions;
  for (const Alternatives& group : *groups) {
    formatted += (formatted.empty() ? "" : ", ") + FormatAlternatives(group);
    for (const Relation& relation : group) {
      AppliesTo(relation, "amd64");
      if (!relation.version.empty() && versions.size() < 8) {
        versions.push_back(relation.version);
      }
    }
  }
  const auto again = ParseRelations(formatted);
  TALLY_CHECK(again);
  std::string twice;
  for (const Alternatives& group : *again) {
    twice += (twice.empty() ? "" : ", ") + FormatAlternatives(group);
  }
  TALLY_CHECK(twice == formatted);
  for (const std::string_view a : versions) {
    for (const std::string_view b : versions) {
      const auto order = CompareVersions(a, b);
      TALLY_CHECK((order < 0) == (CompareVersions(b, a) > 0));
      for (const std::string_view c : versions) {
        if (order <= 0 && CompareVersions(b, c) <= 0) {
          TALLY_CHECK(CompareVersions(a, c) <= 0);
        }
      }
    }
  }
  return 0;
}
