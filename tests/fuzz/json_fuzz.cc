// A value has one canonical text: Canonical(ParseJson(x)) is a fixed point, and
// the pretty form holds the same value.
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"
#include "common/check.h"
#include "common/json.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto json = tally::ParseJson(tally::AsText({data, size}));
  if (!json) {
    TALLY_CHECK(json.error().code() == tally::ErrorCode::kInput);
    TALLY_CHECK(json.error().message().starts_with("JSON"));
    return 0;
  }
  const std::string canonical = json->Canonical();
  const auto again = tally::ParseJson(canonical);
  TALLY_CHECK(again.has_value());
  TALLY_CHECK(*again == *json);
  TALLY_CHECK(again->Canonical() == canonical);
  const auto pretty = tally::ParseJson(json->Pretty());
  TALLY_CHECK(pretty.has_value());
  TALLY_CHECK(*pretty == *json);
  return 0;
}
