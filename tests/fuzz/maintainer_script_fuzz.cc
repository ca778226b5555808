// CutMaintainerScript and RecognizeBlock take any bytes; what they return is
// in the script, and a script whose residue is empty consists of blocks.
#include "builder/action.h"
#include "builder/scripts/debhelper.h"
#include "builder/scripts/triggers.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const auto actions = tally::TranslateTriggers("libc-bin", input);
  if (actions) {
    for (const std::string& text : *actions) {
      TALLY_CHECK(tally::ParseAction(text).has_value());
    }
  }
  const auto action = tally::ParseAction(tally::AsText(input));
  if (action) TALLY_CHECK(tally::FormatAction(*action) == tally::AsText(input));

  const auto script = tally::CutMaintainerScript(input, "1.0");
  if (!script) return 0;
  size_t total = 0;
  size_t last_line = 0;
  for (const tally::ScriptLine& line : script->residue) {
    TALLY_CHECK(line.number > last_line);
    last_line = line.number;
    if (line.text != "#DEBHELPER#") total += line.text.size();
  }
  for (const tally::ScriptBlock& block : script->blocks) {
    total += block.text.size();
    const auto known = tally::RecognizeBlock(block);
    if (!known) continue;
    for (const std::string& text : known->actions) {
      TALLY_CHECK(!text.empty() && text.find('\n') == std::string::npos);
    }
  }
  TALLY_CHECK(total <= size);
  return 0;
}
