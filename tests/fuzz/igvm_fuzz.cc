// A model that parses is written, and read again as the same model; the
// canonical file stays as it is. See also igvm_measure_fuzz.cc.
#include <algorithm>

#include "common/check.h"
#include "formats/crc32.h"
#include "formats/igvm.h"

namespace {

constexpr size_t kChecksumOffset = 20;
constexpr size_t kFixedHeaderBytes = 24;

// WithChecksum makes the checksum right, which a mutation never does.
tally::Bytes WithChecksum(tally::ByteSpan input) {
  tally::Bytes file = tally::ToBytes(input);
  if (file.size() < kFixedHeaderBytes) return file;
  tally::ByteReader r("file", file);
  r.Skip("magic", 4);
  const uint64_t fixed_bytes = r.U32Le("version") == 1 ? 24 : 32;
  const uint64_t start = r.U32Le("variable header offset");
  const uint64_t size = r.U32Le("variable header size");
  if (fixed_bytes > start || start > file.size() ||
      size > file.size() - start) {
    return file;
  }
  tally::ByteWriter total;
  total.U32Le(static_cast<uint32_t>(file.size())).U32Le(0);
  std::copy(total.bytes().begin(), total.bytes().end(), file.begin() + 16);
  tally::ByteWriter checksum;
  checksum.U32Le(tally::Crc32Hasher()
                     .Update(tally::ByteSpan(file).first(fixed_bytes))
                     .Update(tally::ByteSpan(file).subspan(start, size))
                     .value());
  std::copy(checksum.bytes().begin(), checksum.bytes().end(),
            file.begin() + kChecksumOffset);
  return file;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::Bytes file = WithChecksum(tally::ByteSpan(data, size));
  const auto igvm = tally::ParseIgvm(file);
  if (!igvm) {
    TALLY_CHECK(igvm.error().code() == tally::ErrorCode::kInput);
    return 0;
  }
  const auto written = tally::WriteIgvm(*igvm);
  // Data that overlaps in the file can be more than a file holds.
  if (!written) return 0;
  const auto again = tally::ParseIgvm(*written);
  TALLY_CHECK(again && *again == *igvm);
  TALLY_CHECK(tally::WriteIgvm(*again).value() == *written);
  return 0;
}
