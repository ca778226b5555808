// Unit files: what parses has words without blanks at their lines, and names
// that are valid print as they were read.
#include <algorithm>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/systemd_unit.h"

namespace {

void CheckName(std::string_view text) {
  using namespace tally;
  const auto name = ParseUnitName(text);
  if (!name) return;
  TALLY_CHECK(name->ToString() == text);
  TALLY_CHECK(text.find('/') == std::string_view::npos);
  const auto again = ParseUnitName(name->TemplateName());
  TALLY_CHECK(!again || again->kind == UnitName::Kind::kTemplate);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const std::string_view text = AsText(ByteSpan(data, size));
  CheckName(text);
  const auto install = ParseUnitInstall(text, "fuzz");
  if (!install) return 0;
  const auto num_lines =
      static_cast<int>(std::count(text.begin(), text.end(), '\n') + 1);
  const UnitName unit = *ParseUnitName("a-b@c.service");
  for (const auto* list :
       {&install->wanted_by, &install->required_by, &install->upheld_by,
        &install->also, &install->aliases}) {
    TALLY_CHECK(list->size() <= 256);
    for (const InstallValue& value : *list) {
      TALLY_CHECK(value.line >= 1 && value.line <= num_lines);
      TALLY_CHECK(value.text.size() <= size);
      const auto expanded = ExpandSpecifiers(value.text, unit);
      if (expanded) CheckName(*expanded);
    }
  }
  return 0;
}
