#include "formats/acpi_tables.h"

#include <algorithm>
#include <optional>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kMaxTables = 64;
constexpr uint64_t kMaxAcpiFileBytes = uint64_t{16} << 20;
// Signature and length; what FACS has in common with the others.
constexpr uint64_t kMinTableBytes = 8;
// ACPI 6.5, section 5.2.12, table 5.19: header, address, flags.
constexpr uint64_t kMadtFixedBytes = 44;
constexpr uint8_t kLocalApic = 0;     // table 5.21
constexpr uint8_t kLocalX2Apic = 9;   // section 5.2.12.12
constexpr uint32_t kApicEnabled = 1;  // bit 0 of both kinds' flags

// QEMU include/hw/acpi/bios-linker-loader.h: a command is 128 bytes; 1 to 4 are
// allocate, add pointer, add checksum, write pointer.
constexpr uint64_t kLoaderCommandBytes = 128;
constexpr uint32_t kMaxLoaderCommand = 4;

// QEMU hw/i386/pc_q35.c: what is below 4 GiB.
constexpr uint64_t kSplitBytes = 0xb0000000;
constexpr uint64_t kLowBytesIfSplit = 0x80000000;
constexpr uint64_t k4Gib = uint64_t{1} << 32;
constexpr uint64_t k1Gib = uint64_t{1} << 30;

bool IsSignature(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

bool IsZero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
}

Result<ByteSpan> FindTable(ByteSpan tables, std::string_view signature) {
  TALLY_ASSIGN(const std::vector<AcpiTable> list, ListAcpiTables(tables));
  for (const AcpiTable& table : list) {
    if (table.signature != signature) continue;
    return tables.subspan(table.offset, table.size_bytes);
  }
  return InputError("acpi tables: there is no " + std::string(signature));
}

// Where the windows for PCI devices begin.
struct PciWindows {
  uint64_t low = 0;   // below 4 GiB: where the memory there ends
  uint64_t high = 0;  // above: pc_pci_hole64_start, QEMU hw/i386/pc.c
};

PciWindows WindowsFor(uint64_t memory_bytes) {
  const uint64_t low =
      memory_bytes >= kSplitBytes ? kLowBytesIfSplit : memory_bytes;
  return {.low = low, .high = AlignUp(k4Gib + memory_bytes - low, k1Gib)};
}

// Window is an address space descriptor of the DSDT, by its offset there.
struct Window {
  uint64_t offset = 0;
  uint64_t first = 0;
  uint64_t last = 0;
};

constexpr uint64_t kDwordBytes = 26;
constexpr uint64_t kQwordBytes = 46;

// ACPI 6.5, section 6.4.3.5: large resource items of memory, with tag, length,
// resource type 0 and QEMU's flags.
std::optional<Window> ReadDword(ByteSpan dsdt, uint64_t offset) {
  constexpr uint8_t kBegin[] = {0x87, 0x17, 0x00, 0x00, 0x0c};
  const ByteSpan bytes = dsdt.subspan(offset);
  if (bytes.size() < kDwordBytes) return std::nullopt;
  if (!std::ranges::equal(bytes.first(5), kBegin)) return std::nullopt;
  ByteReader r("dword memory", bytes.first(kDwordBytes));
  r.Skip("tag to flags", 6);
  r.Skip("granularity", 4);
  Window window{.offset = offset};
  window.first = r.U32Le("minimum");
  window.last = r.U32Le("maximum");
  return window;
}

std::optional<Window> ReadQword(ByteSpan dsdt, uint64_t offset) {
  constexpr uint8_t kBegin[] = {0x8a, 0x2b, 0x00, 0x00, 0x0c};
  const ByteSpan bytes = dsdt.subspan(offset);
  if (bytes.size() < kQwordBytes) return std::nullopt;
  if (!std::ranges::equal(bytes.first(5), kBegin)) return std::nullopt;
  ByteReader r("qword memory", bytes.first(kQwordBytes));
  r.Skip("tag to flags", 6);
  r.Skip("granularity", 8);
  Window window{.offset = offset};
  window.first = r.U64Le("minimum");
  window.last = r.U64Le("maximum");
  return window;
}

template <typename Read>
std::vector<Window> WindowsAt(ByteSpan dsdt, uint64_t first, Read read) {
  std::vector<Window> found;
  for (uint64_t offset = 0; offset < dsdt.size(); ++offset) {
    const std::optional<Window> window = read(dsdt, offset);
    if (window && window->first == first) found.push_back(*window);
  }
  return found;
}

void Replace(uint64_t offset, ByteSpan bytes, Bytes* all) {
  std::ranges::copy(bytes, all->begin() + static_cast<ptrdiff_t>(offset));
}

}  // namespace

Result<std::vector<AcpiTable>> ListAcpiTables(ByteSpan tables) {
  if (tables.size() > kMaxAcpiFileBytes) {
    return InputError("acpi tables: size is " + HexNumber(tables.size()) +
                      ", expected at most " + HexNumber(kMaxAcpiFileBytes));
  }
  std::vector<AcpiTable> list;
  ByteReader r("acpi tables", tables);
  while (r.ok() && r.remaining() > 0) {
    if (IsZero(tables.subspan(r.offset()))) break;
    AcpiTable table{.offset = r.offset()};
    table.signature = AsText(r.Take("signature", 4));
    if (!IsSignature(table.signature)) {
      r.Fail("signature", "found " + Quote(table.signature) +
                              ", expected capital letters and digits");
    }
    table.size_bytes = r.U32Le("length");
    if (table.size_bytes < kMinTableBytes) {
      r.Fail("length", "found " + HexNumber(table.size_bytes) +
                           ", expected at least 0x8");
    }
    if (!r.ok()) break;
    r.Skip("table", table.size_bytes - kMinTableBytes);
    list.push_back(std::move(table));
    if (list.size() > kMaxTables) {
      return InputError("acpi tables: there are more than " +
                        std::to_string(kMaxTables));
    }
  }
  TALLY_TRY(r.status());
  return list;
}

Result<uint32_t> CountAcpiProcessors(ByteSpan tables) {
  TALLY_ASSIGN(const ByteSpan table, FindTable(tables, "APIC"));
  uint32_t count = 0;
  ByteReader r("acpi table APIC", table);
  r.Skip("header", kMadtFixedBytes);
  while (r.ok() && r.remaining() > 0) {
    const uint8_t type = r.U8("type");
    const uint8_t length = r.U8("length");
    if (length < 2) {
      r.Fail("length",
             "found " + std::to_string(length) + ", expected at least 2");
    }
    if (!r.ok()) break;
    ByteReader entry = r.Sub("acpi table APIC", length - 2u);
    if (type != kLocalApic && type != kLocalX2Apic) continue;
    // Processor and APIC number; or reserved and x2APIC number.
    entry.Skip("numbers", type == kLocalApic ? 2 : 6);
    if ((entry.U32Le("flags") & kApicEnabled) != 0) ++count;
    TALLY_TRY(entry.status());
  }
  TALLY_TRY(r.status());
  return count;
}

Result<Bytes> MoveAcpiMemory(ByteSpan tables, uint64_t from_bytes,
                             uint64_t to_bytes) {
  TALLY_ASSIGN(const std::vector<AcpiTable> list, ListAcpiTables(tables));
  if (std::ranges::find(list, "SRAT", &AcpiTable::signature) != list.end()) {
    return InputError(
        "acpi tables: there is an SRAT, which lists the memory: tables for "
        "another size are not computed");
  }
  TALLY_ASSIGN(const ByteSpan dsdt, FindTable(tables, "DSDT"));
  const auto base = static_cast<uint64_t>(dsdt.data() - tables.data());
  const PciWindows from = WindowsFor(from_bytes);
  const PciWindows to = WindowsFor(to_bytes);
  const std::vector<Window> low = WindowsAt(dsdt, from.low, ReadDword);
  if (low.size() != 1 || low[0].last < to.low || low[0].last >= k4Gib) {
    return InputError("acpi table DSDT: found " + std::to_string(low.size()) +
                      " windows for PCI devices at " + HexNumber(from.low) +
                      ", expected one, as a machine with " +
                      std::to_string(from_bytes) + " bytes of memory has");
  }
  Bytes moved = ToBytes(tables);
  ByteWriter dword;
  dword.U32Le(static_cast<uint32_t>(to.low));
  dword.U32Le(static_cast<uint32_t>(low[0].last));
  dword.U32Le(0);  // translation
  dword.U32Le(static_cast<uint32_t>(low[0].last - to.low + 1));
  Replace(base + low[0].offset + 10, dword.bytes(), &moved);
  // If firmware put a device above 4 GiB, the window begins there instead, and
  // does not move with memory.
  for (const Window& high : WindowsAt(dsdt, from.high, ReadQword)) {
    ByteWriter qword;
    qword.U64Le(to.high).U64Le(high.last - from.high + to.high);
    Replace(base + high.offset + 14, qword.bytes(), &moved);
  }
  return moved;
}

Status CheckAcpiLoader(ByteSpan loader) {
  if (loader.empty() || loader.size() % kLoaderCommandBytes != 0 ||
      loader.size() > kMaxAcpiFileBytes) {
    return InputError("acpi table-loader: size is " + HexNumber(loader.size()) +
                      ", expected a multiple of 0x80, not zero");
  }
  ByteReader r("acpi table-loader", loader);
  while (r.ok() && r.remaining() > 0) {
    const uint32_t command = r.U32Le("command");
    if (command > kMaxLoaderCommand) {
      r.Fail("command",
             "found " + std::to_string(command) + ", expected at most 4");
    }
    r.Skip("operands", kLoaderCommandBytes - 4);
  }
  return r.status();
}

}  // namespace tally
