// An ID block or its authentication that parses is what the writer writes; an
// accepted policy survives its names.
#include "common/check.h"
#include "formats/snp_id_block.h"
#include "formats/snp_policy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan input(data, size);
  const auto block = tally::ParseSnpIdBlock(input);
  if (block) {
    TALLY_CHECK(tally::EncodeSnpIdBlock(*block) == tally::ToBytes(input));
    const auto policy =
        tally::ParseSnpPolicy(tally::SnpPolicyNames(block->policy));
    TALLY_CHECK(policy && *policy == block->policy);
  } else {
    TALLY_CHECK(block.error().code() == tally::ErrorCode::kInput);
  }
  const auto auth = tally::ParseSnpIdAuth(input);
  if (auth) {
    TALLY_CHECK(tally::EncodeSnpIdAuth(*auth) == tally::ToBytes(input));
  } else {
    TALLY_CHECK(auth.error().code() == tally::ErrorCode::kInput);
  }
  const auto policy = tally::ParseSnpPolicy(tally::AsText(input));
  if (policy) {
    TALLY_CHECK(tally::ParseSnpPolicy(tally::SnpPolicyNames(*policy)).value() ==
                *policy);
  }
  return 0;
}
