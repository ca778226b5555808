// What a parser of an account file takes is exactly what its writer writes.
#include <string>

#include "common/bytes.h"
#include "common/check.h"
#include "formats/passwd.h"

namespace {

template <typename Parse, typename Format>
void CheckRoundTrip(const std::string& text, Parse parse, Format format) {
  const auto entries = parse(text, "'/etc/x'");
  if (!entries) {
    TALLY_CHECK(entries.error().message().starts_with("'/etc/x' line "));
    return;
  }
  const std::string again = format(*entries);
  const auto parsed_again = parse(again, "'/etc/x'");
  TALLY_CHECK(parsed_again && *parsed_again == *entries);
  TALLY_CHECK(again == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(tally::AsText({data, size}));
  CheckRoundTrip(text, tally::ParsePasswd, tally::FormatPasswd);
  CheckRoundTrip(text, tally::ParseGroup, tally::FormatGroup);
  CheckRoundTrip(text, tally::ParseShadow, tally::FormatShadow);
  CheckRoundTrip(text, tally::ParseGshadow, tally::FormatGshadow);
  return 0;
}
