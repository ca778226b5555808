#include "cli/tdx_acpi.h"

#include "cli/acpi_from_qemu.h"
#include "common/process.h"
#include "common/text.h"

namespace tally {
namespace {

Result<uint64_t> ParseAddress(const char* option, const std::string& text) {
  const Result<uint64_t> address = ParseUnsigned(text);
  constexpr uint64_t kMegabyte = 1 << 20;
  if (address && *address != 0 && *address % kMegabyte == 0) return *address;
  return UsageError(std::string(option) + ": found " + Quote(text) +
                    ", expected an address such as 0xe0000000");
}

Result<QemuMachine> MachineFromFlags(const TdxAcpiFlags& flags) {
  QemuMachine machine{.program = flags.qemu, .args = flags.qemu_args};
  if (machine.program.empty()) {
    TALLY_ASSIGN(machine.program, FindProgram("qemu-system-x86_64"));
  } else {
    machine.program = fs::absolute(machine.program);
  }
  if (flags.machine) machine.machine_options = *flags.machine;
  TALLY_ASSIGN(machine.ecam, ParseAddress("--acpi-ecam", flags.ecam));
  if (!flags.mmio64.empty()) {
    TALLY_ASSIGN(machine.mmio64, ParseAddress("--acpi-mmio64", flags.mmio64));
  }
  return machine;
}

// IsVersion: "QEMU emulator version 9.2.0 (Debian …)" is 9.2.
bool IsVersion(const std::string& line, const std::string& version) {
  const std::vector<std::string> words = Split(line, ' ');
  if (words.size() < 4) return false;
  return (words[3] + ".").starts_with(version + ".");
}

Result<TdxAcpi> AskQemu(const TdxAcpiFlags& flags,
                        const std::vector<TdxCellFacts>& cells,
                        const std::string& qemu_version, Console& console) {
  TALLY_ASSIGN(QemuMachine machine, MachineFromFlags(flags));
  TdxAcpi acpi;
  TALLY_ASSIGN(acpi.qemu, QemuVersion(machine.program));
  if (!IsVersion(acpi.qemu, qemu_version)) {
    console.Warn("the ACPI tables are those of " + Quote(acpi.qemu) +
                 ", the launch is of " + qemu_version);
  }
  for (const TdxCellFacts& cell : cells) {
    machine.memory_bytes = cell.memory_bytes;
    machine.vcpus = cell.vcpus;
    TALLY_ASSIGN(AcpiTables tables, AskQemuForAcpi(machine));
    TALLY_TRY(CheckAcpiTables(tables, cell.vcpus));
    if (!flags.save.empty()) {
      TALLY_TRY(WriteAcpiDirectory(flags.save, cell.memory_bytes, cell.vcpus,
                                   tables));
    }
    acpi.cells.push_back(
        {.tables = std::move(tables), .origin = AcpiOrigin::kQemu});
  }
  return acpi;
}

}  // namespace

Status CheckAcpiFlags(const TdxAcpiFlags& flags,
                      const std::vector<uint32_t>& vcpus) {
  if (!flags.directory.empty() && flags.from_qemu) {
    return UsageError("--acpi and --acpi-from-qemu exclude each other");
  }
  if ((!flags.directory.empty() || flags.from_qemu) && vcpus.empty()) {
    return UsageError("ACPI tables list the processors: --vcpus is needed");
  }
  const bool has_qemu_options = !flags.save.empty() || !flags.qemu.empty() ||
                                flags.machine || !flags.qemu_args.empty() ||
                                !flags.mmio64.empty();
  if (has_qemu_options && !flags.from_qemu) {
    return UsageError(
        "--acpi-save, --acpi-qemu, --acpi-qemu-arg, --acpi-machine and "
        "--acpi-mmio64 need --acpi-from-qemu");
  }
  return Ok();
}

Result<TdxAcpi> FindTdxAcpi(const TdxAcpiFlags& flags,
                            const std::vector<TdxCellFacts>& cells,
                            const std::string& qemu_version, Console& console) {
  if (flags.from_qemu) return AskQemu(flags, cells, qemu_version, console);
  TdxAcpi acpi;
  for (const TdxCellFacts& cell : cells) {
    FoundAcpi found;
    if (!flags.directory.empty()) {
      TALLY_ASSIGN(found, ReadAcpiDirectory(flags.directory, cell.memory_bytes,
                                            cell.vcpus));
    }
    acpi.cells.push_back(std::move(found));
  }
  return acpi;
}

}  // namespace tally
