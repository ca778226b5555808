// A small firmware with everything that an SEV launch looks for.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

#include "common/bytes.h"
#include "formats/uuid.h"

namespace tally::test {

// OvmfSample says what MakeOvmf leaves out.
struct OvmfSample {
  bool has_metadata = true;
  bool has_kernel_hashes = true;
};

// MakeOvmf returns an image of two pages: SEC memory of three pages, secrets,
// CPUID, SVSM calling area and kernel hashes from 0x800000 on.
inline Bytes MakeOvmf(const OvmfSample& sample = {}) {
  constexpr uint64_t kImageBytes = 0x2000;
  const auto write_entry = [](ByteWriter& w, std::string_view guid,
                              const Bytes& data) {
    w.Raw(data).U16Le(static_cast<uint16_t>(data.size() + 18));
    w.Raw(GuidBytes(ParseUuid(guid).value()));
  };
  const auto u32s = [](std::initializer_list<uint32_t> values) {
    ByteWriter w;
    for (const uint32_t value : values) w.U32Le(value);
    return std::move(w).Take();
  };
  const uint32_t num_sections = sample.has_kernel_hashes ? 5 : 4;
  ByteWriter metadata;
  metadata.Text("ASEV").U32Le(16 + 12 * num_sections).U32Le(1);
  metadata.U32Le(num_sections);
  metadata.Raw(u32s({0x800000, 0x3000, 1, 0x803000, 0x1000, 2}));
  metadata.Raw(u32s({0x804000, 0x1000, 3, 0x805000, 0x1000, 4}));
  if (sample.has_kernel_hashes) metadata.Raw(u32s({0x806000, 0x1000, 0x10}));

  ByteWriter table;
  if (sample.has_kernel_hashes) {
    write_entry(table, "7255371f-3a3b-4b04-927b-1da6efa8d454",
                u32s({0x806c00, 0x400}));
  }
  if (sample.has_metadata) {
    write_entry(table, "dc886566-984a-4798-a75e-5585a7bf67cc",
                u32s({static_cast<uint32_t>(kImageBytes - 0x100)}));
  }
  write_entry(table, "00f771de-1a7e-4fcb-890e-68c77e2fb44e",
              u32s({0x0080b004}));
  table.U16Le(static_cast<uint16_t>(table.size() + 18));
  table.Raw(
      GuidBytes(ParseUuid("96b582de-1fb2-45f7-baea-a366c55a082d").value()));

  ByteWriter w;
  w.Text("firmware").ZerosUntil(0x100).Raw(metadata.bytes());
  w.ZerosUntil(kImageBytes - 32 - table.size()).Raw(table.bytes()).Zeros(32);
  return std::move(w).Take();
}

}  // namespace tally::test
