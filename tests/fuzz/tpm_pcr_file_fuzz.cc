// A PCR file has one value of the right size for each selected PCR, and the
// bare values of what parsed parse to the same.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/tpm_pcr_file.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto file = tally::ParseTpmPcrFile(tally::ByteSpan(data, size));
  if (!file) return 0;
  const auto selected = tally::SelectedPcrs(file->pcr_select);
  TALLY_CHECK(selected.size() == file->values.size());
  tally::ByteWriter bare;
  for (size_t i = 0; i < selected.size(); ++i) {
    TALLY_CHECK(file->values[i].size() ==
                tally::HashSizeBytes(selected[i].hash));
    bare.Raw(file->values[i]);
  }
  const auto values = tally::ParseTpmPcrValues(bare.bytes(), file->pcr_select);
  TALLY_CHECK(values && *values == file->values);
  return 0;
}
