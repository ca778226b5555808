// A small unified kernel image, and what it boots with.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "formats/gpt.h"
#include "formats/uuid.h"

namespace tally::test {

// MakePe writes a PE32+ file of these sections, as Microsoft's "PE Format" has
// them.
inline Bytes MakeSectionsPe(
    const std::vector<std::pair<std::string, std::string>>& sections) {
  constexpr uint32_t kFileAlignment = 0x200;
  constexpr uint32_t kMemoryAlignment = 0x1000;
  constexpr uint32_t kHeaderBytes = 0x400;
  const auto count = static_cast<uint32_t>(sections.size());
  ByteWriter pe;
  pe.Text("MZ").ZerosUntil(0x3c).U32Le(0x40).Text("PE").U16Le(0);
  pe.U16Le(0x8664).U16Le(static_cast<uint16_t>(count)).Zeros(12);
  pe.U16Le(240).U16Le(0x22);
  pe.U16Le(0x20b).Zeros(22).U64Le(0);
  pe.U32Le(kMemoryAlignment).U32Le(kFileAlignment).Zeros(16);
  pe.U32Le((count + 1) * kMemoryAlignment).U32Le(kHeaderBytes).U32Le(0);
  pe.U16Le(10).U16Le(0).Zeros(32).U32Le(0).U32Le(16).Zeros(128);
  uint32_t address = kMemoryAlignment;
  uint32_t offset = kHeaderBytes;
  for (const auto& [name, text] : sections) {
    const auto size = static_cast<uint32_t>(text.size());
    const uint32_t raw =
        (size + kFileAlignment - 1) / kFileAlignment * kFileAlignment;
    pe.Text(name).Zeros(8 - name.size());
    pe.U32Le(size).U32Le(address).U32Le(raw).U32Le(offset).Zeros(12);
    pe.U32Le(0x40000040);
    address += (size / kMemoryAlignment + 1) * kMemoryAlignment;
    offset += raw;
  }
  pe.ZerosUntil(kHeaderBytes);
  for (const auto& [name, text] : sections) {
    pe.Text(text).PadTo(kFileAlignment);
  }
  return std::move(pe).Take();
}

// MakeUki returns an image with a stub of that version.
inline Bytes MakeUki(const std::string& stub) {
  const Bytes kernel = MakeSectionsPe({{".text", "kernel"}});
  return MakeSectionsPe(
      {{".text", "stub"},
       {".sdmagic", "#### LoaderInfo: systemd-stub " + stub + " ####"},
       {".osrel", "ID=test\n"},
       {".cmdline", "console=ttyS0"},
       {".initrd", "initrd"},
       {".linux", std::string(AsText(kernel))}});
}

// EmptyVariableStore has no keys and no boot options.
inline Bytes EmptyVariableStore(uint64_t size_bytes) {
  ByteWriter flash;
  flash.Zeros(16);
  flash.Raw(
      GuidBytes(ParseUuid("fff12b8d-7696-4c8b-a985-2747075b4f50").value()));
  flash.U64Le(size_bytes).Text("_FVH").U32Le(0).U16Le(72).ZerosUntil(72);
  flash.Raw(
      GuidBytes(ParseUuid("aaf32c78-947b-439a-a180-2e144ec37792").value()));
  flash.U32Le(28).U8(0x5a).U8(0xfe).Zeros(6).ZerosUntil(size_bytes);
  return std::move(flash).Take();
}

inline Bytes DiskWithOnePartition() {
  const GptPlan plan =
      PlanGpt(Uuid{{1}}, {{kGptEfiSystem, {{2}}, "esp", 1 << 20, 0}}).value();
  return plan.primary;
}

}  // namespace tally::test
