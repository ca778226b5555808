// Measuring whatever parses ends, and never crashes; the memory map covers the
// guest's memory exactly, and the two page orders agree on what is added.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/td_hob.h"
#include "formats/tdvf.h"
#include "measure/tdx_mrtd.h"

namespace {

// Hashing is slow: a few pages show what many would.
constexpr uint64_t kMaxMeasuredBytes = uint64_t{1} << 20;

void CheckMap(const tally::Tdvf& tdvf, uint64_t memory_bytes) {
  const auto map = tally::TdMemoryMap(tdvf, memory_bytes);
  if (!map) return;
  uint64_t total_bytes = 0;
  uint64_t end = 0;
  for (const tally::TdMemory& memory : *map) {
    TALLY_CHECK(memory.gpa >= end);
    TALLY_CHECK(memory.size_bytes > 0);
    end = memory.gpa + memory.size_bytes;
    total_bytes += memory.size_bytes;
  }
  TALLY_CHECK(total_bytes == memory_bytes);
  const auto hob = tally::MeasuredTdHob(tdvf, memory_bytes);
  TALLY_CHECK(!hob || hob->size() == 56 + 48 * map->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan image(data, size);
  const auto tdvf = tally::ParseTdvf(image);
  if (!tdvf) return 0;
  TALLY_CHECK(tdvf->size_bytes == size);
  CheckMap(*tdvf, uint64_t{1} << 30);
  CheckMap(*tdvf, uint64_t{64} << 30);
  uint64_t measured_bytes = 0;
  for (const tally::TdvfSection& section : tdvf->sections) {
    if (!section.is_augmented()) measured_bytes += section.size_bytes;
  }
  if (measured_bytes > kMaxMeasuredBytes) return 0;
  const auto one =
      tally::MeasureTdvf(image, *tdvf, tally::TdxPageOrder::kSinglePass);
  const auto two =
      tally::MeasureTdvf(image, *tdvf, tally::TdxPageOrder::kTwoPass);
  TALLY_CHECK(two.events.size() >= one.events.size());
  if (!two.events.empty()) {
    TALLY_CHECK(two.events.back().value_after == tally::AnyDigest(two.mrtd));
  }
  return 0;
}
