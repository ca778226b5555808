// Whatever ParseManifest accepts is consistent; whatever it refuses has a
// place.
#include <cstddef>
#include <cstdint>

#include "common/bytes.h"
#include "common/check.h"
#include "manifests/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 1u << 20) return 0;
  const std::string_view text = tally::AsText({data, size});
  const auto manifest = tally::ParseManifest(text, "m.yaml");
  if (!manifest) {
    TALLY_CHECK(manifest.error().message().starts_with("m.yaml:"));
    TALLY_CHECK(manifest.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  TALLY_CHECK(!manifest->name.empty());
  TALLY_CHECK(!manifest->archives.empty());
  TALLY_CHECK(manifest->payload.run.at(0).starts_with('/'));
  for (const auto& target : manifest->targets) {
    TALLY_CHECK(target.sev.has_value() != target.nitro.has_value());
  }
  for (const auto& file : manifest->root.files) {
    TALLY_CHECK(file.source.has_value() != file.content.has_value());
    TALLY_CHECK(file.where.line > 0 && file.where.column > 0);
  }
  return 0;
}
