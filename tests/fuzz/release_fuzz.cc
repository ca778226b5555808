// release.json has one text: FormatReleaseJson(ParseReleaseJson(x)) == x.
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"
#include "common/check.h"
#include "common/hash.h"
#include "release/release.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan bytes(data, size);
  const std::string text(tally::AsText(bytes));
  const auto release = tally::ParseReleaseJson(text);
  if (!release) {
    TALLY_CHECK(release.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  TALLY_CHECK(tally::FormatReleaseJson(*release) == text);
  TALLY_CHECK(tally::FirstDifference(release->files, release->files).empty());
  const std::string sums =
      tally::FormatSha256Sums({*release, text, tally::Sha256(bytes)});
  size_t lines = 0;
  for (const char c : sums) lines += c == '\n' ? 1 : 0;
  TALLY_CHECK(lines == release->files.size() + 1);
  return 0;
}
