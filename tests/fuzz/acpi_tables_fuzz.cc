// Whatever lists as tables lies in the file, one after the other; tables that
// are moved to another memory keep their size.
#include <cstddef>
#include <cstdint>

#include "common/check.h"
#include "formats/acpi_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const tally::ByteSpan tables(data, size);
  (void)tally::CheckAcpiLoader(tables);
  const auto list = tally::ListAcpiTables(tables);
  if (!list) return 0;
  uint64_t end = 0;
  for (const tally::AcpiTable& table : *list) {
    TALLY_CHECK(table.offset == end);
    end += table.size_bytes;
    TALLY_CHECK(end <= size);
  }
  (void)tally::CountAcpiProcessors(tables);
  constexpr uint64_t kSmall = uint64_t{1} << 30;
  constexpr uint64_t kLarge = uint64_t{64} << 30;
  const auto moved = tally::MoveAcpiMemory(tables, kSmall, kLarge);
  if (!moved) return 0;
  TALLY_CHECK(moved->size() == size);
  (void)tally::MoveAcpiMemory(*moved, kLarge, kSmall);
  return 0;
}
