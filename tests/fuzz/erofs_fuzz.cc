// ReadErofs takes any bytes; what it accepts can be written in our form, and
// that form is stable: WriteErofs(ReadErofs(x)) == x.
#include <array>

#include "common/check.h"
#include "formats/crc32c.h"
#include "formats/erofs.h"

namespace {

using tally::Bytes;
using tally::ByteSpan;

constexpr size_t kChecksumAt = 1028;

// WithChecksum sets the superblock's checksum right: a fuzzer would not find
// it.
Bytes WithChecksum(ByteSpan input) {
  Bytes image = tally::ToBytes(input);
  if (image.size() < 4096) return image;
  for (size_t i = 0; i < 4; ++i) image[kChecksumAt + i] = 0;
  const uint32_t crc =
      tally::Crc32c(~uint32_t{0}, ByteSpan(image).subspan(1024, 3072));
  for (size_t i = 0; i < 4; ++i) {
    image[kChecksumAt + i] = static_cast<uint8_t>(crc >> (8 * i));
  }
  return image;
}

Bytes MustWrite(const tally::ErofsImage& image) {
  tally::BufferSink sink;
  TALLY_CHECK(tally::WriteErofs(image.files, image.options, sink));
  return std::move(sink).Take();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes input = WithChecksum({data, size});
  const auto read = tally::ReadErofs(input);
  if (!read) return 0;
  const Bytes ours = MustWrite(*read);
  const auto again = tally::ReadErofs(ours);
  TALLY_CHECK(again);
  TALLY_CHECK(MustWrite(*again) == ours);
  return 0;
}
