// The ACPI tables of `tally measure tdx`: chosen by option, for each cell.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/acpi_directory.h"
#include "cli/console.h"
#include "common/file.h"

namespace tally {

struct TdxAcpiFlags {
  fs::path directory;      // --acpi; empty: none
  bool from_qemu = false;  // --acpi-from-qemu
  fs::path save;           // --acpi-save
  fs::path qemu;           // --acpi-qemu; empty: the one that is installed
  std::optional<std::string> machine;  // --acpi-machine
  std::vector<std::string> qemu_args;  // --acpi-qemu-arg
  std::string ecam = "0xe0000000";     // --acpi-ecam
  std::string mmio64;                  // --acpi-mmio64; empty: not said
};

// One cell of the matrix.
struct TdxCellFacts {
  uint64_t memory_bytes = 0;
  uint32_t vcpus = 0;  // 0: not said
};

struct TdxAcpi {
  std::vector<FoundAcpi> cells;  // as the cells that were asked for
  std::string qemu;              // what the QEMU that was asked says of itself
};

// CheckAcpiFlags refuses options that do not go together.
Status CheckAcpiFlags(const TdxAcpiFlags& flags,
                      const std::vector<uint32_t>& vcpus);

// FindTdxAcpi returns tables for every cell, with origin kNone if no option
// asks for any. Warns if they are of another QEMU than `qemu_version`.
Result<TdxAcpi> FindTdxAcpi(const TdxAcpiFlags& flags,
                            const std::vector<TdxCellFacts>& cells,
                            const std::string& qemu_version, Console& console);

}  // namespace tally
