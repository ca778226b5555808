// Both forms of source lists, and Release files: whatever parses is usable.
#include <cstddef>
#include <cstdint>
#include <string>

#include "builder/mirrors.h"
#include "builder/release_file.h"
#include "common/bytes.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const std::string_view text = AsText(ByteSpan(data, size));
  for (const auto& sources :
       {ParseSourcesList(text, "fuzz"), ParseSourcesDeb822(text, "fuzz")}) {
    if (!sources) continue;
    for (const AptSource& source : *sources) {
      TALLY_CHECK(!source.uris.empty());
      TALLY_CHECK(!source.suites.empty());
      for (const std::string& uri : source.uris) {
        TALLY_CHECK(uri.starts_with("http://") || uri.starts_with("https://") ||
                    uri.starts_with("file:///"));
      }
    }
  }
  const auto release = ParseRelease(text);
  if (release) {
    for (const auto& [path, entry] : release->files) {
      TALLY_CHECK(IsArchivePath(path));
    }
  }
  return 0;
}
