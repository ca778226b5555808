// Whatever parses as a certificate has the bytes that were given, and no chain
// from it ends without a trusted root. The second half of the input, after its
// own length, is another certificate or a revocation list.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "attest/certificate.h"
#include "common/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const auto pem = tally::Certificate::FromFile(input);
  TALLY_CHECK(!pem || !pem->empty());
  if (size < 2) return 0;
  const size_t first_bytes =
      std::min<size_t>(size - 2, data[0] * size_t{256} + data[1]);
  const tally::ByteSpan first = input.subspan(2, first_bytes);
  const tally::ByteSpan rest = input.subspan(2 + first_bytes);
  const auto leaf = tally::Certificate::FromDer(first);
  const auto list = tally::RevocationList::FromFile(rest);
  if (!leaf) return 0;
  TALLY_CHECK(std::ranges::equal(leaf->der(), first));
  std::vector<tally::Certificate> others = {*leaf};
  if (const auto other = tally::Certificate::FromDer(rest)) {
    others.push_back(*other);
  }
  std::vector<tally::RevocationList> lists;
  if (list) lists.push_back(*list);
  // Nothing is trusted.
  TALLY_CHECK(!tally::VerifyChain(*leaf, others, {.at = leaf->not_before()}));
  // Everything is trusted, if it was valid at the time.
  const std::vector<tally::Sha256Digest> roots = {others.back().sha256()};
  const auto chain = tally::VerifyChain(
      *leaf, others,
      {.roots = roots, .at = leaf->not_before(), .revocations = lists});
  TALLY_CHECK(!chain || chain->certificates.back().sha256() == roots[0]);
  return 0;
}
