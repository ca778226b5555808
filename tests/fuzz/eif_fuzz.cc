// Whatever parses encodes to the same bytes, and can be measured unless its
// signature section is bad.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/eif.h"
#include "formats/eif_signature.h"
#include "measure/nitro.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan file(data, size);
  const auto eif = tally::ParseEif(file);
  const auto measured = tally::MeasureNitro(file);
  // The checksum keeps most inputs out, so the signature is tried by itself
  // too.
  const auto certificate = tally::ParseEifSigningCertificate(file);
  (void)certificate;
  if (!eif) {
    TALLY_CHECK(!measured);
    return 0;
  }
  const auto again = tally::EncodeEif(*eif);
  TALLY_CHECK(again);
  TALLY_CHECK(*again == tally::ToBytes(file));
  bool is_signed = false;
  for (const tally::EifSection& section : eif->sections) {
    is_signed |= section.type == tally::EifSectionType::kSignature;
  }
  TALLY_CHECK(measured.has_value() || is_signed);
  return 0;
}
