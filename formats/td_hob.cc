#include "formats/td_hob.h"

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/text.h"
#include "formats/x86_memory.h"

namespace tally {
namespace {

// QEMU rounds -m up to it (hw/core/machine.c, machine_set_mem).
constexpr uint64_t kMemoryStep = 8192;
constexpr uint64_t kMaxMemoryBytes = uint64_t{1} << 46;

constexpr uint16_t kHandoff = 1;
constexpr uint16_t kResourceDescriptor = 3;
constexpr uint16_t kHandoffBytes = 56;
constexpr uint16_t kResourceBytes = 48;
constexpr uint64_t kEndBytes = 8;
constexpr uint32_t kHandoffVersion = 9;
constexpr uint32_t kSystemMemory = 0;
constexpr uint32_t kMemoryUnaccepted = 7;
// PRESENT, INITIALIZED, TESTED
constexpr uint32_t kAttributes = 7;

void WriteHeader(uint16_t type, uint16_t size_bytes, ByteWriter* out) {
  out->U16Le(type).U16Le(size_bytes).Zeros(4);
}

// Accept cuts the section out of the range that holds it.
Status Accept(const TdvfSection& section, std::vector<TdMemory>* map) {
  const uint64_t end = section.gpa + section.size_bytes;
  const auto holder = std::ranges::find_if(*map, [&](const TdMemory& memory) {
    return !memory.is_added && memory.gpa <= section.gpa &&
           end <= memory.gpa + memory.size_bytes;
  });
  if (holder == map->end()) {
    return InputError("td hob: section " +
                      std::string(TdvfSectionKindName(section.kind)) + " at " +
                      HexNumber(section.gpa) + " needs memory up to " +
                      HexNumber(end) + ", which the guest does not have");
  }
  const TdMemory before = *holder;
  *holder = {section.gpa, section.size_bytes, true};
  if (section.gpa > before.gpa) {
    map->push_back({before.gpa, section.gpa - before.gpa, false});
  }
  const uint64_t before_end = before.gpa + before.size_bytes;
  if (end < before_end) map->push_back({end, before_end - end, false});
  return Ok();
}

Status CheckMemorySize(uint64_t memory_bytes) {
  if (memory_bytes == 0 || memory_bytes % kMemoryStep != 0) {
    return InputError("td hob: memory size " + HexNumber(memory_bytes) +
                      " is not a multiple of 0x2000, to which QEMU rounds");
  }
  if (memory_bytes > kMaxMemoryBytes) {
    return InputError("td hob: memory size is " + HexNumber(memory_bytes) +
                      ", expected at most " + HexNumber(kMaxMemoryBytes));
  }
  return Ok();
}

}  // namespace

Result<std::vector<TdMemory>> TdMemoryMap(const Tdvf& tdvf,
                                          uint64_t memory_bytes) {
  TALLY_TRY(CheckMemorySize(memory_bytes));
  const uint64_t low = Q35LowMemory(memory_bytes);
  std::vector<TdMemory> map = {{0, low, false}};
  if (memory_bytes > low) map.push_back({kFourGib, memory_bytes - low, false});
  for (const TdvfSection& section : tdvf.sections) {
    if (section.kind == TdvfSectionKind::kTdHob ||
        section.kind == TdvfSectionKind::kTempMem) {
      TALLY_TRY(Accept(section, &map));
    }
  }
  std::ranges::sort(map, {}, &TdMemory::gpa);
  return map;
}

Result<Bytes> MeasuredTdHob(const Tdvf& tdvf, uint64_t memory_bytes) {
  TALLY_ASSIGN(const std::vector<TdMemory> map,
               TdMemoryMap(tdvf, memory_bytes));
  const TdvfSection* place = tdvf.Find(TdvfSectionKind::kTdHob);
  TALLY_CHECK(place != nullptr);
  const uint64_t size_bytes =
      kHandoffBytes + map.size() * kResourceBytes + kEndBytes;
  if (size_bytes > place->size_bytes) {
    return InputError("td hob: needs " + HexNumber(size_bytes) +
                      " bytes, section TD_HOB has " +
                      HexNumber(place->size_bytes));
  }
  ByteWriter out;
  WriteHeader(kHandoff, kHandoffBytes, &out);
  out.U32Le(kHandoffVersion);          // Version
  out.U32Le(0);                        // BootMode
  out.Zeros(4 * 8);                    // EfiMemoryTop … EfiFreeMemoryBottom
  out.U64Le(place->gpa + size_bytes);  // EfiEndOfHobList
  for (const TdMemory& memory : map) {
    WriteHeader(kResourceDescriptor, kResourceBytes, &out);
    out.Zeros(16);  // Owner
    out.U32Le(memory.is_added ? kSystemMemory : kMemoryUnaccepted);
    out.U32Le(kAttributes);        // ResourceAttribute
    out.U64Le(memory.gpa);         // PhysicalStart
    out.U64Le(memory.size_bytes);  // ResourceLength
  }
  return std::move(out).Take();
}

}  // namespace tally
