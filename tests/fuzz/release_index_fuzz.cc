// A look-up in any bytes ends, and returns only targets with equal values; what
// measurements say is found in the index that is made of it.
#include "attest/release_index.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const std::vector<tally::AttestedRegister> registers = {
      {"mrtd", "sha384", tally::Bytes(48)},
      {"rtmr0", "sha384", tally::Bytes(48, 0x11)}};
  const auto hits = tally::FindInReleaseIndex(input, "tdx", registers);
  if (hits) {
    TALLY_CHECK(hits->size() <= tally::kMaxIndexHits);
  } else {
    TALLY_CHECK(hits.error().code() == tally::ErrorCode::kInput);
  }
  const auto targets = tally::ParseMeasurements(tally::AsText(input), {});
  if (!targets) return 0;
  const std::string index = tally::FormatReleaseIndex(*targets);
  for (const tally::PublishedTarget& target : *targets) {
    std::vector<tally::AttestedRegister> attested;
    for (const tally::PublishedRegister& published : target.registers) {
      if (published.value.empty()) continue;
      attested.push_back(
          {published.name, published.algorithm, published.value});
    }
    const auto found = tally::FindInReleaseIndex(tally::AsBytes(index),
                                                 target.platform, attested);
    TALLY_CHECK(found);
    TALLY_CHECK(attested.empty() || !found->empty());
  }
  return 0;
}
