// ParseBzImage takes any bytes; what it found lies inside of them.
#include "common/check.h"
#include "formats/bzimage.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto image = tally::ParseBzImage({data, size});
  if (!image) return 0;
  TALLY_CHECK(image->setup_bytes >= 1024 && image->setup_bytes < size);
  TALLY_CHECK(image->protocol >= 0x203);
  TALLY_CHECK(image->release.find_first_of(" \n") == std::string::npos);
  return 0;
}
