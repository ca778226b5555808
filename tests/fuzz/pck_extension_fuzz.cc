// Whatever parses has fields in their ranges, and no byte of it can be left
// out.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/pck_extension.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan der(data, size);
  const auto extension = tally::ParsePckExtension(der);
  if (!extension) return 0;
  TALLY_CHECK(extension->sgx_type <= tally::PckSgxType::kScalableWithIntegrity);
  TALLY_CHECK(!tally::ParsePckExtension(der.first(size - 1)));
  TALLY_CHECK(!extension->configuration || extension->platform_instance_id);
  return 0;
}
