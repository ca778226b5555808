// ReadFat32 takes any bytes. An image has 33 MiB at least, so the input stands
// for the clusters 2 to 65: a byte each for its entry in the FAT (0 free, 0xff
// the end of a chain, else the next cluster), then their bytes. The rest of the
// image is ours, and the number of free clusters is right.
#include <algorithm>

#include "common/check.h"
#include "formats/fat32.h"

namespace {

using tally::Bytes;
using tally::ByteSpan;

constexpr size_t kNumClusters = 64;
constexpr size_t kFreeCountAt = 512 + 488;
constexpr size_t kFatAt = 32 * 512;
constexpr size_t kFatSize = 520 * 512;
constexpr size_t kDataAt = kFatAt + 2 * kFatSize;
constexpr size_t kDataSize = kNumClusters * 512;
constexpr uint32_t kAllClusters = 66512;

Bytes MustWrite(const tally::Fat32Image& image,
                const tally::Fat32Options& options) {
  tally::BufferSink sink;
  TALLY_CHECK(tally::WriteFat32(
      image.nodes, options,
      [&image](size_t node, tally::ByteSink& to) {
        return to.Append(image.contents[node]);
      },
      sink));
  return std::move(sink).Take();
}

void Put(Bytes& bytes, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) {
    bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

// ImageWith changes the one image that there is: copies of it would be slow.
const Bytes& ImageWith(ByteSpan input) {
  static Bytes image = MustWrite({}, {.volume_label = "ESP", .time = 1 << 30});
  TALLY_CHECK(image.size() == 33 << 20);
  uint32_t num_free = kAllClusters;
  for (size_t i = 0; i < kNumClusters; ++i) {
    const uint8_t next = i < input.size() ? input[i] : 0;
    if (next != 0) --num_free;
    for (const size_t fat : {kFatAt, kFatAt + kFatSize}) {
      Put(image, fat + (i + 2) * 4, next == 0xff ? 0x0fffffff : next);
    }
  }
  Put(image, kFreeCountAt, num_free);
  const ByteSpan data = input.subspan(std::min(input.size(), kNumClusters));
  for (size_t i = 0; i < kDataSize; ++i) {
    image[kDataAt + i] = i < data.size() ? data[i] : 0;
  }
  return image;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(tally::ReadFat32({data, size}));
  const auto read = tally::ReadFat32(ImageWith({data, size}));
  if (!read) return 0;
  // Our form of the same files holds the same, and is the only one.
  const Bytes ours = MustWrite(*read, read->options);
  const auto again = tally::ReadFat32(ours);
  TALLY_CHECK(again && again->options == read->options);
  TALLY_CHECK(again->nodes == read->nodes);
  TALLY_CHECK(std::ranges::equal(
      again->contents, read->contents,
      [](ByteSpan a, ByteSpan b) { return std::ranges::equal(a, b); }));
  TALLY_CHECK(MustWrite(*again, again->options) == ours);
  return 0;
}
