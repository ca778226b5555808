#include "cli/acpi_directory.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "common/text.h"
#include "formats/acpi_tables.h"

namespace tally {
namespace {

constexpr char kLoaderFile[] = "table-loader";
constexpr char kRsdpFile[] = "rsdp";
constexpr char kTablesFile[] = "tables";
constexpr uint64_t kMaxTableFileBytes = 4 << 20;

// ACPI 6.5, section 5.2.5.3: revision 0 has 20 bytes, 2 has 36.
constexpr uint64_t kOldRsdpBytes = 20;
constexpr uint64_t kNewRsdpBytes = 36;

std::string MachineName(uint64_t memory_bytes, uint32_t vcpus) {
  return std::to_string(vcpus) + "-vcpus-" +
         std::to_string(memory_bytes >> 20) + "-MiB";
}

Result<AcpiTables> ReadTables(const fs::path& directory) {
  AcpiTables tables{.source = BootSource::kGiven};
  TALLY_ASSIGN(tables.loader,
               ReadFile(directory / kLoaderFile, kMaxTableFileBytes));
  TALLY_ASSIGN(tables.rsdp,
               ReadFile(directory / kRsdpFile, kMaxTableFileBytes));
  TALLY_ASSIGN(tables.tables,
               ReadFile(directory / kTablesFile, kMaxTableFileBytes));
  return tables;
}

// MemoryOf returns what the name of a machine's directory says, if it is one
// with `vcpus`.
std::optional<uint64_t> MemoryOf(const std::string& name, uint32_t vcpus) {
  const std::vector<std::string> words = Split(name, '-');
  if (words.size() != 4) return std::nullopt;
  const Result<uint64_t> mib = ParseUnsigned(words[2]);
  if (!mib || *mib == 0 || *mib > (UINT64_MAX >> 20)) return std::nullopt;
  if (name != MachineName(*mib << 20, vcpus)) return std::nullopt;
  return *mib << 20;
}

// FindTemplate returns the least memory that tables for `vcpus` are there of.
Result<std::optional<uint64_t>> FindTemplate(const fs::path& directory,
                                             uint32_t vcpus) {
  std::error_code error;
  std::optional<uint64_t> least;
  for (fs::directory_iterator entry(directory, error), end;
       !error && entry != end; entry.increment(error)) {
    const auto memory_bytes = MemoryOf(entry->path().filename(), vcpus);
    if (memory_bytes && (!least || *memory_bytes < *least)) {
      least = memory_bytes;
    }
  }
  if (error) {
    return InputError("cannot read directory " + Quote(directory.string()) +
                      ": " + error.message());
  }
  return least;
}

}  // namespace

std::string_view AcpiOriginName(AcpiOrigin origin) {
  switch (origin) {
    case AcpiOrigin::kNone:
      return "none";
    case AcpiOrigin::kFiles:
      return "files";
    case AcpiOrigin::kTemplate:
      return "template";
    case AcpiOrigin::kQemu:
      return "qemu";
  }
  return "";
}

Status CheckAcpiTables(const AcpiTables& tables, uint32_t vcpus) {
  TALLY_TRY(CheckAcpiLoader(tables.loader));
  if (tables.rsdp.size() != kOldRsdpBytes &&
      tables.rsdp.size() != kNewRsdpBytes) {
    return InputError("acpi rsdp: found " + std::to_string(tables.rsdp.size()) +
                      " bytes, expected 20 or 36");
  }
  TALLY_ASSIGN(const uint32_t count, CountAcpiProcessors(tables.tables));
  if (vcpus == 0 || count == vcpus) return Ok();
  return InputError("acpi table APIC: found " + std::to_string(count) +
                    " processors, expected " + std::to_string(vcpus));
}

Result<FoundAcpi> ReadAcpiDirectory(const fs::path& directory,
                                    uint64_t memory_bytes, uint32_t vcpus) {
  FoundAcpi found{.tables = {}, .origin = AcpiOrigin::kFiles};
  fs::path place = directory;
  uint64_t from_bytes = memory_bytes;
  if (IsAbsent(directory / kTablesFile)) {
    place = directory / MachineName(memory_bytes, vcpus);
    if (!IsDirectory(place) || memory_bytes % (1 << 20) != 0) {
      TALLY_ASSIGN(const std::optional<uint64_t> other,
                   FindTemplate(directory, vcpus));
      if (!other) {
        return InputError("no ACPI tables in " + Quote(directory.string()) +
                          ", neither " + Quote(kTablesFile) + " nor " +
                          Quote(MachineName(memory_bytes, vcpus)));
      }
      from_bytes = *other;
      place = directory / MachineName(from_bytes, vcpus);
      found.origin = AcpiOrigin::kTemplate;
    }
  }
  TALLY_ASSIGN(found.tables, ReadTables(place));
  const Status check = CheckAcpiTables(found.tables, vcpus);
  if (!check) {
    return Error(check.error()).While("reading " + Quote(place.string()));
  }
  if (found.origin == AcpiOrigin::kFiles) return found;
  Result<Bytes> moved =
      MoveAcpiMemory(found.tables.tables, from_bytes, memory_bytes);
  if (!moved) {
    return std::move(moved).error().While("moving " + Quote(place.string()) +
                                          " to another memory size");
  }
  found.tables.tables = std::move(*moved);
  return found;
}

Status WriteAcpiDirectory(const fs::path& directory, uint64_t memory_bytes,
                          uint32_t vcpus, const AcpiTables& tables) {
  if (memory_bytes % (1 << 20) != 0) {
    return InputError("memory of " + std::to_string(memory_bytes) +
                      " bytes is no number of MiB: its tables have no name");
  }
  const fs::path place = directory / MachineName(memory_bytes, vcpus);
  TALLY_TRY(CreateDirectories(place));
  TALLY_TRY(WriteFileAtomic(place / kLoaderFile, tables.loader));
  TALLY_TRY(WriteFileAtomic(place / kRsdpFile, tables.rsdp));
  return WriteFileAtomic(place / kTablesFile, tables.tables);
}

}  // namespace tally
