// A lock has one text: FormatLock(ParseLock(x)) == x.
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"
#include "common/check.h"
#include "manifests/lock.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = tally::AsText({data, size});
  const auto lock = tally::ParseLock(text, "lock.yaml");
  if (!lock) {
    TALLY_CHECK(lock.error().message().starts_with("lock.yaml:"));
    TALLY_CHECK(lock.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  TALLY_CHECK(tally::FormatLock(*lock) == text);
  return 0;
}
