// ACPI tables of a machine, asked from a stock QEMU.
//
// QEMU is started with its processors stopped, and spoken to through its test
// interface (qtest, docs/devel/testing/qtest.rst): port writes set the chipset
// as firmware does, then the tables are read through fw_cfg as firmware reads
// them (docs/specs/fw_cfg.rst). Nothing of the guest runs. See
// docs/measurements/tdx.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/file.h"
#include "measure/tdx_rtmr.h"

namespace tally {

// QemuMachine is what the tables depend on.
struct QemuMachine {
  fs::path program;  // absolute
  uint64_t memory_bytes = 0;
  uint32_t vcpus = 1;
  // Of -machine, after "q35,": what QEMU chooses for a TDX guest by itself, and
  // no HPET, as launches have it.
  std::string machine_options = "smm=off,pic=off,hpet=off";
  std::vector<std::string> args;  // devices
  // PcdPciExpressBaseAddress of the firmware: where it puts PCI configuration.
  uint64_t ecam = 0xe0000000;
  // Where firmware puts the first device that goes above 4 GiB. Machines that
  // have such a device and do not say are an input error.
  std::optional<uint64_t> mmio64;
};

// AskQemuForAcpi returns the tables, as predicted. Tables for another number of
// processors than that of the machine are an input error.
Result<AcpiTables> AskQemuForAcpi(const QemuMachine& machine);

// QemuVersion returns the first line of what `program` says of itself: "QEMU
// emulator version 9.2.0 (…)".
Result<std::string> QemuVersion(const fs::path& program);

}  // namespace tally
