// ParseGpt takes any bytes. The input is the table (16384 bytes) of a disk
// whose headers and checksums are right, for a fuzzer would not find them.
#include <algorithm>

#include "common/check.h"
#include "formats/crc32.h"
#include "formats/gpt.h"

namespace {

using tally::Bytes;
using tally::ByteSpan;

constexpr size_t kEntriesSize = 16384;
constexpr size_t kDiskSize = 1 << 20;

void Put(Bytes& bytes, size_t at, uint32_t value) {
  for (size_t i = 0; i < 4; ++i) {
    bytes[at + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

Bytes DiskWith(ByteSpan entries) {
  static const tally::GptPlan plan =
      tally::PlanGpt(tally::Uuid{{1}}, {}).value();
  TALLY_CHECK(plan.size_bytes == kDiskSize);
  Bytes disk = plan.primary;
  disk.resize(plan.backup_offset);
  disk.insert(disk.end(), plan.backup.begin(), plan.backup.end());
  const size_t size = std::min(entries.size(), kEntriesSize);
  for (size_t i = 0; i < size; ++i) {
    disk[1024 + i] = disk[plan.backup_offset + i] = entries[i];
  }
  for (const size_t header : {size_t{512}, kDiskSize - 512}) {
    Put(disk, header + 88,
        tally::Crc32(ByteSpan(disk).subspan(1024, kEntriesSize)));
    Put(disk, header + 16, 0);
    Put(disk, header + 16, tally::Crc32(ByteSpan(disk).subspan(header, 92)));
  }
  return disk;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static_cast<void>(tally::ParseGpt({data, size}));
  const auto gpt = tally::ParseGpt(DiskWith({data, size}));
  // Every partition adds a mebibyte to the second disk: many are only slow.
  if (!gpt || gpt->partitions.size() > 4) return 0;
  // The same partitions at our places: everything but the places comes back.
  const auto plan = tally::PlanGpt(gpt->disk_guid, gpt->partitions);
  TALLY_CHECK(plan);
  Bytes disk = plan->primary;
  disk.resize(plan->backup_offset);
  disk.insert(disk.end(), plan->backup.begin(), plan->backup.end());
  const auto again = tally::ParseGpt(disk);
  TALLY_CHECK(again && again->partitions == gpt->partitions);
  TALLY_CHECK(again->partition_offsets == plan->partition_offsets);
  return 0;
}
