// Directories with ACPI tables: one machine's, or one for each machine.
//
// One machine's has the files table-loader, rsdp and tables: QEMU's fw_cfg
// files etc/table-loader, etc/acpi/rsdp and etc/acpi/tables. Of several
// machines each has a directory of its own, "2-vcpus-4096-MiB". See
// docs/measurements/tdx.md.
#pragma once

#include <string>

#include "common/file.h"
#include "measure/tdx_rtmr.h"

namespace tally {

// How tables came to be, for the answer.
enum class AcpiOrigin {
  kNone,
  kFiles,     // as they are in the files
  kTemplate,  // those of another memory size, moved
  kQemu,      // asked from QEMU
};

// AcpiOriginName returns "none", "files", "template" or "qemu".
std::string_view AcpiOriginName(AcpiOrigin origin);

struct FoundAcpi {
  AcpiTables tables;
  AcpiOrigin origin = AcpiOrigin::kNone;
};

// ReadAcpiDirectory finds the tables of a machine, as given: files beside the
// directories are those of every machine; a directory of the same number of
// vCPUs and another memory size is a template. Tables that list another number
// of processors are an input error; 0 vCPUs is any number.
Result<FoundAcpi> ReadAcpiDirectory(const fs::path& directory,
                                    uint64_t memory_bytes, uint32_t vcpus);

// WriteAcpiDirectory writes the tables of a machine into its own directory.
Status WriteAcpiDirectory(const fs::path& directory, uint64_t memory_bytes,
                          uint32_t vcpus, const AcpiTables& tables);

// CheckAcpiTables accepts tables that list `vcpus` processors, or any if it is
// 0.
Status CheckAcpiTables(const AcpiTables& tables, uint32_t vcpus);

}  // namespace tally
