// A report that parses encodes to the same bytes; evidence that parses can be
// described and authenticated, and is never authentic without certificates of
// AMD.
#include <cstddef>
#include <cstdint>

#include "attest/evidence_text.h"
#include "attest/snp.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const tally::Bytes decoded = tally::DecodeEvidenceText(input);
  TALLY_CHECK(decoded.size() <= size);
  const auto table = tally::ParseSnpCertificateTable(input);
  if (table) {
    // The table's own padding and order are not kept, its entries are.
    const auto again = tally::ParseSnpCertificateTable(
        tally::EncodeSnpCertificateTable(*table));
    TALLY_CHECK(!again || again->size() == table->size());
  }
  const auto fields = tally::DescribeSnp(input);
  const auto evidence = tally::AuthenticateSnp(input, {});
  TALLY_CHECK(fields.has_value() == evidence.has_value());
  if (!evidence) return 0;
  TALLY_CHECK(tally::LooksLikeSnpReport(input));
  TALLY_CHECK(!evidence->authentic());
  const tally::ByteSpan report = input.first(tally::kSnpReportBytes);
  const auto parsed = tally::ParseSnpReport(report);
  TALLY_CHECK(parsed.has_value());
  TALLY_CHECK(tally::EncodeSnpReport(*parsed) == tally::ToBytes(report));
  return 0;
}
