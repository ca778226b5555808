// The ACPI tables that QEMU hands to a guest's firmware through fw_cfg, and
// what in them changes with the guest's memory.
//
// Follows the ACPI specification 6.5, section 5.2 (headers, MADT) and 6.4
// (resources), and QEMU hw/i386/acpi-build.c. See docs/formats/acpi-tables.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/bytes.h"

namespace tally {

// AcpiTable is one table in etc/acpi/tables.
struct AcpiTable {
  std::string signature;  // "DSDT"
  uint64_t offset = 0;
  uint64_t size_bytes = 0;

  bool operator==(const AcpiTable&) const = default;
};

// ListAcpiTables returns the tables in file order. What follows the last one is
// zeros: QEMU pads the file.
Result<std::vector<AcpiTable>> ListAcpiTables(ByteSpan tables);

// CountAcpiProcessors returns how many local APICs the table APIC enables.
Result<uint32_t> CountAcpiProcessors(ByteSpan tables);

// MoveAcpiMemory returns the tables of a machine that has `to_bytes` of memory
// instead of `from_bytes` and is the same otherwise: the windows for PCI
// devices begin where memory ends. An input error if the tables do not say what
// a machine with `from_bytes` has, or if they have a table of memory (SRAT).
Result<Bytes> MoveAcpiMemory(ByteSpan tables, uint64_t from_bytes,
                             uint64_t to_bytes);

// CheckAcpiLoader accepts etc/table-loader: whole commands of known kinds.
Status CheckAcpiLoader(ByteSpan loader);

}  // namespace tally
