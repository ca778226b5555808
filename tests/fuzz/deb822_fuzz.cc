// What is formatted parses to the same text again.
#include <cstddef>
#include <cstdint>
#include <string>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/deb822.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const std::string_view text = AsText(ByteSpan(data, size));
  for (const Deb822Comments comments :
       {Deb822Comments::kRefuse, Deb822Comments::kSkip}) {
    Deb822Reader reader("fuzz", text, comments);
    Deb822Paragraph paragraph;
    while (true) {
      const Result<bool> more = reader.Next(paragraph);
      if (!more || !*more) break;
      // A comment inside of a value is part of its span.
      if (comments == Deb822Comments::kSkip) continue;
      const std::string formatted = FormatDeb822(paragraph);
      const auto again = ParseDeb822One("again", formatted);
      TALLY_CHECK(again);
      TALLY_CHECK(FormatDeb822(*again) == formatted);
    }
  }
  return 0;
}
