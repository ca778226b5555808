// Capability text and bytes: any input is taken, and what was understood comes
// back the same through both forms.
#include "common/check.h"
#include "formats/file_capabilities.h"

namespace {

void CheckRoundTrip(const tally::FileCapabilities& capabilities) {
  const auto bytes = tally::EncodeCapabilityXattr(capabilities);
  const auto from_bytes = tally::ParseCapabilityXattr(bytes);
  TALLY_CHECK(from_bytes && *from_bytes == capabilities);
  const std::string text = tally::FormatCapabilities(capabilities);
  const auto from_text = tally::ParseCapabilityText(text);
  TALLY_CHECK(from_text && *from_text == capabilities);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const auto text = tally::ParseCapabilityText(tally::AsText(input));
  if (text) CheckRoundTrip(*text);
  const auto xattr = tally::ParseCapabilityXattr(input);
  if (xattr) {
    CheckRoundTrip(*xattr);
    TALLY_CHECK(tally::EncodeCapabilityXattr(*xattr) == tally::ToBytes(input));
  }
  return 0;
}
