// The parsers of OCI documents take any bytes; what they return is bounded.
#include "common/check.h"
#include "formats/oci.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)tally::IsOciIndex(text);
  if (const auto index = tally::ParseOciIndex(text)) {
    TALLY_CHECK(index->size() <= 1024);
    (void)tally::ChooseOciManifest(*index, "amd64");
  }
  if (const auto manifest = tally::ParseOciManifest(text)) {
    TALLY_CHECK(manifest->layers.size() <= 512);
    for (const auto& layer : manifest->layers) {
      TALLY_CHECK(layer.size_bytes <= uint64_t{1} << 40);
    }
  }
  if (const auto config = tally::ParseOciConfig(text)) {
    TALLY_CHECK(config->diff_ids.size() * 64 <= size);
  }
  return 0;
}
