// Small ACPI tables with all that depends on memory and processors.
#pragma once

#include <string_view>

#include "common/bytes.h"
#include "formats/acpi_tables.h"

namespace tally::test {

// AcpiTable is a table with a header of 36 bytes, checksum 0.
inline Bytes AcpiTable(std::string_view signature, ByteSpan body) {
  ByteWriter w;
  w.Text(signature).U32Le(static_cast<uint32_t>(36 + body.size()));
  w.ZerosUntil(36).Raw(body);
  return std::move(w).Take();
}

inline Bytes AcpiDword(uint64_t first, uint64_t last) {
  ByteWriter w;
  w.U8(0x87).U16Le(23).U8(0).U8(0x0c).U8(1).U32Le(0);
  w.U32Le(static_cast<uint32_t>(first)).U32Le(static_cast<uint32_t>(last));
  w.U32Le(0).U32Le(static_cast<uint32_t>(last - first + 1));
  return std::move(w).Take();
}

inline Bytes AcpiQword(uint64_t first, uint64_t last) {
  ByteWriter w;
  w.U8(0x8a).U16Le(43).U8(0).U8(0x0c).U8(3).U64Le(0);
  w.U64Le(first).U64Le(last).U64Le(0).U64Le(last - first + 1);
  return std::move(w).Take();
}

// MakeAcpiTables are those of a machine without devices.
inline Bytes MakeAcpiTables(uint32_t vcpus, uint64_t memory_bytes) {
  constexpr uint64_t k4Gib = uint64_t{1} << 32;
  const uint64_t low = memory_bytes >= 0xb0000000 ? 0x80000000 : memory_bytes;
  const uint64_t high = AlignUp(k4Gib + memory_bytes - low, k4Gib / 4);
  ByteWriter dsdt;
  dsdt.Raw(AcpiDword(0xa0000, 0xbffff)).Raw(AcpiDword(low, 0xdfffffff));
  dsdt.Raw(AcpiDword(0xf0000000, 0xfebfffff));
  dsdt.Raw(AcpiQword(high, high + 8 * k4Gib - 1));
  ByteWriter apic;
  apic.U32Le(0xfee00000).U32Le(1);
  for (uint32_t i = 0; i < vcpus; ++i) {
    if (i < 255) {
      const auto id = static_cast<uint8_t>(i);
      apic.U8(0).U8(8).U8(id).U8(id).U32Le(1);
    } else {
      apic.U8(9).U8(16).U16Le(0).U32Le(i).U32Le(1).U32Le(i);
    }
  }
  apic.U8(0).U8(8).U8(9).U8(9).U32Le(0);  // one that may come later
  apic.U8(1).U8(12).Zeros(10);            // an I/O APIC
  ByteWriter w;
  w.Text("FACS").U32Le(64).Zeros(56);
  w.Raw(AcpiTable("DSDT", dsdt.bytes())).Raw(AcpiTable("APIC", apic.bytes()));
  w.PadTo(0x1000);
  return std::move(w).Take();
}

// OasisTemplateBytes is the memory that a template of oasis has in it.
inline uint64_t OasisTemplateBytes(int64_t vcpus) {
  return uint64_t{vcpus == 1 ? 2815u : 512u} << 20;
}

// OasisLoader is etc/table-loader of the guests whose digests oasis has: what
// QEMU writes for a DSDT, FACP, APIC, MCFG, WAET and RSDT.
inline Bytes OasisLoader(ByteSpan tables) {
  ByteWriter w;
  const auto file = [&w](std::string_view name) {
    const uint64_t begin = w.size();
    w.Text(name).ZerosUntil(begin + 56);
  };
  const auto end = [&w] { w.PadTo(128); };
  const auto allocate = [&](std::string_view name, uint32_t align, uint8_t at) {
    w.U32Le(1);
    file(name);
    w.U32Le(align).U8(at);
    end();
  };
  const auto pointer = [&](std::string_view in, uint32_t offset, uint8_t size) {
    w.U32Le(2);
    file(in);
    file("etc/acpi/tables");
    w.U32Le(offset).U8(size);
    end();
  };
  const auto checksum = [&](std::string_view in, uint32_t at, uint32_t begin,
                            uint32_t size) {
    w.U32Le(3);
    file(in);
    w.U32Le(at).U32Le(begin).U32Le(size);
    end();
  };
  constexpr std::string_view kFile = "etc/acpi/tables";
  allocate("etc/acpi/rsdp", 16, 2);
  allocate(kFile, 64, 1);
  const auto list = ListAcpiTables(tables);
  for (const tally::AcpiTable& table : list.value()) {
    if (table.signature == "FACS") continue;
    const auto offset = static_cast<uint32_t>(table.offset);
    if (table.signature == "FACP") {
      pointer(kFile, offset + 36, 4);
      pointer(kFile, offset + 40, 4);
      pointer(kFile, offset + 140, 8);
    }
    if (table.signature == "RSDT") {
      for (const uint32_t entry : {36u, 40u, 44u, 48u}) {
        pointer(kFile, offset + entry, 4);
      }
    }
    checksum(kFile, offset + 9, offset,
             static_cast<uint32_t>(table.size_bytes));
  }
  pointer("etc/acpi/rsdp", 16, 4);
  checksum("etc/acpi/rsdp", 8, 0, 20);
  w.ZerosUntil(4096);
  return std::move(w).Take();
}

}  // namespace tally::test
