// What parses as an envelope comes back as itself.
#include "common/check.h"
#include "sign/dsse.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tally;
  const Result<Json> value = ParseJson(AsText({data, size}));
  if (!value) return 0;
  const Result<DsseEnvelope> envelope = ParseDsse(*value);
  if (!envelope) return 0;
  const Result<DsseEnvelope> again = ParseDsse(DsseJson(*envelope));
  TALLY_CHECK(again);
  TALLY_CHECK(*again == *envelope);
  // The encoding that is signed begins with all that is not payload.
  const Bytes encoded =
      PreAuthEncoding(envelope->payload_type, envelope->payload);
  TALLY_CHECK(encoded.size() > envelope->payload.size());
  return 0;
}
