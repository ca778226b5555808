// A document keeps AWS' limits, can be described, and is never authentic before
// there were any.
#include <cstddef>
#include <cstdint>

#include "attest/nitro.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan bytes(data, size);
  const auto document = tally::ParseNitroDocument(bytes);
  const auto fields = tally::DescribeNitro(bytes);
  const auto evidence = tally::AuthenticateNitro(bytes, {.at = 0});
  TALLY_CHECK(document.has_value() == fields.has_value());
  TALLY_CHECK(document.has_value() == evidence.has_value());
  if (!document) return 0;
  TALLY_CHECK(!document->pcrs.empty() && document->pcrs.size() <= 32);
  TALLY_CHECK(!document->cabundle.empty());
  TALLY_CHECK(evidence->registers.size() == document->pcrs.size());
  // No genuine document is as old as 1970.
  TALLY_CHECK(!evidence->authentic());
  uint64_t end = 0;
  for (const tally::EvidenceField& field : *fields) {
    TALLY_CHECK(field.offset >= end);
    end = field.offset + field.size_bytes;
  }
  TALLY_CHECK(end <= size);
  return 0;
}
